/**
 * What the dashboard asks: `/overview` and below. Everybody may: what is private is not in it, and
 * who shows the operator's token sees more.
 */
import type { Hono } from "hono";
import { z } from "zod";
import { type Da, pageRows, taskStates } from "../da/da.ts";
import { failure, json } from "../ingest/answers.ts";
import type { Route } from "../ingest/index.ts";
import { RequestError } from "../ingest/message.ts";
import { entryId, taskId } from "../ingest/path.ts";
import { showsToken } from "../ingest/token.ts";
import type { Metrics } from "../metrics.ts";
import type { Project, Projects } from "../project/types.ts";
import type { Unready } from "../ready.ts";
import { listedTask, proofTimes, taskAnswer, timeOf } from "./answers.ts";
import type * as schema from "./schema.ts";
import { Shared } from "./shared.ts";
import { SummaryStream } from "./stream.ts";
import { Summaries, type Summary } from "./summary.ts";
import { znodesAnswer, type ZnodeSources } from "./znodes.ts";

export interface DashboardDeps {
  /** What an operator shows; undefined: nobody is one. */
  readonly operatorToken?: string | undefined;
  readonly znodes?: ZnodeSources;
  /** Znodes linked to this enode, and the leases they have. */
  readonly dispatch?: () => { readonly peers: number; readonly leases: number };
  readonly streams?: { readonly listeners?: number; readonly everyMs?: number };
}

export interface OverviewDeps {
  readonly da: Pick<Da, "messages" | "views">;
  readonly projects: Pick<Projects, "list">;
  readonly metrics: Metrics;
  readonly unready?: () => Promise<Unready>;
  readonly degraded?: () => Promise<Unready>;
  readonly heldUpBy?: (taskId: `0x${string}`) => string | undefined;
  readonly dashboard?: DashboardDeps;
}

/** How long answers are shared, ms: lists are asked for each time that counts change. */
const [listMs, slowMs] = [1_000, 10_000];
const mostProjects = 500;
const uuid = z.uuid();

const noZnodes: ZnodeSources = {
  staked: () => undefined,
  linked: () => [],
  conduct: () => ({ score: 0, barred: undefined }),
};

/** @returns what ends the streams */
export function overviewRoutes(app: Hono, deps: OverviewDeps, route: Route): () => void {
  const { da, metrics, dashboard = {} } = deps;
  const { operatorToken, znodes = noZnodes } = dashboard;
  const lists = new Shared(listMs), slow = new Shared(slowMs);
  const summaries = new Summaries({
    ...{ da, metrics },
    unready: deps.unready,
    degraded: deps.degraded,
    dispatch: dashboard.dispatch,
  });
  const summary = () => lists.get("summary", () => summaries.next());
  const stream = new SummaryStream({
    next: summary,
    // Who is told of a change, and asks for lists, must not get those of before it.
    onChange: () => lists.forget(),
    ...dashboard.streams,
  });
  const isOperator = (request: Request) => showsToken(request, operatorToken);
  const told = (of: Summary, operator: boolean): schema.Overview => ({
    ...of,
    operator: operator ? "shown" : operatorToken === undefined ? "off" : "asked",
  });
  /** The newest proofs, which are most of what a look costs. */
  const proofs = () => slow.get("proofs", () => da.views.proofs());

  /** A route for everybody; `operator` says whether the token was shown. */
  const view = (
    name: string,
    answer: (query: URLSearchParams, operator: boolean, part: string) => Promise<object>,
  ) =>
    route(`GET ${name}`, async (request, part = "") => {
      const operator = isOperator(request);
      const body = await answer(new URL(request.url).searchParams, operator, part);
      if (body instanceof Response) return body;
      return json(200, JSON.stringify(body), {
        "cache-control": "no-store",
        vary: "authorization",
      });
    });

  const getOverview = view("/overview", async (_, operator) => told(await summary(), operator));

  const getEvents = route("GET /overview/events", () => Promise.resolve(stream.open()));

  const getTasks = view("/overview/tasks", async (query): Promise<schema.Tasks> => {
    const state = parameter(query, "state", (text) => {
      const found = taskStates.find((name) => name === text);
      if (!found) throw new RequestError(400, `state: one of ${taskStates.join(", ")}`);
      return found;
    });
    const projectId = parameter(query, "project", entryId);
    const before = parameter(query, "before", entryId);
    return await lists.get(`tasks ${projectId} ${state} ${before}`, async () => {
      const tasks = (await da.views.tasks({ state, projectId, before })).map(listedTask);
      return { tasks, before: tasks.length < pageRows ? null : tasks.at(-1)?.serial ?? null };
    });
  });

  const getTask = view("/overview/tasks/:task_id", async (_, operator, text) => {
    const id = taskId(text);
    const task = await lists.get(`task ${id}`, () => da.views.task(id));
    if (!task) return failure(404, `there is no task ${text.slice(0, 80)} here`);
    const messages = operator ? await da.views.messagesOf(task.serial) : undefined;
    return taskAnswer(task, deps.heldUpBy?.(task.taskId), messages);
  });

  const getFailures = view(
    "/overview/failures",
    async (query): Promise<schema.Failures> => {
      const before = parameter(query, "before", entryId);
      const found = await lists.get(`failures ${before}`, () => da.views.failures(before));
      return {
        failures: found.map(({ at, by, reason, task }) => {
          return { time: timeOf(at), by, reason, task: listedTask(task) };
        }),
        before: found.length < pageRows ? null : `${found.at(-1)?.entry}`,
      };
    },
  );

  const getProjects = view(
    "/overview/projects",
    (): Promise<schema.Projects> =>
      lists.get("projects", async () => {
        const [tally, waiting] = await Promise.all([da.views.tally(), summaries.waiting()]);
        const counts = Map.groupBy(tally, ({ projectId }) => projectId);
        const served = new Map(deps.projects.list().map((project) => [project.id, project]));
        const ids = [...new Set([...served.keys(), ...counts.keys()])]
          .sort((a, b) => a < b ? -1 : 1);
        return {
          projects: ids.slice(0, mostProjects).map((id) => ({
            projectId: `${id}`,
            ...projectFacts(served.get(id)),
            ...countsOf(counts.get(id) ?? []),
            waiting: waiting.get(`${id}`) ?? 0,
          })),
          more: Math.max(0, ids.length - mostProjects),
        };
      }),
  );

  const getZnodes = view("/overview/znodes", async (_, operator): Promise<schema.Znodes> => {
    const seen = await proofs();
    return await lists.get(
      `znodes ${operator}`,
      () => Promise.resolve(znodesAnswer(znodes, seen, operator)),
    );
  });

  const getProofs = view("/overview/proofs", async () => proofTimes(await proofs()));

  const find = view("/overview/find", async (query): Promise<schema.Found> => {
    const text = (query.get("q") ?? "").trim();
    const nothing = { kind: "nothing", task: null } as const;
    const taskOf = async (id: bigint | `0x${string}`) => {
      const task = await da.views.task(id);
      return task ? listedTask(task) : null;
    };
    if (/^(\d{1,19}|0x[0-9a-fA-F]{64})$/.test(text)) {
      const task = await taskOf(taskId(text));
      return task ? { kind: "task", task } : nothing;
    }
    if (!uuid.safeParse(text.toLowerCase()).success) return nothing;
    const status = await da.messages.status(text.toLowerCase());
    if (!status) return nothing;
    return { kind: "message", task: status.task ? await taskOf(status.task.taskId) : null };
  });

  app.get("/overview", (c) => getOverview(c.req.raw));
  app.get("/overview/events", (c) => getEvents(c.req.raw));
  app.get("/overview/tasks", (c) => getTasks(c.req.raw));
  app.get("/overview/tasks/:task_id", (c) => getTask(c.req.raw, c.req.param("task_id")));
  app.get("/overview/failures", (c) => getFailures(c.req.raw));
  app.get("/overview/projects", (c) => getProjects(c.req.raw));
  app.get("/overview/znodes", (c) => getZnodes(c.req.raw));
  app.get("/overview/proofs", (c) => getProofs(c.req.raw));
  app.get("/overview/find", (c) => find(c.req.raw));
  return () => stream.close();
}

function parameter<T>(
  query: URLSearchParams,
  name: string,
  parse: (text: string) => T,
): T | undefined {
  const text = query.get(name);
  return text === null || text === "" ? undefined : parse(text);
}

type ProjectAnswer = schema.Projects["projects"][number];

function projectFacts(
  project: Project | undefined,
): Pick<ProjectAnswer, "source" | "paused" | "problem" | "versions"> {
  if (!project) return { source: "none", paused: false, problem: null, versions: [] };
  const { source, paused, problem = null, versions } = project;
  return {
    ...{ source, paused, problem },
    versions: [...versions.values()].filter(({ retired }) => !retired)
      .map(({ version, vmType }) => ({ version, vmType })),
  };
}

function countsOf(
  tally: Awaited<ReturnType<Da["views"]["tally"]>>,
): Pick<ProjectAnswer, "tasks" | "messages"> {
  const tasks = { packed: 0, dispatched: 0, proved: 0, outputted: 0, failed: 0 };
  let messages = 0;
  for (const row of tally) {
    tasks[row.state] += row.tasks;
    messages += row.messages;
  }
  return { tasks, messages };
}
