import { Hono } from "hono";
import type { Address, Hex } from "viem";
import type { Appended, Da, NewMessage, PendingGroup } from "../da/da.ts";
import { OverloadedError } from "../da/da.ts";
import { type DashboardDeps, overviewRoutes } from "../dashboard/routes.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Projects } from "../project/types.ts";
import type { Tracing } from "../tracing.ts";
import { readyAnswer, type Unready } from "../ready.ts";
import { acceptance, idempotencyKey, idOf, versionOf } from "./accept.ts";
import { failure, json } from "./answers.ts";
import { type RateOptions, Rates } from "./rates.ts";
import { programRoutes } from "./programs.ts";
import { readRoutes } from "./reads.ts";
import { openApi } from "./reference/openapi.ts";
import { referencePage } from "./reference/page.ts";
import { refusal } from "./refusal.ts";
import { type AuthOptions, createAuth } from "./auth/index.ts";
import { type Issuer, maxCredentialBytes } from "./auth/issue.ts";
import { allowOrigins } from "./cors.ts";
import { BodyReader } from "./body.ts";
import { decodeMessage, decodeMessages, formOf } from "./decode.ts";
import { type EventsOptions, MessageEvents } from "./events.ts";
import { type MessageRequest, RequestError } from "./message.ts";
import { operateRoutes, type Operating } from "./operate.ts";
import { observe, tracer } from "./observe.ts";

export interface IngestLimits {
  /** Most messages of one `POST /messages`. */
  readonly batchMessages?: number;
  /** Bytes of all bodies that are being read together. */
  readonly readingBytes?: number;
  /** Seconds until a request's body must be there. */
  readonly bodySeconds?: number;
}

export interface IngestDeps {
  readonly da: Pick<Da, "messages" | "tasks" | "signed" | "evidence" | "views">;
  readonly projects: Pick<Projects, "get" | "list" | "version" | "canOperate">;
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
  /** Has dead outputs tried again; undefined: the route is not offered. */
  readonly operating?: Operating;
  /** What is missing for `/ready`. Default nothing. */
  readonly unready?: () => Promise<Unready>;
  /** And without what it still answers well. */
  readonly degraded?: () => Promise<Unready>;
  /** Why messages of a group can't be packed, if they can't. */
  readonly problemOf?: (
    group: Pick<PendingGroup, "projectId" | "version" | "group">,
  ) => string | undefined;
  /** What a task is held up by, if anything is known here. */
  readonly heldUpBy?: (taskId: Hex) => string | undefined;
  /** What the dashboard tells beside what is stored. */
  readonly dashboard?: DashboardDeps;
  readonly tracing?: Tracing | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Ingest {
  /** The routes, to mount beside others. */
  readonly app: Hono;
  fetch(request: Request): Response | Promise<Response>;
  /**
   * Takes a message that a source brought, by the rules and limits of `POST /message`; resolves
   * once it is durable.
   * @throws {RequestError} when it is refused
   * @throws {OverloadedError} when it should be brought again
   * @throws {DatabaseUnavailableError} when it should be brought again, or is stored already
   */
  readonly take: Take;
  /** Refuses new messages from now on; settles when those that are being stored are answered. */
  drain(): Promise<void>;
}

/**
 * `read` gives the message and `keyOf` its idempotency key; either may throw a `RequestError`.
 * `turn` is awaited right before the message is stored, so that messages can be in their order.
 */
export type Take = (
  read: () => MessageRequest,
  keyOf: () => string | undefined,
  turn?: () => Promise<void>,
) => Promise<{ readonly id: string; readonly duplicate: boolean }>;

type Work = (request: Request, ...path: string[]) => Promise<Response>;
/** Makes a handler of a route's work. */
export type Route = (name: string, work: Work) => Work;

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
  const traced = tracer(deps.tracing);
  const auth = createAuth(deps.auth);
  const accept = acceptance(auth, new Rates(deps.rates));

  /** Times the work, and turns what it throws into an answer. */
  const route: Route = (name, work) => {
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

  const store = async (
    request: Request | undefined,
    read: () => MessageRequest | Promise<MessageRequest>,
    keyOf: () => string | undefined,
    turn?: () => Promise<void>,
  ): Promise<{ readonly id: string; readonly duplicate: boolean }> => {
    if (draining) throw new OverloadedError(5);
    const trace = traced?.();
    let known: bigint | undefined;
    try {
      const parsed = await read();
      const version = versionOf(deps.projects, parsed);
      known = version.projectId;
      const message = await accept(request, parsed, version, keyOf());
      await turn?.();
      const id = idOf(await da.messages.append(message));
      if (id instanceof RequestError) throw id;
      count(known, id.duplicate ? "duplicate" : "accepted");
      if (!id.duplicate) trace?.(known, id.id);
      return id;
    } catch (error) {
      count(known, resultOf(error));
      countRefused(known, error);
      throw error;
    }
  };

  const postMessage = route("POST /message", async (request) => {
    const read = async () => {
      const form = formOf(request);
      return decodeMessage(await bodies.read(request, bodyLimits, form), form);
    };
    const { id } = await store(request, read, () => idempotencyKey(request));
    return json(200, `{"messageID":"${id}"}`);
  });

  const postMessages = route("POST /messages", async (request) => {
    if (draining) throw new OverloadedError(5);
    const trace = traced?.();
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
      if (result instanceof RequestError) return count(known, "refused");
      count(known, result.duplicate ? "duplicate" : "accepted");
      if (known !== undefined && !result.duplicate) trace?.(known, result.id);
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

  const events = new MessageEvents({ status: (id) => da.messages.status(id), ...deps.events });
  const getEvents = route(
    "GET /message/:id/events",
    (request, id = "") => events.open(request, id),
  );

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
  app.post("/message", (c) => postMessage(c.req.raw));
  app.post("/messages", (c) => postMessages(c.req.raw));
  app.post("/message/", (c) => c.redirect("/message", 307));
  readRoutes(app, deps, route, auth);
  operateRoutes(app, deps, route, bodies);
  programRoutes(app, deps, route);
  const endOverviews = overviewRoutes(app, deps, route);
  app.get("/message/:id/events", (c) => getEvents(c.req.raw, c.req.param("id")));
  app.get(
    "/live",
    () => draining ? json(503, `{"status":"draining"}`) : json(200, `{"status":"up"}`),
  );
  app.get("/ready", async () => {
    const missing = draining ? { node: "it is about to stop" } : await deps.unready?.() ?? {};
    return json(...readyAnswer(missing, await deps.degraded?.()));
  });
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
  const document = remembered(() => JSON.stringify(openApi()));
  app.get("/openapi.json", () => json(200, document()));
  const page = remembered(referencePage);
  app.get("/reference", (c) => c.html(page()));
  app.notFound(() => new Response("404 page not found", { status: 404 }));
  app.onError((error) => refusal(error, log, "other"));

  return {
    app,
    fetch: (request) => app.fetch(request),
    async take(read, keyOf, turn) {
      running++;
      try {
        return await store(undefined, read, keyOf, turn);
      } finally {
        running--;
        if (running === 0) draining?.resolve();
      }
    },
    drain() {
      draining ??= Promise.withResolvers();
      events.close();
      endOverviews();
      if (running === 0) draining.resolve();
      return draining.promise;
    },
  };
}

function resultOf(error: unknown): string {
  if (error instanceof RequestError) return "refused";
  return error instanceof OverloadedError ? "overloaded" : "failed";
}

/** A value that is made when it is first asked for. */
function remembered<T>(make: () => T): () => T {
  let value: T | undefined;
  return () => value ??= make();
}
