/**
 * Who should prove a task: weighted rendezvous hashing (Schindelhauer and Schomaker, "Weighted
 * Distributed Hash Tables", 2005), by the logarithmic method. Each prover draws a uniform u for the
 * task, and −ln(u)/stake puts them in order, least first. So a prover is first with a probability of
 * its share of the stake, and a prover that comes or goes moves only its own tasks.
 *
 * In integers, so that everybody finds the same order:
 *
 *     h    = keccak256(seed ‖ taskId ‖ prover) as a big-endian integer   32 + 32 + 20 bytes
 *     cost = 2^64·256 − log2(max(h, 1))                                   see `log2`
 *     a comes before b where cost(a)·stake(b) < cost(b)·stake(a), and, where these are
 *     equal, by the lower address
 *
 * A stake of 0 comes after every other. The base of the logarithm does not matter to the order.
 * `testing/ranking_vectors.json` has examples.
 */
import type { Address, Hex } from "viem";
import { hexToBytes } from "../hex.ts";
import { keccak } from "../keccak.ts";
import { type KeccakMany, keccakMany } from "./keccak_many.ts";

/** A prover with what its znode has at stake, wei. */
export interface Staked {
  readonly prover: Address;
  readonly stake: bigint;
}

/** Bits of a logarithm after the point. */
const fraction = 64n;
/** Bits of a mantissa; its square fits a uint256. */
const precision = 128n;

/**
 * log2(x) in units of 2^-64, for 1 ≤ x < 2^256: by squaring a mantissa of 128 bits, what is below
 * them cut off each time. The steps, not the real logarithm, are the definition; it is at most
 * 2^-60 less than the real one.
 */
export function log2(x: bigint): bigint {
  const whole = BigInt(x.toString(2).length - 1);
  const shift = whole - (precision - 1n);
  // 2^127 ≤ m < 2^128: x = 2^whole · m / 2^127
  let m = shift > 0n ? x >> shift : x << -shift;
  let log = whole;
  for (let bit = 0n; bit < fraction; bit++) {
    m = (m * m) >> (precision - 1n);
    log <<= 1n;
    if (m >> precision !== 0n) {
      m >>= 1n;
      log |= 1n;
    }
  }
  return log;
}

const most = 256n << fraction;

/** What h is in the order; between 1 and 2^72. */
export const costOf = (h: bigint): bigint => most - log2(h === 0n ? 1n : h);

/** Best first. */
export function rank<T extends Staked>(seed: Hex, taskId: Hex, staked: readonly T[]): T[] {
  return draw(seed, taskId, staked).sort(inOrder).map(({ of }) => of);
}

interface Table {
  readonly hashes: KeccakMany;
  /** 1/stake. */
  readonly inverse: Float64Array;
}
const tables = new WeakMap<readonly Staked[], Table>();

function tableOf(staked: readonly Staked[]): Table {
  const known = tables.get(staked);
  if (known) return known;
  const table = {
    hashes: keccakMany(staked.map(({ prover }) => hexToBytes(prover))),
    inverse: Float64Array.from(staked, ({ stake }) => 1 / Number(stake)),
  };
  tables.set(staked, table);
  return table;
}

/** Below so many provers, all are drawn one by one. */
const fewProvers = 64;

/**
 * `rank`, one after the other: most of the cost is of all hashes, a further prover costs little. A
 * list that is given again must not have changed.
 */
export function* ranked<T extends Staked>(
  seed: Hex,
  taskId: Hex,
  staked: readonly T[],
): Generator<T, void, void> {
  if (staked.length < fewProvers) return yield* rank(seed, taskId, staked);
  const { inverse } = tableOf(staked);
  const about = costsOf(seed, taskId, staked);
  const heap = Uint32Array.from(staked, (_, i) => i);
  for (let i = (heap.length >> 1) - 1; i >= 0; i--) sink(heap, heap.length, about, i);
  for (let left = heap.length; left > 0;) {
    // Those of which eight bytes can't say who is first are drawn in full.
    const alike: number[] = [];
    do {
      alike.push(heap[0] as number);
      heap[0] = heap[--left] as number;
      sink(heap, left, about, 0);
    } while (left > 0 && inDoubt(alike.at(-1) as number, heap[0] as number, about, inverse));
    const provers = alike.map((i) => staked[i] as T);
    yield* provers.length > 1 ? rank(seed, taskId, provers) : provers;
  }
}

/** The first `count` of `rank`. A list that is given again must not have changed. */
export const best = <T extends Staked>(
  seed: Hex,
  taskId: Hex,
  staked: readonly T[],
  count: number,
): T[] => ranked(seed, taskId, staked).take(Math.max(0, count)).toArray();

/** What each has in the order, by the first eight bytes of its hash. */
function costsOf(seed: Hex, taskId: Hex, staked: readonly Staked[]): Float64Array {
  const head = new Uint8Array(64);
  head.set(hexToBytes(seed));
  head.set(hexToBytes(taskId), 32);
  const { hashes, inverse } = tableOf(staked);
  const firsts = hashes.firstBytes(head);
  return inverse.map((share, i) => {
    const [high, low] = [firsts.getUint32(8 * i), firsts.getUint32(8 * i + 4)];
    // So little that the bytes left out would matter.
    if (high === 0) return draw(seed, taskId, staked.slice(i, i + 1))[0]?.about ?? NaN;
    // Near 1 it is the distance from 1 that has the digits.
    if (high >= 2 ** 31) {
      const distance = (2 ** 32 - 1 - high) * 2 ** 32 + (2 ** 32 - 1 - low);
      return -Math.log1p(-distance / 2 ** 64) * share;
    }
    return -Math.log((high * 2 ** 32 + low) / 2 ** 64) * share;
  });
}

function inDoubt(first: number, next: number, about: Float64Array, inverse: Float64Array) {
  const [a, b] = [about[first] as number, about[next] as number];
  const shares = Math.max(inverse[first] as number, inverse[next] as number);
  // NaN, from infinities, is no certainty.
  return !(b - a > surely.share * a + surely.least * shares);
}

interface Drawn<T> {
  readonly of: T;
  readonly h: Uint8Array;
  /** −ln(u)/stake, to about 15 digits: decides where it can. */
  readonly about: number;
  cost: bigint | undefined;
}

function draw<T extends Staked>(seed: Hex, taskId: Hex, staked: readonly T[]): Drawn<T>[] {
  const text = new Uint8Array(84);
  text.set(hexToBytes(seed));
  text.set(hexToBytes(taskId), 32);
  return staked.map((of) => {
    text.set(hexToBytes(of.prover), 64);
    const h = keccak(text);
    return { of, h, about: minusLog(h) / Number(of.stake), cost: undefined };
  });
}

/** −ln(h / 2^256), to a double's precision at both ends. */
function minusLog(h: Uint8Array): number {
  // Near 1 it is the distance from 1 that has the digits.
  const near = (h[0] as number) >= 128;
  const view = new DataView(h.buffer, h.byteOffset);
  let value = 0;
  for (let at = 0; at < 32; at += 4) {
    const word = view.getUint32(at);
    value = value * 2 ** 32 + (near ? 2 ** 32 - 1 - word : word);
  }
  return near ? -Math.log1p(-value / 2 ** 256) : -Math.log(Math.max(value, 1) / 2 ** 256);
}

/** More than what doubles, and the bits that `log2` cuts off, can be wrong by, together. */
const surely = { share: 1e-9, least: 1e-15 };

function inOrder<T extends Staked>(a: Drawn<T>, b: Drawn<T>): number {
  const apart = Math.abs(a.about - b.about);
  const stake = Math.min(Number(a.of.stake), Number(b.of.stake));
  const doubt = surely.share * Math.min(a.about, b.about) + surely.least / stake;
  // NaN, from infinities, is no certainty.
  if (apart > doubt) return a.about - b.about;
  const [left, right] = [exact(a) * b.of.stake, exact(b) * a.of.stake];
  if (left !== right) return left < right ? -1 : 1;
  return a.of.prover.toLowerCase() < b.of.prover.toLowerCase() ? -1 : 1;
}

function exact<T>(drawn: Drawn<T>): bigint {
  return drawn.cost ??= costOf(BigInt(`0x${drawn.h.toHex()}`));
}

/** Moves an entry of a heap of `size` numbers down to where its cost belongs. */
function sink(heap: Uint32Array, size: number, costs: Float64Array, from: number): void {
  const entry = heap[from] as number;
  const cost = (i: number) => costs[heap[i] as number] as number;
  let i = from;
  for (let child = 2 * i + 1; child < size; child = 2 * i + 1) {
    if (child + 1 < size && cost(child + 1) < cost(child)) child++;
    if (cost(child) >= (costs[entry] as number)) break;
    heap[i] = heap[child] as number;
    i = child;
  }
  heap[i] = entry;
}
