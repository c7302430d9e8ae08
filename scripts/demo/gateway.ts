import { EnodeClient, type EnodeError, type State } from "../../src/client.ts";
import type { Reading } from "./readings.ts";

/** What an IoT gateway needs of an enode. */
export interface Target {
  readonly url: string;
  readonly projectId: bigint;
  readonly version: string;
}

/**
 * Posts each reading as a message of its own, a few at a time; one that is refused for now
 * (429, 503) is posted again under the same idempotency key, so it counts once.
 */
export async function postReadings(
  target: Target,
  readings: readonly Reading[],
  onPosted: (count: number) => void,
): Promise<string[]> {
  const enode = new EnodeClient(target.url);
  const ids: string[] = [];
  let next = 0, posted = 0;
  const connection = async () => {
    while (next < readings.length) {
      const index = next++;
      ids[index] = await postReading(enode, target, readings[index] as Reading);
      onPosted(++posted);
    }
  };
  await Promise.all(Array.from({ length: 8 }, connection));
  return ids;
}

async function postReading(
  enode: EnodeClient,
  { projectId, version }: Target,
  reading: Reading,
): Promise<string> {
  const message = { projectId, version, data: JSON.stringify(reading) };
  for (let attempt = 0; attempt < 10; attempt++) {
    try {
      return await enode.send(message, { idempotencyKey: reading.time });
    } catch (error) {
      const { status, retryAfterSeconds = 1 } = error as EnodeError;
      if (status !== 429 && status !== 503) throw error;
      await new Promise((resolve) => setTimeout(resolve, retryAfterSeconds * 1000));
    }
  }
  throw new Error("the enode stayed overloaded");
}

/** The states that a message has gone through. */
export const messageStates = async (url: string, id: string): Promise<State[]> =>
  (await new EnodeClient(url).message(id)).states ?? [];
