/** A proof from beginning to end, as child processes and the command line make it. */
import { ProgramError, type Progress } from "../runtime.ts";
import type { Engine, Execution, RunLimits } from "./engine.ts";
import { checkJournal } from "./journal.ts";
import { checkLength, checkLift, checkTime, estimate } from "./size.ts";

export interface ProveRequest extends RunLimits {
  readonly stdin: Uint8Array;
  /** How the journal must begin. */
  readonly journalPrefix: Uint8Array;
  /** Whether a proof of one segment is made succinct; longer ones stay composite. */
  readonly succinct: boolean;
  readonly memoryBytes: number;
  readonly timeoutSeconds: number;
  /** Undefined: any length. */
  readonly maxProofBytes?: number;
  /** Measured on this machine; undefined when nothing is. */
  readonly secondsPerRow?: number | undefined;
}

export interface Proven {
  readonly proof: Uint8Array;
  readonly execution: Execution;
  /** Time that its segments took. */
  readonly seconds: number;
}

/** What a receipt has room for. */
export const maxJournalBytes = 64 * 1024;

/**
 * Runs a program, which costs milliseconds, proves the run segment by segment, and verifies the
 * proof. The phase "execute" ends with the guest's cycles of those that are proven.
 * @throws {ProgramError}
 */
export function proveRun(
  engine: Engine,
  binary: Uint8Array,
  imageId: Uint8Array,
  request: ProveRequest,
  report: (progress: Progress) => void,
): Proven {
  report({ phase: "execute", done: 0, total: 0 });
  return engine.run(binary, request.stdin, request, (execution, run) => {
    const { cycles, provenCycles, segments, journal } = execution;
    report({ phase: "executed", done: cycles, total: provenCycles });
    if (journal.length > maxJournalBytes) {
      const text =
        `its journal has ${journal.length} bytes, at most ${maxJournalBytes} are carried`;
      throw new ProgramError("trap", text);
    }
    checkJournal(journal, request.journalPrefix);
    checkLength(segments, request.maxProofBytes ?? Infinity);
    checkTime(estimate(segments, request.secondsPerRow), request.timeoutSeconds);
    const lifts = request.succinct && segments.length === 1;
    if (lifts) checkLift(request.memoryBytes);

    const total = segments.length;
    const began = performance.now();
    for (let done = 0, more = true; more; done++) {
      report({ phase: "prove", done, total });
      more = run.proveSegment();
    }
    const seconds = (performance.now() - began) / 1000;
    let proof = run.proof();
    if (lifts) {
      report({ phase: "lift", done: 0, total: 1 });
      proof = engine.lift(proof);
    }
    report({ phase: "verify", done: 0, total: 1 });
    const reason = engine.verify(proof, journal, imageId);
    if (reason !== undefined) throw new ProgramError("crash", `made a bad proof: ${reason}`);
    return { proof, execution, seconds };
  });
}
