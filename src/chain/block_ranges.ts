import { BaseError } from "viem";

const maxChunk = 100_000n;

/** Reads blocks in ranges: endpoints bound them, each in its own way. Smaller after a refusal. */
export class BlockRanges {
  #chunk = maxChunk;

  /** Blocks `from` to `to`, both included, in order. @throws what `read` throws at last */
  async read(
    from: bigint,
    to: bigint,
    read: (from: bigint, to: bigint) => Promise<void>,
  ): Promise<void> {
    let since = 0;
    for (let first = from; first <= to;) {
      const last = first + this.#chunk - 1n < to ? first + this.#chunk - 1n : to;
      try {
        await read(first, last);
      } catch (error) {
        const refusal = refusalOf(error);
        if (this.#chunk === 1n || !refusal) throw error;
        this.#chunk = (this.#chunk + 1n) / 2n;
        since = 0;
        // What took too long is not tried again at once: the endpoint may just be stuck.
        if (refusal === "timeout") throw error;
        continue;
      }
      first = last + 1n;
      if (++since >= 10 && this.#chunk < maxChunk) {
        this.#chunk = this.#chunk * 2n < maxChunk ? this.#chunk * 2n : maxChunk;
        since = 0;
      }
    }
  }
}

/** Whether a smaller range may help: the endpoint answered with an error, or took too long. */
function refusalOf(error: unknown): "answered" | "timeout" | undefined {
  if (!(error instanceof BaseError)) return undefined;
  const is = (test: (cause: { name?: string; status?: number }) => boolean) =>
    error.walk((cause) => test(cause as { name?: string; status?: number })) !== null;
  if (is(({ name }) => name === "TimeoutError")) return "timeout";
  return is(({ name, status }) => name === "RpcRequestError" || status !== undefined)
    ? "answered"
    : undefined;
}
