import { errorText, type Log } from "../log.ts";
import type { Projects } from "../project/types.ts";
import type { Da } from "./da.ts";

export interface RetentionDeps {
  readonly da: Pick<Da, "tasks" | "views" | "now">;
  readonly projects: Pick<Projects, "list">;
  readonly log: Log;
  /** Milliseconds between looks. Default one minute. */
  readonly everyMs?: number;
}

/**
 * Deletes the payloads of tasks that ended longer ago than their project keeps them (DESIGN R8), and
 * sums up what tasks are counted by.
 * Answers a function that stops it.
 */
export function startRetention(deps: RetentionDeps): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    running = running.then(() => purgeAll(deps)).catch((error) =>
      deps.log.warn(`payloads could not be purged: ${errorText(error)}`)
    );
  }, deps.everyMs ?? 60_000);
  return async () => {
    clearInterval(timer);
    await running;
  };
}

async function purgeAll({ da, projects, log }: RetentionDeps): Promise<void> {
  for (const project of projects.list()) {
    for (const { version, retentionSeconds } of project.versions.values()) {
      if (retentionSeconds === undefined) continue;
      const endedBefore = await da.now() - retentionSeconds * 1000;
      const purged = await da.tasks.purge(project.id, version, endedBefore);
      if (purged > 0) log.info({ project: `${project.id}`, version, purged }, "payloads purged");
    }
  }
  // Nobody may look for long, and what tasks are counted by grows.
  await da.views.tally();
}
