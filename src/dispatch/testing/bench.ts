/** A dispatcher over a store, with projects and a program that tests decide about. */
import { afterEach } from "bun:test";
import pino from "pino";
import { concat, type Hex, hexToBytes, keccak256, toHex, zeroHash } from "viem";
import { type Program, ProgramError, type ProgramInfo } from "../../../runtimes/runtime.ts";
import { Channel } from "../../channel.ts";
import type { Message, TaskStore } from "../../da/da.ts";
import { LinkSet } from "../../network/local.ts";
import type { OutputJob, OutputReport } from "../../output/types.ts";
import type { OutputConfig, ProjectVersion } from "../../project/types.ts";
import { type Network, signTask, type Task, taskIdOf } from "../../protocol/index.ts";
import { createDispatch, type Dispatch, type DispatchDeps } from "../index.ts";
import { MemoryStore } from "./store.ts";
import { imageId, network, operator } from "./znode.ts";

export const silent = pino({ level: "silent" });
export const programId = keccak256("0x01");
export const text = (t: string): Uint8Array => new TextEncoder().encode(t);
export const router: OutputConfig = { type: "ethereumContract", mode: "router" };
export const direct: OutputConfig = {
  type: "ethereumContract",
  mode: "direct",
  chainEndpoint: "",
  contractAddress: "0x00000000000000000000000000000000000000bb",
  contractMethod: "submit",
  contractAbi: [],
};

const spec = { vmType: "halo2" as const, code: new Uint8Array(), param: "", programId };

export const projectVersion = (change: Partial<ProjectVersion> = {}): ProjectVersion => ({
  projectId: 1n,
  version: "0.1",
  vmType: "halo2",
  program: spec,
  outputs: [{ type: "stdout" }],
  packing: { count: 1, windowMs: undefined, bytes: undefined, groupBy: undefined },
  redundancy: 1,
  timeoutSeconds: 5,
  attempts: 3,
  retentionSeconds: undefined,
  provers: { allow: undefined, remote: false },
  ...change,
});

/** A proof that reads "good" holds; public values are commitment ‖ binding. */
export function testProgram(
  info: Partial<ProgramInfo> = {},
  change: Partial<Program> = {},
): Program {
  return {
    spec,
    info: {
      name: "test",
      imageId,
      bindingKind: "data",
      maxMessages: 4,
      verifiable: true,
      publicValues: [],
      proofBytes: undefined,
      unsafeTestSetup: false,
      ...info,
    },
    commit: ({ messages }) => {
      if (messages.some((m) => new TextDecoder().decode(m).includes("bad"))) {
        throw new ProgramError("input", "no field value");
      }
      return Promise.resolve(keccak256(concat(messages.map((m) => toHex(m)))));
    },
    prove: () => Promise.reject(new Error("an enode does not prove")),
    verify: ({ proof }) =>
      Promise.resolve(
        new TextDecoder().decode(proof) === "good"
          ? { verdict: "valid" as const }
          : { verdict: "invalid" as const, reason: "the pairing check failed" },
      ),
    statement: ({ publicValues }) => {
      if (publicValues.length !== 64) throw new Error("not two words");
      const word = (i: number) => toHex(publicValues.slice(i * 32, i * 32 + 32));
      return { inputCommitment: word(0), binding: word(1) };
    },
    ...change,
  };
}

export const options = {
  acceptMs: 400,
  leaseMs: 500,
  checkMs: 5_000,
  graceMs: 300,
  backoffMs: 20,
  backoffCapMs: 100,
  grantMs: 500,
  sentMs: 700,
  outputAttempts: 4,
  outputBackoffCapMs: 50,
  holdMs: 400,
  idleMs: 50,
};

export interface BenchOptions {
  readonly version?: Partial<ProjectVersion>;
  readonly program?: Program | Error;
  readonly deps?: Partial<DispatchDeps>;
}

let nonce = 0n;

export class Bench {
  readonly links = new LinkSet();
  readonly jobs = new Channel<OutputJob>(16);
  readonly reports = new Channel<OutputReport>(16);
  readonly refused: Record<string, number> = {};
  readonly #dispatches: Dispatch[] = [];

  constructor(
    private readonly bench: BenchOptions = {},
    readonly store: TaskStore = new MemoryStore(),
  ) {}

  get memory(): MemoryStore {
    if (!(this.store instanceof MemoryStore)) throw new Error("another store");
    return this.store;
  }

  /** Starts a dispatcher; several on one store are several nodes, or one after the other. */
  start(deps: Partial<DispatchDeps> = {}): Dispatch {
    const version = projectVersion(this.bench.version);
    const program = this.bench.program ?? testProgram();
    const dispatch = createDispatch({
      store: this.store,
      projects: { forTask: () => Promise.resolve(version) },
      runtimes: {
        load: () => program instanceof Error ? Promise.reject(program) : Promise.resolve(program),
      },
      links: this.links,
      network,
      isEligible: () => true,
      outputs: { jobs: this.jobs, reports: this.reports },
      ...(this.store instanceof MemoryStore ? { evidence: this.store.evidence } : {}),
      log: silent,
      metrics: {
        refused: {
          inc: ({ kind }: { kind: string }) => this.refused[kind] = (this.refused[kind] ?? 0) + 1,
        },
        tasks: { inc: () => undefined },
        taskSeconds: { observe: () => undefined },
        checkSeconds: { observe: () => undefined },
        outputs: { inc: () => undefined },
        faults: { inc: () => undefined },
        conduct: { inc: () => undefined },
        barred: { inc: () => undefined },
      } as unknown as NonNullable<DispatchDeps["metrics"]>,
      ...this.bench.deps,
      ...deps,
      options: { ...options, ...this.bench.deps?.options, ...deps.options },
    });
    this.#dispatches.push(dispatch);
    return dispatch;
  }

  async stop(): Promise<void> {
    for (const dispatch of this.#dispatches) await dispatch.stop();
  }

  /** Adds a packed task of the memory store. */
  async task(
    data: readonly string[] = ["reading"],
    commitment?: Hex,
    on: Network = network,
    height = 0n,
  ): Promise<Hex> {
    const messages: Message[] = data.map((d, i) => ({
      id: `00000000-0000-7000-8000-00000000000${i}`,
      projectId: 1n,
      version: "0.1",
      clientId: "device",
      data: text(d),
      salt: new Uint8Array(32),
      receivedAt: 0,
    }));
    const task: Task = {
      ...on,
      projectId: 1n,
      version: "0.1",
      programId,
      messagesRoot: zeroHash,
      inputCommitment: commitment ?? keccak256(concat(messages.map((m) => toHex(m.data)))),
      nonce: height << 192n | nonce++,
    };
    const taskId = taskIdOf(task);
    const signature = await signTask(task, operator);
    this.memory.add({ task, taskId, signature, inputSalt: hexToBytes(zeroHash) }, messages);
    return taskId;
  }

  /** Waits until the task's last recorded state is one of these. */
  async ends(taskId: Hex, ...states: string[]): Promise<string[]> {
    await until(
      () => states.includes(this.memory.states(taskId).at(-1) ?? ""),
      () => `${taskId} stays ${this.memory.states(taskId).join(" ") || "packed"}`,
    );
    return this.memory.states(taskId);
  }

  comment(taskId: Hex): string {
    return this.memory.row(taskId).log.at(-1)?.comment ?? "";
  }
}

export async function until(
  condition: () => boolean | Promise<boolean>,
  otherwise: () => string = () => "it did not happen",
  ms = 10_000,
): Promise<void> {
  const end = performance.now() + ms;
  while (!await condition()) {
    if (performance.now() > end) throw new Error(otherwise());
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

/** Makes benches that are stopped after the test that made them. */
export function useBenches(): (options?: BenchOptions) => Bench {
  const benches: Bench[] = [];
  afterEach(async () => {
    for (const bench of benches.splice(0)) await bench.stop();
  });
  return (options) => {
    const made = new Bench(options);
    benches.push(made);
    return made;
  };
}
