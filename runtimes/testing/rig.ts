/** What the checks share. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { programIdOf } from "../../src/protocol/task.ts";
import { halo2Runtime } from "../halo2/index.ts";
import { ChildPool } from "../pool.ts";
import {
  type Program,
  ProgramError,
  type ProgramSpec,
  type ProveContext,
  type Runtime,
  type TaskInput,
} from "../runtime.ts";

export const mib = 1024 * 1024;
export const limits = { memoryBytes: 256 * mib, timeoutSeconds: 1 };
export const never = new AbortController().signal;
export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
export const bytes = (text: string) => new TextEncoder().encode(text);

export const spec = (code: Uint8Array, param = ""): ProgramSpec => ({
  vmType: "halo2",
  code,
  param,
  programId: programIdOf(code, param),
});
export const context: ProveContext = {
  taskId: `0x${"11".repeat(32)}`,
  prover: `0x${"22".repeat(20)}`,
  projectId: 7n,
  version: "0.1",
  serial: 9n,
  clientId: "did:io:0x1",
  signature: "0x5a",
};
export const inputOf = (...messages: string[]): TaskInput => ({
  messages: messages.map(bytes),
  salt: new Uint8Array(32).fill(7),
});

/** Clock ticks of CPU that a process has used; undefined once it is gone. */
export function cpuTicks(pid: number): number | undefined {
  try {
    const stat = execFileSync("cat", [`/proc/${pid}/stat`], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const fields = stat.toString().replace(/^.*\) /s, "").split(" ");
    // A zombie runs nothing.
    return fields[0] === "Z" ? undefined : Number(fields[11]) + Number(fields[12]);
  } catch {
    return undefined;
  }
}

/** Pools and a runtime over them that remember each process they ever had. */
export class Rig {
  readonly provers = new ChildPool({ size: 2 });
  readonly checkers = new ChildPool({ size: 1 });
  readonly runtime: Runtime = halo2Runtime({ ...this, limits });
  readonly everyPid = new Set<number>();
  readonly #watch = setInterval(() => this.#look(), 10);

  #look(): void {
    for (const pid of [...this.provers.pids, ...this.checkers.pids]) this.everyPid.add(pid);
  }

  load(code: Uint8Array, param = ""): Promise<Program> {
    return this.runtime.load(spec(code, param), never);
  }

  /** Every process either is one of the pools' and idle, or is gone. */
  async quiet(): Promise<void> {
    this.#look();
    const before = new Map([...this.everyPid].map((pid) => [pid, cpuTicks(pid)]));
    await sleep(500);
    const living = new Set([...this.provers.pids, ...this.checkers.pids]);
    for (const [pid, ticks] of before) {
      const now = cpuTicks(pid);
      if (now === undefined || ticks === undefined) continue;
      assert.ok(living.has(pid), `process ${pid} was left behind`);
      assert.ok(now - ticks <= 5, `process ${pid} used ${now - ticks} ticks of CPU`);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#watch);
    this.#look();
    await Promise.all([this.provers.close(), this.checkers.close()]);
    for (const pid of this.everyPid) assert.equal(cpuTicks(pid), undefined, "a process is left");
  }
}

export async function fails(what: Promise<unknown>, kind: string, message: RegExp): Promise<void> {
  const error = await what.then(() => undefined, (error) => error);
  assert.ok(error instanceof ProgramError, `did not fail with a ProgramError but with ${error}`);
  assert.equal(error.kind, kind, error.message);
  assert.match(error.message, message);
}

export const works = async (program: Program) => {
  const receipt = await program.prove(inputOf("{}"), context, never);
  assert.deepEqual(receipt.proof, bytes("ok"));
};

export interface Check {
  readonly name: string;
  run(): Promise<void>;
}
