/** Readings of the weather project: sent whatever happens, and each looked for at its end. */
import { expect } from "bun:test";
import { routerAbi } from "../../src/chain/abi/router.ts";
import { weatherStationAbi } from "../../src/chain/abi/weatherStation.ts";
import type { TestNetwork } from "./chain.ts";
import { states, until } from "./node.ts";

/** An answer that takes longer is asked for again, ms. */
const answerMs = 5_000;

/** Sends one reading until it is acknowledged; its key makes it one message however often. */
export async function send(url: string, index: number): Promise<string> {
  const body = JSON.stringify({
    projectID: 1,
    projectVersion: "0.1",
    data: JSON.stringify({ value: index / 10 }),
  });
  let refusal: string | undefined;
  const id = await until(`message ${index} is acknowledged`, async () => {
    try {
      const headers = { "idempotency-key": `reading-${index}` };
      const signal = AbortSignal.timeout(answerMs);
      const response = await fetch(`${url}/message`, { method: "POST", body, headers, signal });
      const text = await response.text();
      if (response.status === 400) return refusal = text;
      return response.ok ? (JSON.parse(text) as { messageID: string }).messageID : undefined;
    } catch {
      return undefined;
    }
  });
  if (refusal !== undefined) throw new Error(refusal);
  return id;
}

/** Waits until each message's life ended well; each is in one task. */
export async function allOutputted(
  url: string,
  ids: readonly string[],
): Promise<void> {
  const open = new Set(ids);
  const left = () => `${open.size} of ${ids.length} messages are output (${[...open][0]} is not)`;
  try {
    await until("all messages are output", async () => {
      for (const id of open) {
        const life = await states(url, id);
        const failed = life.find((entry) => entry.state === "failed");
        if (failed) throw new Error(`failed: ${failed.comment}`);
        expect(life.filter((entry) => entry.state === "packed").length).toBeLessThan(2);
        if (life.at(-1)?.state === "outputted") open.delete(id);
      }
      return open.size === 0 || undefined;
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}: ${left()}`, { cause: error });
  }
}

/** The ids of all the enode's tasks, by their numbers. */
async function tasksOf(url: string): Promise<string[]> {
  const ids: string[] = [];
  // Numbers may have gaps where a crash took one back.
  for (let n = 1, missing = 0; missing < 50; n++) {
    const task = await (await fetch(`${url}/task/1/${n}`)).json() as { taskHash?: string };
    if (task.taskHash) ids.push(task.taskHash);
    missing = task.taskHash ? 0 : missing + 1;
  }
  return ids;
}

/**
 * The router took each task of the enode once, and the receiver counted `count` readings in all:
 * none is counted twice, none is missing. Answers who proved, by task.
 */
export async function expectEachOnce(
  { chain, deployment, project }: TestNetwork,
  url: string,
  count: number,
): Promise<Map<string, string>> {
  const accepted = await chain.reader.getContractEvents({
    address: deployment.router,
    abi: routerAbi,
    eventName: "Accepted",
    fromBlock: 0n,
    strict: true,
  });
  const taskIds = accepted.map(({ args }) => args.taskId as string);
  expect(taskIds.sort()).toEqual((await tasksOf(url)).sort());
  const summaries = await chain.reader.getContractEvents({
    address: project.station,
    abi: weatherStationAbi,
    eventName: "Summarised",
    fromBlock: 0n,
  });
  expect(summaries.reduce((sum, event) => sum + (event.args.count ?? 0), 0)).toBe(count);
  return new Map(accepted.map(({ args }) => [args.taskId, args.prover]));
}
