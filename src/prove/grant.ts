import type { Link } from "../network/link.ts";
import { margin } from "./assignment.ts";

/** An output this znode was given, from the grant to its end. */
export class Grant {
  #endsAt = 0;
  #cancelled = false;

  /** @param ms how long until the output must have begun */
  constructor(public link: Link, ms: number) {
    this.renew(link, ms);
  }

  /**
   * Whether the output may begin, by this machine's monotonic clock, less the margin (R4). Without
   * its link it may not: a process that was paused reads old grants before it sees the link's end,
   * and who comes back is given the grant again.
   */
  get live(): boolean {
    return !this.#cancelled && this.link.open && performance.now() < this.#endsAt;
  }

  /** The enode came back and gave the same grant again. */
  renew(link: Link, ms: number): void {
    this.link = link;
    this.#endsAt = performance.now() + ms * (1 - margin);
  }

  cancel(): void {
    this.#cancelled = true;
  }
}
