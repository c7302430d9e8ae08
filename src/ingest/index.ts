import { Hono } from "hono";
import type { Address } from "viem";
import type { Appended, Da, NewMessage, PendingGroup } from "../da/da.ts";
import { OverloadedError, ShareExceededError } from "../da/da.ts";
import { DatabaseUnavailableError } from "../da/index.ts";
import { errorText, type Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Projects } from "../project/types.ts";
import { acceptance, idempotencyKey, idOf, versionOf } from "./accept.ts";
import {
  assignmentsText,
  failure,
  faultsText,
  faultText,
  json,
  messageStates,
  parseUint,
  taskStates,
} from "./answers.ts";
import { type RateOptions, Rates } from "./rates.ts";
import { address } from "../protocol/schema.ts";
import { type AuthOptions, createAuth } from "./auth/index.ts";
import { type Issuer, maxCredentialBytes } from "./auth/issue.ts";
import { allowOrigins } from "./cors.ts";
import { blockNames } from "./block_names.ts";
import { BodyReader } from "./body.ts";
import { decodeMessage, decodeMessages, formOf } from "./decode.ts";
import { type EventsOptions, MessageEvents } from "./events.ts";
import { RequestError } from "./message.ts";
import { observe } from "./observe.ts";
import { messageReceiptAnswer, receiptAnswer } from "./receipt.ts";

type Group = Pick<PendingGroup, "projectId" | "version" | "group">;

export interface IngestLimits {
  /** Most messages of one `POST /messages`. */
  readonly batchMessages?: number;
  /** Bytes of all bodies that are being read together. */
  readonly readingBytes?: number;
  /** Seconds until a request's body must be there. */
  readonly bodySeconds?: number;
}

export interface IngestDeps {
  readonly da: Pick<Da, "messages" | "tasks" | "signed" | "evidence">;
  readonly projects: Pick<Projects, "get" | "version">;
  /** Largest body of one request. */
  readonly maxBodyBytes: number;
  readonly limits?: IngestLimits;
  /** What `GET /enode_config` says. */
  readonly identity: {
    readonly projectContract: Address | "";
    readonly operator: Address;
    readonly solanaOperator: string | undefined;
  };
  readonly auth?: AuthOptions;
  readonly events?: Omit<EventsOptions, "status">;
  /** Origins whose pages may use the API in a browser; "*": any. Default none. */
  readonly corsOrigins?: readonly string[];
  /** What the operator allows any project. */
  readonly rates?: RateOptions;
  /** Signs credentials of senders; undefined: the route is not offered. */
  readonly issuer?: Issuer | undefined;
  /** Why messages of a group can't be packed, if they can't. */
  readonly problemOf?: (group: Group) => string | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Ingest {
  /** The routes, to mount beside others. */
  readonly app: Hono;
  fetch(request: Request): Response | Promise<Response>;
  /** Refuses new messages from now on; settles when those that are being stored are answered. */
  drain(): Promise<void>;
}

/** The HTTP API of the original's http_plugin and enode, over one port. */
export function createIngest(deps: IngestDeps): Ingest {
  const { da, log, metrics, identity, limits = {} } = deps;
  const bodyLimits = { bytes: deps.maxBodyBytes, seconds: limits.bodySeconds ?? 30 };
  const batchMessages = limits.batchMessages ?? 1000;
  const bodies = new BodyReader(limits.readingBytes ?? 64 * 1024 * 1024);
  const app = new Hono();
  if (deps.corsOrigins?.length) app.use(allowOrigins(deps.corsOrigins));
  let running = 0;
  let draining: PromiseWithResolvers<void> | undefined;

  const { count, countRefused, timer } = observe(metrics);
  const auth = createAuth(deps.auth);
  const accept = acceptance(auth, new Rates(deps.rates));
  const blockName = blockNames(da.signed);

  /** Times the work, and turns what it throws into an answer. */
  const route = (
    name: string,
    work: (request: Request, ...path: string[]) => Promise<Response>,
  ) => {
    const time = timer(name);
    return async (request: Request, ...path: string[]): Promise<Response> => {
      const started = performance.now();
      running++;
      let response: Response;
      try {
        response = await work(request, ...path);
      } catch (error) {
        response = refusal(error, log, name);
      } finally {
        running--;
        if (running === 0) draining?.resolve();
      }
      time(response.status, performance.now() - started);
      return response;
    };
  };

  const postMessage = route("POST /message", async (request) => {
    if (draining) throw new OverloadedError(5);
    let known: bigint | undefined;
    try {
      const form = formOf(request);
      const parsed = decodeMessage(await bodies.read(request, bodyLimits, form), form);
      const version = versionOf(deps.projects, parsed);
      known = version.projectId;
      const message = await accept(request, parsed, version, idempotencyKey(request));
      const id = idOf(await da.messages.append(message));
      if (id instanceof RequestError) throw id;
      count(known, id.duplicate ? "duplicate" : "accepted");
      return json(200, `{"messageID":"${id.id}"}`);
    } catch (error) {
      count(known, resultOf(error));
      countRefused(known, error);
      throw error;
    }
  });

  const postMessages = route("POST /messages", async (request) => {
    if (draining) throw new OverloadedError(5);
    const key = idempotencyKey(request);
    const form = formOf(request);
    const body = await bodies.read(request, bodyLimits, form);
    const parsed = decodeMessages(body, form, batchMessages);
    const prepared = await Promise.all(parsed.map(async (item, i) => {
      let known: bigint | undefined;
      try {
        if (item instanceof RequestError) throw item;
        const version = versionOf(deps.projects, item);
        known = version.projectId;
        return await accept(request, item, version, key && `${key}/${i}`);
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        countRefused(known, error);
        return error;
      }
    }));
    const good = prepared.filter((item): item is NewMessage => !(item instanceof RequestError));
    const appended = (await da.messages.appendMany(good)).values();
    const results = prepared.map((item) =>
      item instanceof RequestError ? item : idOf(appended.next().value as Appended)
    );
    results.forEach((result, i) => {
      const item = prepared[i];
      const known = item instanceof RequestError ? undefined : item?.projectId;
      const refused = result instanceof RequestError;
      count(known, refused ? "refused" : result.duplicate ? "duplicate" : "accepted");
    });
    const errors = results.filter((result) => result instanceof RequestError);
    const status = errors.length === 0
      ? 200
      : errors.length < results.length
      ? 207
      : errors.every((error) => error.status === errors[0]?.status)
      ? errors[0]?.status ?? 400
      : 400;
    return json(
      status,
      JSON.stringify({
        messages: results.map((result) =>
          result instanceof RequestError
            ? { error: result.message, status: result.status }
            : { messageID: result.id }
        ),
      }),
    );
  });

  const getMessage = route("GET /message/:id", async (_, id = "") => {
    const status = await da.messages.status(id);
    const waits = status && !status.task ? waitsFor(deps, status) : undefined;
    const states = status ? messageStates(status.receivedAt, status.states, waits) : null;
    return json(200, JSON.stringify({ messageID: id, states }));
  });

  const events = new MessageEvents({ status: (id) => da.messages.status(id), ...deps.events });
  const getEvents = route(
    "GET /message/:id/events",
    (request, id = "") => events.open(request, id),
  );

  const getTask = route("GET /task/:project_id/:task_id", async (request, project, text) => {
    const [projectId, task] = [uint(project ?? ""), taskId(text ?? "")];
    await checkReader(request, projectId);
    const status = await da.tasks.status(projectId, task);
    // Numbers go beyond what a JavaScript number holds, so they are written as text.
    const number = status?.serial ?? (typeof task === "bigint" ? task : "null");
    const hash = status ? `,"taskHash":"${status.taskId}"` : "";
    const name = status && !status.purged ? await blockName(status.taskId) : undefined;
    const block = name ? `,"block":"${name}"` : "";
    const states = JSON.stringify(status ? taskStates(status.states) : null);
    return json(
      200,
      `{"taskID":${number},"projectID":${projectId},"states":${states}${hash}${block}}`,
    );
  });

  /** Who shows a token must have a good one, as in the original; who shows none reads too. */
  const checkReader = async (request: Request, projectId: bigint) => {
    const project = deps.projects.get(projectId);
    const version = project?.versions.get(project.defaultVersion);
    if (!version?.auth) return;
    try {
      await auth.bearer(request, version);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      throw new RequestError(401, `failed to request verification: ${error.message}`);
    }
  };

  const getAssignments = route(
    "GET /task/:project_id/:task_id/assignments",
    async (_, project = "", text = "") => {
      const [projectId, task] = [uint(project), taskId(text)];
      const status = await da.tasks.status(projectId, task);
      const record = status && await da.tasks.get(status.taskId);
      if (!record) return failure(404, `project ${projectId} has no such task here`);
      return json(200, assignmentsText(record, await da.tasks.assignments(record.taskId)));
    },
  );

  const getReceipt = route(
    "GET /task/:project_id/:task_id/receipt",
    async (_, project = "", text = "") => {
      const status = await da.tasks.status(uint(project), taskId(text));
      const proved = status && await da.tasks.receipt(status.taskId);
      if (!proved) return failure(404, `project ${uint(project)} has no such proved task here`);
      return receiptAnswer(status.taskId, proved);
    },
  );

  const getMessageReceipt = route(
    "GET /message/:id/receipt",
    async (_, id = "") => await messageReceiptAnswer(da, id),
  );

  const getFaults = route("GET /faults", async (request) => {
    const query = new URL(request.url).searchParams;
    const [prover, before] = [query.get("prover"), query.get("before")];
    const parsed = address.safeParse(prover ?? undefined);
    if (prover !== null && !parsed.success) throw new RequestError(400, "prover: not an address");
    const faults = await da.evidence.list({
      ...(parsed.success ? { prover: parsed.data } : {}),
      ...(before === null ? {} : { before: faultId(before) }),
      limit: faultsTogether,
    });
    return json(200, faultsText(faults));
  });

  const getFault = route("GET /faults/:id", async (_, id = "") => {
    const stored = await da.evidence.get(faultId(id));
    return stored ? json(200, faultText(stored)) : failure(404, `there is no fault ${id} here`);
  });

  const postCredential = route("POST /sign_credential", async (request) => {
    if (!deps.issuer) {
      return failure(404, "this enode signs no credentials; CREDENTIAL_PRIVATE_KEY is not set");
    }
    const body = await bodies.text(request, { ...bodyLimits, bytes: maxCredentialBytes });
    return json(
      200,
      JSON.stringify({ verifiableCredential: await deps.issuer.sign(request, body) }),
    );
  });

  app.post("/sign_credential", (c) => postCredential(c.req.raw));
  app.get("/faults", (c) => getFaults(c.req.raw));
  app.get("/faults/:id", (c) => getFault(c.req.raw, c.req.param("id")));
  app.post("/message", (c) => postMessage(c.req.raw));
  app.post("/messages", (c) => postMessages(c.req.raw));
  app.post("/message/", (c) => c.redirect("/message", 307));
  app.get("/message/:id/events", (c) => getEvents(c.req.raw, c.req.param("id")));
  app.get("/message/:id/receipt", (c) => getMessageReceipt(c.req.raw, c.req.param("id")));
  app.get("/message/:id", (c) => getMessage(c.req.raw, c.req.param("id")));
  app.get(
    "/task/:project_id/:task_id",
    (c) => getTask(c.req.raw, c.req.param("project_id"), c.req.param("task_id")),
  );
  app.get(
    "/task/:project_id/:task_id/assignments",
    (c) => getAssignments(c.req.raw, c.req.param("project_id"), c.req.param("task_id")),
  );
  app.get(
    "/task/:project_id/:task_id/receipt",
    (c) => getReceipt(c.req.raw, c.req.param("project_id"), c.req.param("task_id")),
  );
  app.get(
    "/live",
    () => draining ? json(503, `{"status":"draining"}`) : json(200, `{"status":"up"}`),
  );
  app.get("/metrics", async () => {
    const headers = { "content-type": metrics.registry.contentType };
    return new Response(await metrics.registry.metrics(), { headers });
  });
  app.get("/enode_config", () =>
    json(
      200,
      JSON.stringify({
        projectContractAddress: identity.projectContract,
        OperatorETHAddress: identity.operator,
        operatorSolanaAddress: identity.solanaOperator,
        credentialIssuer: deps.issuer?.did,
      }),
    ));
  app.notFound(() => new Response("404 page not found", { status: 404 }));
  app.onError((error) => refusal(error, log, "other"));

  return {
    app,
    fetch: (request) => app.fetch(request),
    drain() {
      draining ??= Promise.withResolvers();
      events.close();
      if (running === 0) draining.resolve();
      return draining.promise;
    },
  };
}

/** Why a message is not packed, beside its project's rule. */
function waitsFor({ projects, problemOf }: IngestDeps, group: Group): string | undefined {
  const project = projects.get(group.projectId);
  if (!project) return `project ${group.projectId} is not served here`;
  if (project.paused) return project.problem ?? `project ${group.projectId} is paused`;
  if (!project.versions.has(group.version)) return project.problem;
  return problemOf?.(group);
}

/** Faults of one answer. */
const faultsTogether = 100;

function uint(text: string): bigint {
  try {
    return parseUint(text);
  } catch (error) {
    throw new RequestError(400, (error as Error).message);
  }
}

/** @throws {RequestError} for what can't be the number of one */
function faultId(text: string): bigint {
  const id = uint(text);
  if (id >= 1n << 63n) throw new RequestError(400, "a fault's number is below 2^63");
  return id;
}

const taskId = (text: string): bigint | `0x${string}` =>
  /^0x[0-9a-fA-F]{64}$/.test(text) ? text.toLowerCase() as `0x${string}` : uint(text);

function resultOf(error: unknown): string {
  if (error instanceof RequestError) return "refused";
  return error instanceof OverloadedError ? "overloaded" : "failed";
}

function refusal(error: unknown, log: Log, route: string): Response {
  if (error instanceof RequestError) {
    // What is left of the body is not worth reading.
    const close = error.status === 413 || error.status === 408;
    return failure(error.status, error.message, {
      ...(close ? { connection: "close" } : {}),
      ...(error.status === 401 ? { "www-authenticate": "Bearer" } : {}),
      ...(error.status === 429 || error.status === 503
        ? { "retry-after": String(error.retryAfterSeconds) }
        : {}),
    });
  }
  if (error instanceof OverloadedError) {
    const status = error instanceof ShareExceededError ? 429 : 503;
    return failure(status, error.message, { "retry-after": String(error.retryAfterSeconds) });
  }
  if (error instanceof DatabaseUnavailableError) {
    log.warn({ route, reason: errorText(error.cause) }, "the database is not available");
    return failure(503, error.message, { "retry-after": "1" });
  }
  log.error({ route, reason: errorText(error) }, "request failed");
  return failure(500, "internal error");
}
