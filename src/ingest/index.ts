import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Address } from "viem";
import {
  type Appended,
  type Da,
  type NewMessage,
  OverloadedError,
  type StateEntry,
} from "../da/da.ts";
import { errorText, type Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Projects } from "../project/types.ts";
import { BodyError, type MessageRequest, parseJson, parseMessage } from "./body.ts";
import { senderOf } from "./sender.ts";

export interface IngestDeps {
  readonly da: Pick<Da, "messages" | "tasks">;
  readonly projects: Projects;
  /** Largest request body, bytes. */
  readonly maxBodyBytes: number;
  /** What `GET /enode_config` says. */
  readonly identity: {
    readonly projectContract: Address | "";
    readonly operator: Address;
    readonly solanaOperator: string | undefined;
  };
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Most messages of one `POST /messages`. */
const maxBatch = 1000;

/** The enode's HTTP API: the original's routes, and `POST /messages`, `GET /metrics`. */
export function createIngest(deps: IngestDeps): Hono {
  const { da, metrics, identity } = deps;
  const app = new Hono();
  const limit = bodyLimit({
    maxSize: deps.maxBodyBytes,
    onError: (c) => c.json({ error: `the body is larger than ${deps.maxBodyBytes} bytes` }, 413),
  });

  app.use(async (c, next) => {
    const began = performance.now();
    await next();
    const { routePath } = c.req;
    const seconds = (performance.now() - began) / 1000;
    metrics.httpSeconds.observe({ route: routePath, status: String(c.res.status) }, seconds);
  });
  app.onError((error, c) => answerError(error, c, deps.log));
  app.notFound((c) => c.json({ error: "404 page not found" }, 404));

  app.get("/live", (c) => c.json({ status: "up" }));
  app.get("/metrics", async (c) =>
    c.text(await metrics.registry.metrics(), 200, {
      "content-type": metrics.registry.contentType,
    }));
  app.get("/enode_config", (c) =>
    c.json({
      projectContractAddress: identity.projectContract,
      OperatorETHAddress: identity.operator,
      ...(identity.solanaOperator ? { operatorSolanaAddress: identity.solanaOperator } : {}),
    }));

  app.post("/message", limit, async (c) => {
    const request = parseMessage(parseJson(await c.req.text()));
    const message = await accept(deps, request, c.req.header("idempotency-key"));
    const appended = await da.messages.append(message);
    count(deps, message, appended);
    if ("error" in appended) return c.json({ error: appended.error }, 400);
    return c.json({ messageID: appended.id });
  });

  app.post("/messages", limit, async (c) => {
    const list = parseJson(await c.req.text());
    if (!Array.isArray(list)) throw new BodyError("the body must be a list of messages");
    if (list.length > maxBatch) throw new BodyError(`at most ${maxBatch} messages at once`);
    const answers: ({ messageID: string } | { error: string })[] = [];
    const accepted: { index: number; message: NewMessage }[] = [];
    for (const [index, item] of list.entries()) {
      try {
        accepted.push({ index, message: await accept(deps, parseMessage(item), undefined) });
      } catch (error) {
        if (!(error instanceof BodyError || error instanceof UnknownProjectError)) throw error;
        answers[index] = { error: error.message };
      }
    }
    const appended = await da.messages.appendMany(accepted.map(({ message }) => message));
    for (const [i, { index, message }] of accepted.entries()) {
      const result = appended[i] as Appended;
      count(deps, message, result);
      answers[index] = "error" in result ? { error: result.error } : { messageID: result.id };
    }
    return c.json({ messages: answers });
  });

  app.get("/message/:id", async (c) => {
    const messageID = c.req.param("id");
    const status = await da.messages.status(messageID);
    return c.json({ messageID, states: status ? shown(status.states) : null });
  });

  app.get("/task/:project_id/:task_id", async (c) => {
    const projectID = parseUint(c.req.param("project_id"));
    const text = c.req.param("task_id");
    const id = /^0x[0-9a-fA-F]{64}$/.test(text)
      ? text.toLowerCase() as `0x${string}`
      : parseUint(text);
    const status = await da.tasks.status(projectID, id);
    return c.json({
      taskID: status ? Number(status.serial) : typeof id === "bigint" ? Number(id) : id,
      projectID: Number(projectID),
      ...(status ? { taskHash: status.taskId } : {}),
      states: status ? shown(status.states) : null,
    });
  });
  return app;
}

/** Answered with 404, in the original's words. */
class UnknownProjectError extends Error {
  constructor(projectId: bigint, version: string) {
    super(`project config not exist, projectID ${projectId}, version ${version}`);
  }
}

/** Answered with 403. */
class PausedError extends BodyError {
  constructor(projectId: bigint) {
    super(`project ${projectId} is paused and takes no messages`);
  }
}

async function accept(
  deps: IngestDeps,
  request: MessageRequest,
  idempotencyKey: string | undefined,
): Promise<NewMessage> {
  const { projectID: projectId, projectVersion: version } = request;
  const config = deps.projects.version(projectId, version);
  if (!config) {
    deps.metrics.messages.inc({ project: "unknown", result: "refused" });
    throw new UnknownProjectError(projectId, version);
  }
  if (deps.projects.get(projectId)?.paused) throw new PausedError(projectId);
  if (idempotencyKey !== undefined && (idempotencyKey === "" || idempotencyKey.length > 256)) {
    throw new BodyError("Idempotency-Key must have from 1 to 256 characters");
  }
  const clientId = await senderOf(request);
  return {
    projectId,
    version,
    clientId,
    data: new TextEncoder().encode(request.data),
    idempotencyKey,
    group: config.packing.groupBy === "device" ? clientId : "",
  };
}

function count({ metrics }: IngestDeps, { projectId }: NewMessage, appended: Appended): void {
  const result = "error" in appended ? "refused" : appended.duplicate ? "duplicate" : "accepted";
  metrics.messages.inc({ project: `${projectId}`, result });
}

function answerError(error: unknown, c: Context, log: Log): Response {
  if (error instanceof PausedError) return c.json({ error: error.message }, 403);
  if (error instanceof BodyError) return c.json({ error: error.message }, error.status);
  if (error instanceof UnknownProjectError) return c.json({ error: error.message }, 404);
  if (error instanceof OverloadedError) {
    c.header("Retry-After", `${Math.ceil(error.retryAfterSeconds)}`);
    return c.json({ error: "overloaded: send it again later" }, 503);
  }
  log.error(`request failed: ${errorText(error)}`);
  c.header("Retry-After", "5");
  return c.json({ error: "the message store is not available: send it again later" }, 503);
}

/** @throws {BodyError} in the words of Go's strconv */
function parseUint(text: string): bigint {
  if (!/^\d+$/.test(text)) {
    throw new BodyError(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  const value = BigInt(text);
  if (value >= 1n << 64n) {
    throw new BodyError(`strconv.ParseUint: parsing ${JSON.stringify(text)}: value out of range`);
  }
  return value;
}

function shown(states: readonly StateEntry[]) {
  return states.map(({ state, at, comment, result }) => ({
    state,
    time: new Date(at).toISOString(),
    comment,
    result,
  }));
}
