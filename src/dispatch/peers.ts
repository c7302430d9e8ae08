/** The znodes that are linked: what they offer, what they have, and frames on their way to them. */
import type { Address } from "viem";
import type { VmType } from "../../runtimes/runtime.ts";
import { Channel } from "../channel.ts";
import { errorText, type Log } from "../log.ts";
import type { Link } from "../network/link.ts";
import type { WireBody, WireKind } from "../protocol/index.ts";
import type { Candidate } from "./deps.ts";

/** Made only when its turn comes, so that payloads don't pile up in memory. */
export type Outgoing = () => Promise<
  { [K in WireKind]: readonly [K, WireBody<K>] }[WireKind] | undefined
>;

/** Frames that may wait for one znode. */
const outboxSize = 1_024;
/** Most that are made, and in memory, at once for one znode. */
const framesTogether = 32;
/** Pause after a znode said that it is busy, ms. */
const busyMs = 500;

/** One link to a znode. */
export class Peer {
  readonly #outbox = new Channel<Outgoing>(outboxSize);
  #hello: WireBody<"hello"> | undefined;
  #eligible = false;
  #open = true;
  #restUntil = 0;
  #refusal = "";

  constructor(
    readonly link: Link,
    private readonly isEligible: (prover: Address) => boolean | Promise<boolean>,
    private readonly log: Log,
    private readonly sendMs: number,
    /** Called when the znode takes nothing any more. */
    private readonly onStuck: () => void = () => {},
  ) {
    void this.#pump();
  }

  get prover(): Address {
    return this.link.remote;
  }

  get open(): boolean {
    return this.#open;
  }

  get eligible(): boolean {
    return this.#eligible;
  }

  /** Undefined until the znode said what it offers. */
  get hello(): WireBody<"hello"> | undefined {
    return this.#hello;
  }

  greet(hello: WireBody<"hello">): void {
    this.#hello = hello;
    this.#restUntil = 0;
  }

  get resting(): boolean {
    return performance.now() < this.#restUntil;
  }

  /** Why it rests, when it does. */
  get refusal(): string {
    return this.#refusal;
  }

  rest(refusal: string): void {
    this.#refusal = refusal;
    this.#restUntil = performance.now() + busyMs;
  }

  /** Asks again whether the znode may have work; while nobody can say, the last answer holds. */
  async refresh(): Promise<void> {
    try {
      this.#eligible = await this.isEligible(this.prover);
    } catch (error) {
      this.log.warn({ prover: this.prover }, `eligibility not known: ${errorText(error)}`);
    }
  }

  /** Sends when its turn comes; a znode that takes nothing any more loses its link. */
  send(outgoing: Outgoing): void {
    if (this.#open && !this.#outbox.trySend(outgoing)) this.#stuck("too many frames wait");
  }

  #stuck(reason: string): void {
    if (this.#open) this.onStuck();
    this.close(reason);
  }

  close(reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#outbox.close();
    this.link.close();
    this.log.debug({ prover: this.prover }, `link closed: ${reason}`);
  }

  /** Frames are made side by side, and sent in their order. */
  async #pump(): Promise<void> {
    const under = new Set<Promise<void>>();
    let turn: Promise<void> = Promise.resolve();
    for await (const outgoing of this.#outbox) {
      if (!this.#open) return;
      const made = this.#make(outgoing);
      const { promise: handed, resolve: hand } = Promise.withResolvers<void>();
      const before = turn;
      turn = handed;
      const sent = this.#deliver(made, before, hand).finally(() => under.delete(sent));
      under.add(sent);
      if (under.size >= framesTogether) await Promise.race(under);
    }
  }

  /** @param hand called when the next frame may follow */
  async #deliver(
    made: ReturnType<Outgoing>,
    before: Promise<void>,
    hand: () => void,
  ): Promise<void> {
    const [frame] = await Promise.all([made, before]);
    const sending = frame && this.#open ? this.link.send<WireKind>(frame[0], frame[1]) : undefined;
    hand();
    const late = setTimeout(() => this.#stuck("the link is stuck"), this.sendMs);
    try {
      await sending;
    } catch (error) {
      this.close(errorText(error));
    } finally {
      clearTimeout(late);
    }
  }

  async #make(outgoing: Outgoing): ReturnType<Outgoing> {
    try {
      return await outgoing();
    } catch (error) {
      this.log.warn({ prover: this.prover }, `frame not made: ${errorText(error)}`);
      return undefined;
    }
  }
}

/** All linked znodes. Two links of one znode share its capacity; the newest is sent to. */
export class Peers {
  readonly #links = new Map<Address, Peer[]>();
  readonly #busy = new Map<Address, Set<string>>();
  readonly #chosen = new Map<Address, number>();
  #count = 0;

  add(peer: Peer): void {
    this.#links.set(peer.prover, [...(this.#links.get(peer.prover) ?? []), peer]);
  }

  /** Answers whether it was the znode's last link. */
  remove(peer: Peer): boolean {
    const rest = (this.#links.get(peer.prover) ?? []).filter((p) => p !== peer);
    if (rest.length > 0) this.#links.set(peer.prover, rest);
    else this.#links.delete(peer.prover);
    return rest.length === 0;
  }

  get(prover: Address): Peer | undefined {
    return this.#links.get(prover)?.findLast((p) => p.open);
  }

  all(): Peer[] {
    return [...this.#links.values()].flat();
  }

  /** Notes, or forgets, that a znode has a lease. */
  occupy(prover: Address, lease: string): void {
    const leases = this.#busy.get(prover) ?? new Set();
    this.#busy.set(prover, leases.add(lease));
    this.#chosen.set(prover, ++this.#count);
  }

  vacate(prover: Address, lease: string): void {
    const leases = this.#busy.get(prover);
    leases?.delete(lease);
    if (leases?.size === 0) this.#busy.delete(prover);
  }

  /** Proofs that all znodes together can make at once. */
  get capacity(): number {
    return this.#ready().reduce((sum, peer) => sum + (peer.hello?.capacity ?? 0), 0);
  }

  /** Leases that znodes have. */
  get leases(): number {
    return this.#busy.values().reduce((sum, leases) => sum + leases.size, 0);
  }

  /** Of which so many places are free. */
  get free(): number {
    return this.#ready().reduce((sum, { prover, hello, resting }) => {
      const free = (hello?.capacity ?? 0) - (this.#busy.get(prover)?.size ?? 0);
      return resting ? sum : sum + Math.max(0, free);
    }, 0);
  }

  /** Znodes that could prove a program of the machine now. */
  candidates(vmType: VmType, allow: readonly Address[] | undefined): Candidate[] {
    return this.#ready().flatMap((peer) => {
      const { prover, hello } = peer;
      const busy = this.#busy.get(prover)?.size ?? 0;
      const capacity = hello?.capacity ?? 0;
      const free = capacity > busy && !peer.resting && hello?.runtimes.includes(vmType);
      if (!free || (allow && !allow.includes(prover))) return [];
      return [{ prover, capacity, busy, lastChosen: this.#chosen.get(prover) ?? 0 }];
    });
  }

  /** Znodes that prove programs of the machine, whether or not they have room now. */
  offering(vmType: VmType, allow: readonly Address[] | undefined): Address[] {
    return this.#ready()
      .filter(({ prover, hello }) =>
        hello?.runtimes.includes(vmType) && (!allow || allow.includes(prover))
      )
      .map(({ prover }) => prover);
  }

  /** Why a znode is not among the candidates; undefined for one that is. */
  whyNot(
    prover: Address,
    vmType: VmType,
    allow: readonly Address[] | undefined,
  ): string | undefined {
    if (allow && !allow.includes(prover)) return "not allowed by the project";
    const peer = this.get(prover);
    if (!peer) return "not linked";
    if (!peer.eligible) return "not eligible any more";
    const { hello } = peer;
    if (!hello) return "linked, but has not said what it offers";
    if (!hello.runtimes.includes(vmType)) return `does not offer ${vmType}`;
    if (peer.resting) return `resting: ${peer.refusal}`;
    const busy = this.#busy.get(prover)?.size ?? 0;
    return busy >= hello.capacity ? `busy: ${busy} of ${hello.capacity}` : undefined;
  }

  /** Why there are no candidates; undefined where there are. */
  whyNone(vmType: VmType, allow: readonly Address[] | undefined): string | undefined {
    if (this.#ready().length === 0) return "none that is staked is linked";
    const offering = this.offering(vmType, allow).length;
    if (offering === 0) {
      return `none that is linked${allow ? " and that the project allows" : ""} proves ${vmType}`;
    }
    if (this.candidates(vmType, allow).length > 0) return undefined;
    return `all that prove ${vmType} are busy`;
  }

  /** Each linked znode, for people. */
  known() {
    return [...this.#links.keys()].flatMap((prover) => {
      const peer = this.get(prover);
      if (!peer) return [];
      const { hello, eligible, resting, refusal } = peer;
      return [{
        prover,
        runtimes: hello?.runtimes ?? [],
        capacity: hello?.capacity ?? 0,
        leases: this.#busy.get(prover)?.size ?? 0,
        greeted: hello !== undefined,
        eligible,
        resting: resting ? refusal : undefined,
      }];
    });
  }

  /** Znodes that could output now. */
  outputters(allow: readonly Address[] | undefined): Address[] {
    return this.#ready().map((p) => p.prover).filter((p) => !allow || allow.includes(p));
  }

  #ready(): Peer[] {
    return [...this.#links.keys()].flatMap((prover) => {
      const peer = this.get(prover);
      return peer?.eligible && peer.hello ? [peer] : [];
    });
  }
}
