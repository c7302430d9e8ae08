/** Routes about outputs that ended dead: what there is, and having them tried again. */
import type { Hono } from "hono";
import type { Address, Hex } from "viem";
import type { Retried } from "../dispatch/index.ts";
import { retrySigner, retryWindow } from "../protocol/retry.ts";
import { describeIssue } from "../protocol/schema.ts";
import { deadOutputsText, failure, json } from "./answers.ts";
import { refused } from "./auth/refused.ts";
import type { BodyReader } from "./body.ts";
import type { IngestDeps, Route } from "./index.ts";
import { RequestError } from "./message.ts";
import { entryId, taskId, uint } from "./path.ts";
import { retrySchema } from "./schema.ts";
import { bearerOf, checkToken } from "./token.ts";

export interface Operating {
  retry(taskId: Hex, output: number | undefined, by: string): Promise<Retried>;
  /** Whether the account may operate the project. */
  canOperate(projectId: bigint, account: Address): Promise<boolean>;
  /** OPERATOR_TOKEN of this enode. */
  readonly token: string | undefined;
}

/** Dead outputs of one answer. */
const together = 100;
const bodyLimits = { bytes: 4096, seconds: 30 };

export function operateRoutes(app: Hono, deps: IngestDeps, route: Route, bodies: BodyReader): void {
  const { da, operating } = deps;

  const getDead = route("GET /dead_outputs", async (request) => {
    const query = new URL(request.url).searchParams;
    const [project, before] = [query.get("project"), query.get("before")];
    const found = await da.tasks.deadOutputs({
      ...(project === null ? {} : { projectId: entryId(project) }),
      ...(before === null ? {} : { before: entryId(before) }),
      limit: together,
    });
    return json(200, deadOutputsText(found));
  });

  const postRetry = route("POST /task/:project_id/:task_id/retry", async (
    request,
    project = "",
    text = "",
  ) => {
    const [projectId, task] = [uint(project), taskId(text)];
    const body = read(await bodies.text(request, bodyLimits));
    if (!operating) return failure(404, "this enode dispatches nothing");
    // Nothing is looked up for who shows nothing.
    if (bearerOf(request) === undefined && body.signature === undefined) {
      throw refused("missing", "show OPERATOR_TOKEN as bearer, or a signature of an operator's");
    }
    if (body.signature === undefined) bearer(request, operating.token);
    const status = await da.tasks.status(projectId, task);
    if (!status) return failure(404, `project ${projectId} has no such task here`);
    const by = body.signature === undefined
      ? "the enode's operator"
      : await signer(operating, status, body);
    const retried = await operating.retry(status.taskId, body.output, by);
    if ("refused" in retried) return failure(409, `the task can't be retried: ${retried.refused}`);
    return json(200, JSON.stringify({ taskHash: status.taskId, retried: retried.outputs }));
  });

  app.get("/dead_outputs", (c) => getDead(c.req.raw));
  app.post(
    "/task/:project_id/:task_id/retry",
    (c) => postRetry(c.req.raw, c.req.param("project_id"), c.req.param("task_id")),
  );
}

function bearer(request: Request, token: string | undefined): void {
  if (token === undefined) {
    throw refused("key", "Authorization: this enode has no OPERATOR_TOKEN; sign the request");
  }
  checkToken(request, token);
}

/** @throws {RequestError} unless one signed it, lately, who may operate the project */
async function signer(
  { canOperate }: Operating,
  { taskId, projectId }: { readonly taskId: Hex; readonly projectId: bigint },
  { output, time = 0, signature = "0x" }: Body,
): Promise<Address> {
  const off = time - Date.now() / 1000;
  if (Math.abs(off) > retryWindow) {
    const which = off < 0 ? "expired" : "not-yet";
    throw refused(which, `time: is more than ${retryWindow} s from the enode's clock; sign again`);
  }
  const account = retrySigner({ taskId, output, time }, signature);
  if (!account) throw refused("signature", "signature: is none of these fields");
  if (!await canOperate(projectId, account)) {
    throw refused("project", `signature: ${account} may not operate project ${projectId}`);
  }
  return account;
}

type Body = ReturnType<typeof read>;

function read(text: string) {
  let body: unknown = {};
  try {
    if (text !== "") body = JSON.parse(text);
  } catch {
    throw new RequestError(400, "the body must be JSON");
  }
  const parsed = retrySchema.safeParse(body);
  if (!parsed.success) throw new RequestError(400, describeIssue(parsed.error));
  return { ...parsed.data, signature: parsed.data.signature as Hex | undefined };
}
