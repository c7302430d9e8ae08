/** The znode's stage in a process of a test, and an enode's end of its link. */
import { type Address, concat, hexToBytes, keccak256, toHex, zeroAddress } from "viem";
import type { Program, Room } from "../../../runtimes/runtime.ts";
import { Channel } from "../../channel.ts";
import {
  programId,
  projectVersion,
  silent,
  testProgram,
  text,
} from "../../dispatch/testing/bench.ts";
import { account, imageId, network, operator } from "../../dispatch/testing/znode.ts";
import { createMetrics } from "../../metrics.ts";
import { linkPair, LinkSet } from "../../network/local.ts";
import type { Link } from "../../network/link.ts";
import type { OutputJob, OutputReport } from "../../output/types.ts";
import {
  bindingOf,
  signTask,
  type Task,
  taskIdOf,
  type WireBody,
  type WireKind,
  type WireMessage,
} from "../../protocol/index.ts";
import type { Unpaid } from "../funds.ts";
import { startProver } from "../index.ts";
import type { Stake } from "../liability.ts";
import { Receipts } from "../receipts.ts";

export const prover = account(7);
export const data = [text("1"), text("2")];
const commitment = keccak256(concat(data.map((m) => toHex(m))));
let nonce = 0n;

/** A proof that holds for what the program was given. */
export const prove: Program["prove"] = async (input, context) => ({
  vmType: "halo2",
  programId,
  imageId,
  bindingKind: "data",
  publicValues: hexToBytes(concat([
    keccak256(concat(input.messages.map((m) => toHex(m)))),
    bindingOf(context.taskId, context.prover),
  ])),
  proof: text("good"),
});

export class World {
  readonly links = new LinkSet();
  readonly jobs = new Channel<OutputJob>(4);
  readonly reports = new Channel<OutputReport>(4);
  readonly heard: WireMessage[] = [];
  program: Program = testProgram({}, { prove });
  operates = true;
  stake: Stake | undefined;
  verifierOf = (): Promise<Address> => Promise.resolve(zeroAddress);
  readonly metrics = createMetrics();
  height: bigint | undefined;
  unpaid: Unpaid | undefined;
  proofs = 0;
  /** Why it can't prove the program. */
  unable: string | undefined;
  capacity = 1;
  /** What bounds proofs of the program beside that. */
  room: Room | undefined;
  link!: Link;
  #stop: (() => Promise<void>) | undefined;

  constructor(private readonly directory: string) {}

  /** Another start is another process with the same files. */
  async start(): Promise<void> {
    this.connect();
    this.#stop = startProver({
      links: this.links,
      projects: {
        get: () => ({ versions: new Map([[projectVersion().version, projectVersion()]]) }),
        forTask: () => Promise.resolve(projectVersion()),
        canOperate: () => Promise.resolve(this.operates),
      } as never,
      runtimes: {
        offered: ["halo2"],
        unavailable: {},
        unable: () => this.unable,
        room: () => this.room,
        load: () =>
          Promise.resolve({
            ...this.program,
            prove: (...given: Parameters<Program["prove"]>) => {
              this.proofs++;
              return this.program.prove(...given);
            },
          }),
      } as never,
      identity: { network, signer: prover },
      capacity: this.capacity,
      mayAssign: () => Promise.resolve(this.operates),
      verifierOf: () => this.verifierOf(),
      ...(this.stake ? { stake: this.stake } : {}),
      ...(this.unpaid ? { unpaid: this.unpaid } : {}),
      ...(this.height === undefined ? {} : { height: () => this.height as bigint }),
      outputs: { jobs: this.jobs, reports: this.reports },
      receipts: await Receipts.open({
        directory: this.directory,
        prover: prover.address,
        log: silent,
      }),
      log: silent,
      metrics: this.metrics,
    });
  }

  /** A new link of the same enode, which reads what the znode sends. */
  connect(): void {
    const pair = linkPair({ network, signer: operator }, { network, signer: prover });
    this.link = pair.a;
    void (async () => {
      for await (const message of pair.a.messages()) this.heard.push(message);
    })();
    this.links.add(pair.b);
  }

  got<K extends WireKind>(kind: K): WireBody<K>[] {
    return this.heard.filter((m) => m.kind === kind).map((m) => m.body as WireBody<K>);
  }

  /** Frames of refused kinds, and what was not signed. */
  async refused(kind: string): Promise<number> {
    const { values } = await this.metrics.refused.get();
    return values.find(({ labels }) => labels.kind === kind)?.value ?? 0;
  }

  async first<K extends WireKind>(kind: K): Promise<WireBody<K>> {
    for (let i = 0; i < 200; i++) {
      const [body] = this.got(kind);
      if (body) return body;
      await Bun.sleep(10);
    }
    throw new Error(`no ${kind}; heard ${this.heard.map((m) => m.kind)}`);
  }

  async stop(): Promise<void> {
    this.reports.close();
    await this.#stop?.();
  }
}

export async function leaseOf(
  change: Partial<Task> = {},
  lease: Partial<WireBody<"lease">> = {},
): Promise<WireBody<"lease">> {
  const task: Task = {
    ...network,
    projectId: 1n,
    version: "0.1",
    programId,
    messagesRoot: `0x${"22".repeat(32)}`,
    inputCommitment: commitment,
    nonce: ++nonce,
    ...change,
  };
  return {
    taskId: taskIdOf(task),
    epoch: 1n,
    task,
    signature: await signTask(task, operator),
    serial: 1n,
    leaseMs: 2_000,
    timeoutMs: 5_000,
    ...lease,
  };
}

export const payloadOf = ({ taskId, epoch }: WireBody<"lease">, messages = data) => ({
  taskId,
  epoch,
  messages,
  inputSalt: new Uint8Array(32),
  clientId: "",
});
