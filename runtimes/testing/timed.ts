/** A runtime whose proofs take time and nothing else, for what is measured about everything else. */
import { bytesToHex, concat, type Hex, hexToBytes, keccak256 } from "viem";
import { Semaphore } from "../../src/dispatch/semaphore.ts";
import { bindingOf } from "../../src/protocol/index.ts";
import type { Runtimes } from "../index.ts";
import { type Program, ProgramError, type ProgramSpec, type TaskInput } from "../runtime.ts";

/** How long a program's work takes, ms, and how much of it goes on at once. */
export interface Times {
  readonly proveMs: number;
  readonly commitMs: number;
  readonly verifyMs: number;
  /** Proofs made at once; others wait. */
  readonly workers: number;
}

/**
 * Takes any Halo2 program, and never runs it. A node makes `workers` proofs at once, and one
 * commitment or check, as with the pools of `createRuntimes`. Receipts are bound to task, prover
 * and data; one that was not made here is refused.
 */
export function timedRuntimes(times: Times): Runtimes {
  const provers = new Semaphore(times.workers);
  const checker = new Semaphore(1);
  let running = 0, waiting = 0;
  return {
    offered: ["halo2"],
    unavailable: {},
    unable: () => undefined,
    room: () => undefined,
    load: (spec) =>
      Promise.resolve(timedProgram(spec, times, provers, checker, (r, w) => {
        running += r;
        waiting += w;
      })),
    usage: () => ({ running, waiting, peakMemory: 0 }),
    close: () => Promise.resolve(),
  };
}

function timedProgram(
  spec: ProgramSpec,
  { proveMs, commitMs, verifyMs }: Times,
  provers: Semaphore,
  checker: Semaphore,
  count: (running: number, waiting: number) => void,
): Program {
  const imageId = keccak256(spec.programId);
  const proofOf = (publicValues: Uint8Array) =>
    hexToBytes(keccak256(concat([imageId, bytesToHex(publicValues)])));
  return {
    spec,
    info: {
      name: "timed",
      imageId,
      bindingKind: "data",
      maxMessages: undefined,
      verifiable: true,
      publicValues: [],
      proofBytes: undefined,
      unsafeTestSetup: false,
    },
    async commit(input, signal) {
      await checker.run(() => pass(commitMs, signal));
      return commitmentOf(input);
    },
    async prove(input, { taskId, prover }, signal) {
      count(0, 1);
      await provers.run(async () => {
        count(1, -1);
        try {
          await pass(proveMs, signal);
        } finally {
          count(-1, 0);
        }
      });
      const publicValues = hexToBytes(concat([commitmentOf(input), bindingOf(taskId, prover)]));
      const { vmType, programId } = spec;
      const bindingKind = "data" as const;
      return {
        vmType,
        programId,
        imageId,
        bindingKind,
        publicValues,
        proof: proofOf(publicValues),
      };
    },
    async verify({ publicValues, proof }, signal) {
      await checker.run(() => pass(verifyMs, signal));
      return bytesToHex(proof) === bytesToHex(proofOf(publicValues))
        ? { verdict: "valid" }
        : { verdict: "invalid", reason: "it was not made by this program" };
    },
    statement({ publicValues }) {
      const word = (i: number) => bytesToHex(publicValues.subarray(32 * i, 32 * i + 32));
      return publicValues.length === 64
        ? { inputCommitment: word(0), binding: word(1) }
        : undefined;
    },
  };
}

const commitmentOf = ({ messages, salt }: TaskInput): Hex =>
  keccak256(concat([bytesToHex(salt), ...messages.map((message) => bytesToHex(message))]));

/** @throws {ProgramError} when it is cancelled meanwhile */
function pass(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = () => {
      clearTimeout(timer);
      reject(new ProgramError("timeout", "it was cancelled"));
    };
    if (signal.aborted) return reject(new ProgramError("timeout", "it was cancelled"));
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", cancel);
      resolve();
    }, ms);
    signal.addEventListener("abort", cancel, { once: true });
  });
}
