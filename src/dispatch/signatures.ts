import type { AssignmentRecord } from "../da/da.ts";
import {
  type Assignment,
  type Batch,
  type DigestSigner,
  type Network,
  signAssignments,
  skippedHash,
  skippedText,
} from "../protocol/index.ts";
import type { Chosen } from "./choice.ts";

/** A signature costs as much as a tenth of a task: assignments of a moment share one. */
const gatherMs = 25;
const mostTogether = 64;

interface Waiting {
  readonly assignment: Assignment;
  readonly resolve: (batch: Batch) => void;
  readonly reject: (error: unknown) => void;
}

/** Signs assignments, several at once: while their offers are on the way. */
export class Signatures {
  #waiting: Waiting[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly network: Network, private readonly signer: DigestSigner) {}

  async sign(
    taskId: Assignment["taskId"],
    epoch: number,
    { skipped, ...chosen }: Chosen,
  ): Promise<AssignmentRecord> {
    const text = skippedText(skipped);
    const assignment = { taskId, epoch: BigInt(epoch), ...chosen, skippedHash: skippedHash(text) };
    const batch = await new Promise<Batch>((resolve, reject) => {
      this.#waiting.push({ assignment, resolve, reject });
      if (this.#waiting.length >= mostTogether) this.#flush();
      else this.#timer ??= setTimeout(() => this.#flush(), gatherMs);
    });
    return { ...assignment, skipped: text, batch };
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const list = this.#waiting;
    this.#waiting = [];
    signAssignments(this.network, this.signer, list.map(({ assignment }) => assignment)).then(
      (batches) => list.forEach(({ resolve }, i) => resolve(batches[i] as Batch)),
      (error) => list.forEach(({ reject }) => reject(error)),
    );
  }
}
