/** Routes that tell what is stored. */
import type { Hono } from "hono";
import { address } from "../protocol/schema.ts";
import {
  assignmentsText,
  failure,
  faultsText,
  faultText,
  json,
  messageStates,
  taskStates,
} from "./answers.ts";
import type { Auth } from "./auth/index.ts";
import { blockNames } from "./block_names.ts";
import type { IngestDeps, Route } from "./index.ts";
import { RequestError } from "./message.ts";
import { entryId as faultId, taskId, uint } from "./path.ts";
import { messageReceiptAnswer, receiptAnswer } from "./receipt.ts";

export function readRoutes(app: Hono, deps: IngestDeps, route: Route, auth: Auth): void {
  const { da, heldUpBy } = deps;
  const blockName = blockNames(da.signed);

  const getMessage = route("GET /message/:id", async (_, id = "") => {
    const status = await da.messages.status(id);
    const taskId = status?.task?.taskId;
    const waits = taskId ? heldUpBy?.(taskId) : status && waitsFor(deps, status);
    const states = status ? messageStates(status.receivedAt, status.states, waits) : null;
    return json(200, JSON.stringify({ messageID: id, states }));
  });

  const getTask = route("GET /task/:project_id/:task_id", async (request, project, text) => {
    const [projectId, task] = [uint(project ?? ""), taskId(text ?? "")];
    await checkReader(request, projectId);
    const status = await da.tasks.status(projectId, task);
    // Numbers go beyond what a JavaScript number holds, so they are written as text.
    const number = status?.serial ?? (typeof task === "bigint" ? task : "null");
    const hash = status ? `,"taskHash":"${status.taskId}"` : "";
    const name = status && !status.purged ? await blockName(status.taskId) : undefined;
    const block = name ? `,"block":"${name}"` : "";
    const states = JSON.stringify(
      status ? taskStates(status.states, heldUpBy?.(status.taskId)) : null,
    );
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
      return receiptAnswer(status.taskId, proved, deps.projects);
    },
  );

  const getMessageReceipt = route(
    "GET /message/:id/receipt",
    async (_, id = "") => await messageReceiptAnswer(da, deps.projects, id),
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

  app.get("/faults", (c) => getFaults(c.req.raw));
  app.get("/faults/:id", (c) => getFault(c.req.raw, c.req.param("id")));
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
}

type Group = Parameters<NonNullable<IngestDeps["problemOf"]>>[0];

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
