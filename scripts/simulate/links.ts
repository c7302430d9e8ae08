/** Connections of enodes and znodes: delays, losses, and who notices what when. */
import type { VirtualClock } from "./clock.ts";
import type { Enode } from "./enode.ts";
import type { Options } from "./options.ts";
import type { Random } from "./random.ts";
import type { Znode } from "./znode.ts";

/** Pings that stay out end a connection: `pingMs`, and `deadMs` later, of a node's host. */
const [pingMs, deadMs] = [5_000, 8_000];

export class LinkTable {
  /** By enode, then znode: 0 while there is none, else the number of the connection. */
  readonly #current: Uint32Array[];
  /** When the last frame of each direction arrives: frames of one connection keep their order. */
  readonly #arrivals: Float64Array[];
  readonly #counts: number[] = [];
  #last = 0;
  readonly enodeFrames: { out: number; in: number }[];
  readonly znodeFrames: Uint32Array;
  lost = 0;

  constructor(
    private readonly clock: VirtualClock,
    private readonly random: Random,
    private readonly options: Options,
  ) {
    const { enodes, znodes } = options;
    this.#current = Array.from({ length: enodes }, () => new Uint32Array(znodes));
    this.#arrivals = Array.from({ length: 2 * enodes }, () => new Float64Array(znodes));
    this.enodeFrames = Array.from({ length: enodes }, () => ({ out: 0, in: 0 }));
    this.znodeFrames = new Uint32Array(znodes);
  }

  /** Whether the enode believes that there is a connection. */
  has(enode: Enode, znode: Znode): boolean {
    return this.#number(enode, znode) !== 0;
  }

  /** Connections that the enode believes to have. */
  count(enode: Enode): number {
    return this.#counts[enode.index] ?? 0;
  }

  #set(enode: Enode, znode: Znode, number: number): void {
    const row = this.#current[enode.index] as Uint32Array;
    const before = row[znode.index] === 0 ? 0 : 1;
    this.#counts[enode.index] = this.count(enode) + (number === 0 ? 0 : 1) - before;
    row[znode.index] = number;
  }

  #number(enode: Enode, znode: Znode): number {
    return this.#current[enode.index]?.[znode.index] ?? 0;
  }

  toZnode(enode: Enode, znode: Znode, arrive: () => void): void {
    const frames = this.enodeFrames[enode.index];
    if (frames) frames.out++;
    this.#send(enode, znode, 0, () => {
      this.znodeFrames[znode.index] = (this.znodeFrames[znode.index] ?? 0) + 1;
      arrive();
    });
  }

  toEnode(enode: Enode, znode: Znode, arrive: () => void): void {
    this.znodeFrames[znode.index] = (this.znodeFrames[znode.index] ?? 0) + 1;
    this.#send(enode, znode, 1, () => {
      const frames = this.enodeFrames[enode.index];
      if (frames) frames.in++;
      arrive();
    });
  }

  #send(enode: Enode, znode: Znode, way: 0 | 1, arrive: () => void): void {
    const number = this.#number(enode, znode);
    if (number === 0) return;
    if (this.random.chance(this.options.loss)) {
      this.lost++;
      this.clock.in(znode.profile.latencyMs, () => this.#break(enode, znode, number));
      return;
    }
    const arrivals = this.#arrivals[2 * enode.index + way] as Float64Array;
    const delay = znode.profile.latencyMs + this.random.exponential(5);
    const at = Math.max(this.clock.now + delay, arrivals[znode.index] ?? 0);
    arrivals[znode.index] = at;
    this.clock.in(at - this.clock.now, () => {
      if (this.#number(enode, znode) === number && znode.reachable && enode.up) arrive();
    });
  }

  /** A connection that failed: both ends see it, and the znode dials again. */
  #break(enode: Enode, znode: Znode, number: number): void {
    if (this.#number(enode, znode) !== number) return;
    this.#drop(enode, znode);
    this.dial(enode, znode);
  }

  #drop(enode: Enode, znode: Znode): void {
    this.#set(enode, znode, 0);
    enode.gone(znode);
  }

  /** The znode tries until it is linked, as long as both are there. */
  dial(enode: Enode, znode: Znode): void {
    this.clock.in(250 + this.random.exponential(1_000), () => {
      if (!znode.reachable || !enode.up) return;
      if (this.has(enode, znode)) this.#drop(enode, znode);
      this.#set(enode, znode, ++this.#last);
      enode.linked(znode);
    });
  }

  /** The znode fell silent: its enodes notice by their pings. */
  silent(enode: Enode, znode: Znode): void {
    const number = this.#number(enode, znode);
    if (number === 0) return;
    this.clock.in(deadMs + this.random.between(0, pingMs), () => {
      if (this.#number(enode, znode) === number) this.#drop(enode, znode);
    });
  }

  /** The enode's process ended: its sockets are closed. */
  closed(enode: Enode): void {
    this.#current[enode.index]?.fill(0);
    this.#counts[enode.index] = 0;
  }
}
