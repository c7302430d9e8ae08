/** Messages, a line each, from where they are typed to the end of their lives. */
import { createReadStream } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { EnodeClient, EnodeError, type State } from "../../client.ts";
import { stateLines } from "../api.ts";
import { projectId } from "./chain.ts";

export interface Followed {
  readonly line: number;
  readonly messageID?: string;
  readonly states: readonly State[];
  /** Why the enode did not take it. */
  readonly refused?: string;
}

export interface SendingOptions {
  readonly url: string;
  /** Asked for each message, as the project may change. */
  readonly version: () => string;
  readonly say: (line: string) => void;
  /** Told when a message's outputs are done. */
  readonly onOutput: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** The lines of a file, or of standard input without one. */
export async function* linesOf(
  file: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const input = file === undefined ? process.stdin : createReadStream(file);
  const lines = createInterface({ input, crlfDelay: Infinity });
  const close = () => lines.close();
  signal.addEventListener("abort", close, { once: true });
  try {
    for await (const line of lines) if (line.trim() !== "") yield line.trim();
  } finally {
    signal.removeEventListener("abort", close);
    close();
  }
}

/** Sends each line in its order, follows all, and ends when each message has. */
export async function sendLines(
  lines: AsyncIterable<string>,
  options: SendingOptions,
): Promise<Followed[]> {
  const client = new EnodeClient(options.url);
  const followed: Promise<Followed>[] = [];
  for await (const data of lines) {
    const line = followed.length + 1;
    const say = (text: string) => options.say(`message ${line}  ${text}`);
    try {
      const messageID = await send(client, data, options);
      const following = follow(client, messageID, say, options)
        .then((states) => ({ line, messageID, states }));
      // Told when all are awaited.
      following.catch(() => {});
      followed.push(following);
    } catch (error) {
      options.signal.throwIfAborted();
      if (!(error instanceof EnodeError)) throw error;
      say(`refused: ${error.message}`);
      followed.push(Promise.resolve({ line, states: [], refused: error.message }));
    }
  }
  return await Promise.all(followed);
}

/** A node that has just started does not know the project yet: that is awaited, a minute at most. */
async function send(client: EnodeClient, data: string, options: SendingOptions): Promise<string> {
  const { version, signal } = options;
  for (const deadline = performance.now() + 60_000;;) {
    try {
      return await client.send({ projectId, version: version(), data }, { signal });
    } catch (error) {
      const { status, retryAfterSeconds = 0.2 } = error as EnodeError;
      const passes = status === 404 || status === 429 || status === 503;
      if (!passes || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, retryAfterSeconds * 1000));
      signal.throwIfAborted();
    }
  }
}

async function follow(
  client: EnodeClient,
  id: string,
  say: (text: string) => void,
  { onOutput, signal }: SendingOptions,
): Promise<State[]> {
  const states: State[] = [];
  for await (const state of client.watch(id, signal)) {
    states.push(state);
    say(stateLines([state]).join());
    if (state.state === "outputted") await onOutput();
  }
  return states;
}
