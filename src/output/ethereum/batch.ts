/** Several proved tasks of one project in one transaction, where they wait at the same time. */
import {
  decodeFunctionResult,
  encodeFunctionData,
  type Hex,
  parseEventLogs,
  type PublicClient,
} from "viem";
import { routerAbi } from "../../chain/abi/router.ts";
import { errorText, type Log } from "../../log.ts";
import type { OutputContext } from "../output.ts";
import type { OutputJob } from "../types.ts";
import { estimate, findReceipt } from "./chain.ts";
import type { Landed, Sender } from "./sender.ts";
import { submissionOf, submitCall } from "./submission.ts";
import type { RouterDeps } from "./router.ts";

/** Most bytes of a transaction's data: nodes take 128 KiB for all of it. */
const maxBytes = 96 * 1024;

interface Member {
  readonly key: string;
  readonly job: OutputJob;
  readonly context: OutputContext;
  /** What the batch's transaction did; undefined: the task goes alone. */
  readonly settled: PromiseWithResolvers<Landed | undefined>;
  /** It was sent alone, or came to nothing. */
  readonly begun: PromiseWithResolvers<void>;
}

/**
 * Gathers what a project's tasks submit to one router with one key. A task that finds nobody before
 * it goes at once and alone; those that come while it is prepared go together, so that nobody waits
 * for a batch to fill. The router tries each item alone; what it refuses goes alone after that, for
 * its reason to be known.
 */
export class Batcher {
  readonly #queue: Member[] = [];
  #pumping = false;

  constructor(
    private readonly deps: Omit<RouterDeps, "confirmations" | "batcher"> & {
      /** Most tasks of a transaction. */
      readonly most: number;
      readonly log: Log;
    },
  ) {}

  /**
   * @param alone sends the task by itself, and says when that was begun
   * @returns what `alone` gives, or that the task was accepted with others
   */
  async submit<T>(
    key: string,
    job: OutputJob,
    context: OutputContext,
    alone: (context: OutputContext) => Promise<T>,
  ): Promise<T | Landed> {
    const settled = Promise.withResolvers<Landed | undefined>();
    const begun = Promise.withResolvers<void>();
    this.#queue.push({ key, job, context, settled, begun });
    void this.#pump();
    try {
      const landed = await settled.promise;
      if (landed) return landed;
      return await alone({
        signal: context.signal,
        sent: (reference, comment) => {
          begun.resolve();
          context.sent(reference, comment);
        },
      });
    } finally {
      begun.resolve();
    }
  }

  /** Follows the batch that an earlier process began with the task; undefined where there is none. */
  async follow(key: string, job: OutputJob, context: OutputContext): Promise<Landed | undefined> {
    const { sender } = this.deps;
    const batch = sender.batchOf(key);
    if (batch === undefined) return undefined;
    const ended = await sender.follow(batch, context.sent, context.signal);
    if (ended?.verdict !== "success") return undefined;
    const accepted = await this.#acceptedIn(ended.hash, context.signal);
    return accepted.has(job.taskId) ? ended : undefined;
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#queue.length > 0) {
      const members = this.#queue.splice(0, Math.max(1, this.deps.most));
      if (members.length > 1) await this.#together(members);
      else {
        members[0]?.settled.resolve(undefined);
        await members[0]?.begun.promise;
      }
    }
    this.#pumping = false;
  }

  /** Resolves when the batch is sent, or is none. */
  async #together(waiting: readonly Member[]): Promise<void> {
    try {
      const { members, gas } = await this.#fitting(waiting);
      if (members.length > 1) return await this.#send(members, gas);
      members[0]?.settled.resolve(undefined);
      await members[0]?.begun.promise;
    } catch (error) {
      // Each by itself is tried, or told what is wrong.
      this.deps.log.debug(`tasks go one by one: ${errorText(error)}`);
      for (const member of waiting) member.settled.resolve(undefined);
      await Promise.all(waiting.map(({ begun }) => begun.promise));
    }
  }

  /** Those that would be accepted and fit in one transaction; what is refused goes alone. */
  async #fitting(waiting: readonly Member[]): Promise<{ members: Member[]; gas: bigint }> {
    const { chain: { client }, router, sender } = this.deps;
    const { maxGas, gasHeadroomPercent } = sender.settings;
    const estimates = await Promise.allSettled(waiting.map(({ job, context }) =>
      sender.patiently(
        () => estimate(client, sender.address, submitCall(router, job), maxGas),
        context.signal,
      )
    ));
    const mostGas = await sender.mostGas();
    const members: Member[] = [], later: Member[] = [];
    let [highest, bytes] = [0n, 0];
    for (const [i, member] of waiting.entries()) {
      const result = estimates[i];
      if (result?.status !== "fulfilled" || member.job.live?.() === false) {
        member.settled.resolve(undefined);
        continue;
      }
      const size = sizeOf(member.job);
      const most = result.value > highest ? result.value : highest;
      const needed = most * BigInt(members.length + 1) * (100n + gasHeadroomPercent) / 100n;
      if (members.length > 0 && (needed > mostGas || bytes + size > maxBytes)) {
        later.push(member);
        continue;
      }
      members.push(member);
      [highest, bytes] = [most, bytes + size];
    }
    this.#queue.unshift(...later);
    // The router shares the gas evenly among the items left, so each could be the dearest.
    return { members, gas: highest * BigInt(members.length) };
  }

  async #send(members: readonly Member[], gas: bigint): Promise<void> {
    const { chain: { client }, router, sender, log } = this.deps;
    const [{ job: { task: { projectId } }, context: { signal } }] = members as [Member];
    const data = encodeFunctionData({
      abi: routerAbi,
      functionName: "submitBatch",
      args: [members.map(({ job }) => submissionOf(job))],
    });
    const results = await sender.patiently(
      () => wouldAccept(client, sender, { to: router, data }, gas),
      signal,
    );
    if (results.length !== members.length || results.includes(false)) {
      throw new Error("the batch would not be accepted as a whole");
    }
    const request = {
      key: `batch/${crypto.randomUUID()}`,
      projectId,
      to: router,
      data,
      gas,
      members: members.map(({ key }) => key),
      live: () => members.every(({ job }) => job.live?.() !== false),
    };
    const begun = Promise.withResolvers<void>();
    const sent = (hash: Hex, comment: string) => {
      begun.resolve();
      for (const { context } of members) context.sent(hash, comment);
    };
    void sender.once(request, sent, signal).then(async (ended) => {
      const ok = ended.verdict === "success";
      const accepted = ok ? await this.#acceptedIn(ended.hash, signal) : new Set<Hex>();
      for (const { job, settled } of members) {
        settled.resolve(accepted.has(job.taskId) ? ended : undefined);
      }
      log.info(
        { hash: ended.hash, tasks: members.length, accepted: accepted.size },
        "a batch ended",
      );
    }).catch((error) => {
      log.debug(`a batch came to nothing: ${errorText(error)}`);
      for (const { settled } of members) settled.resolve(undefined);
    }).finally(() => begun.resolve());
    await begun.promise;
  }

  async #acceptedIn(hash: Hex, signal: AbortSignal): Promise<ReadonlySet<Hex>> {
    const { chain: { client }, router, sender } = this.deps;
    const receipt = await sender.patiently(() => findReceipt(client, [hash]), signal);
    const logs = (receipt?.logs ?? []).filter(({ address }) =>
      address.toLowerCase() === router.toLowerCase()
    );
    const events = parseEventLogs({ abi: routerAbi, eventName: "Accepted", logs });
    return new Set(events.map(({ args }) => args.taskId));
  }
}

const sizeOf = ({ receipt, task }: OutputJob): number =>
  receipt.proof.length + receipt.publicValues.length + task.version.length + 800;

async function wouldAccept(
  client: PublicClient,
  { address: account }: Sender,
  call: { readonly to: Hex; readonly data: Hex },
  gas: bigint,
): Promise<readonly boolean[]> {
  const { data } = await client.call({ account, ...call, gas });
  return decodeFunctionResult({
    abi: routerAbi,
    functionName: "submitBatch",
    data: data ?? "0x",
  });
}
