import type { Reading } from "./readings.ts";

/** One entry of a message's or task's life, as the HTTP API gives it. */
export interface State {
  readonly state: string;
  readonly time: string;
  readonly comment: string;
  readonly result: string;
}

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
  const ids: string[] = [];
  let next = 0, posted = 0;
  const connection = async () => {
    while (next < readings.length) {
      const index = next++;
      ids[index] = await postReading(target, readings[index] as Reading);
      onPosted(++posted);
    }
  };
  await Promise.all(Array.from({ length: 8 }, connection));
  return ids;
}

async function postReading(target: Target, reading: Reading): Promise<string> {
  const body = JSON.stringify({
    projectID: Number(target.projectId),
    projectVersion: target.version,
    data: JSON.stringify(reading),
  });
  const headers = { "content-type": "application/json", "idempotency-key": reading.time };
  for (let attempt = 0; attempt < 10; attempt++) {
    const response = await fetch(`${target.url}/message`, { method: "POST", headers, body });
    const answer = await response.json() as { messageID?: string; error?: string };
    if (answer.messageID) return answer.messageID;
    if (response.status !== 429 && response.status !== 503) {
      throw new Error(`the enode refused a reading: ${response.status} ${answer.error}`);
    }
    const seconds = Number(response.headers.get("retry-after") ?? 1);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
  throw new Error("the enode stayed overloaded");
}

/** The states that a message has gone through. */
export async function messageStates(url: string, id: string): Promise<State[]> {
  const response = await fetch(`${url}/message/${id}`);
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return (await response.json() as { states: State[] | null }).states ?? [];
}
