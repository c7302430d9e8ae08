/** Messages that are sent until they are acknowledged, by whichever enode. */
import { sleep } from "../e2e/node.ts";
import { version } from "./network.ts";

/** An answer that takes longer is asked for again, of another enode, ms. */
const answerMs = 4_000;
/** Pause between two messages of a project, ms. */
const paces: readonly (readonly [projectId: number, ms: number])[] = [
  [1, 2_500],
  [2, 800],
  [3, 800],
];

export class Load {
  /** By message id, its project. */
  readonly acknowledged = new Map<string, number>();
  /** Answers that were neither an acknowledgement nor "later". */
  readonly surprises: string[] = [];
  #on = true;
  #sent = 0;
  readonly #senders: Promise<void>[];

  constructor(private readonly urls: readonly string[]) {
    this.#senders = paces.map(([projectId, ms]) => this.#sender(projectId, ms));
  }

  /** Resolves when all that was begun is acknowledged. */
  async stop(): Promise<void> {
    this.#on = false;
    await Promise.all(this.#senders);
  }

  async #sender(projectId: number, ms: number): Promise<void> {
    const sending: Promise<void>[] = [];
    while (this.#on) {
      sending.push(this.#send(projectId, this.#sent++));
      await sleep(ms);
    }
    await Promise.all(sending);
  }

  /** Its key makes it one message, however often and to whom it is sent. */
  async #send(projectID: number, index: number): Promise<void> {
    const data = JSON.stringify({ value: index % 500 / 10 });
    const body = JSON.stringify({ projectID, projectVersion: version, data });
    for (let tries = index;; tries++) {
      try {
        const response = await fetch(`${this.urls[tries % this.urls.length]}/message`, {
          method: "POST",
          body,
          headers: { "idempotency-key": `${projectID}-${index}` },
          signal: AbortSignal.timeout(answerMs),
        });
        const text = await response.text();
        if (response.ok) {
          const { messageID } = JSON.parse(text) as { messageID: string };
          if (this.acknowledged.has(messageID)) this.surprises.push(`${messageID} twice`);
          this.acknowledged.set(messageID, projectID);
          return;
        }
        // 404 until an enode has read the chain.
        if (![404, 429, 500, 503].includes(response.status)) {
          this.surprises.push(`${response.status} ${text}`);
        }
      } catch {
        // Down, or cut off.
      }
      await sleep(300);
    }
  }
}
