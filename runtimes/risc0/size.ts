/** What a proof takes, foretold from the run. */
import { ProgramError } from "../runtime.ts";

/** Rows of a segment as powers of two: risc0 loops for ever below 13, and proves none above 22. */
export const leastPo2 = 13, greatestPo2 = 22;
/** Resident bytes that proving takes beside what grows with the segment's rows. */
const baseBytes = 160 * 1024 * 1024;
/** Resident bytes a row of the segment that is proven; measured, see `scripts/bench/prover.ts`. */
const bytesPerRow = 12 * 1024;
/** Resident bytes of making a proof succinct, whatever it is of. */
export const liftBytes = 1.5 * 1024 ** 3;

/** Bytes of a segment's part of a composite proof, at most: the largest segment's. */
const segmentProofBytes = 290 * 1024;

/** Resident bytes of proving one segment of 2^po2 rows. */
export const segmentBytes = (po2: number): number => baseBytes + bytesPerRow * 2 ** po2;

/**
 * The largest segments, as a power of two of rows, that fit: one segment beats many.
 * @throws {ProgramError} `memory` when none fits
 */
export function segmentPo2For(memoryBytes: number): number {
  for (let po2 = greatestPo2; po2 >= leastPo2; po2--) {
    if (segmentBytes(po2) <= memoryBytes) return po2;
  }
  throw tooMuch(segmentBytes(leastPo2), memoryBytes);
}

/** @throws {ProgramError} `memory` when a proof can't be made succinct here */
export function checkLift(memoryBytes: number): void {
  if (liftBytes > memoryBytes) throw tooMuch(liftBytes, memoryBytes);
}

/** @throws {ProgramError} `memory` when so many segments make a longer proof than is carried */
export function checkLength(segments: readonly number[], maxProofBytes: number): void {
  const most = Math.floor(maxProofBytes / segmentProofBytes);
  if (segments.length <= most) return;
  throw new ProgramError(
    "memory",
    `the run has ${segments.length} segments of 2^${segments[0]} rows, a receipt has room for ` +
      `${most}: provers with more memory (PROVER_MEMORY_MB) make fewer and larger ones`,
  );
}

function tooMuch(needed: number, allowed: number): ProgramError {
  const mib = (bytes: number) => `${Math.round(bytes / 1024 ** 2)} MiB`;
  return new ProgramError("memory", `needs ${mib(needed)}, ${mib(allowed)} are allowed`);
}

export interface Estimate {
  readonly rows: number;
  readonly memoryBytes: number;
  /** Undefined until this machine has proven something. */
  readonly seconds: number | undefined;
}

/** Rows a second that this process has proven, of late; it foretells how long others take. */
export class Pace {
  #secondsPerRow: number | undefined;

  proved(rows: number, seconds: number): void {
    const now = seconds / rows;
    this.#secondsPerRow = this.#secondsPerRow === undefined ? now : (this.#secondsPerRow + now) / 2;
  }

  get secondsPerRow(): number | undefined {
    return this.#secondsPerRow;
  }
}

/** What proving segments of these powers of two of rows takes. */
export function estimate(segments: readonly number[], secondsPerRow?: number): Estimate {
  const rows = segments.reduce((sum, po2) => sum + 2 ** po2, 0);
  return {
    rows,
    memoryBytes: segmentBytes(Math.max(...segments)),
    seconds: secondsPerRow === undefined ? undefined : rows * secondsPerRow,
  };
}

/** @throws {ProgramError} `timeout` when the proof would take longer than it may */
export function checkTime({ seconds }: Estimate, timeoutSeconds: number): void {
  if (seconds === undefined || seconds <= timeoutSeconds) return;
  throw new ProgramError(
    "timeout",
    `would take about ${Math.ceil(seconds)} s, at most ${timeoutSeconds} s are allowed`,
  );
}
