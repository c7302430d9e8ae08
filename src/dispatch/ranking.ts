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

/** Below so many provers, or where more than a share of them is asked for, all are drawn at once. */
const [fewProvers, share] = [64, 1 / 16];

/**
 * The first `count` of `rank`, without putting the others in order. Of many provers most are left
 * out by four bytes of their hashes. A list that is given again must not have changed.
 */
export function best<T extends Staked>(
  seed: Hex,
  taskId: Hex,
  staked: readonly T[],
  count: number,
): T[] {
  if (count <= 0) return [];
  if (staked.length < fewProvers || count > staked.length * share) {
    return rank(seed, taskId, staked).slice(0, count);
  }
  const head = new Uint8Array(64);
  head.set(hexToBytes(seed));
  head.set(hexToBytes(taskId), 32);
  const { hashes, inverse } = tableOf(staked);
  const firsts = hashes.firstBytes(head);
  const candidates: number[] = [];
  let found: Drawn<T>[] = [], limit = Infinity;
  const take = () => {
    const drawn = draw(seed, taskId, candidates.splice(0).map((i) => staked[i] as T));
    found = [...found, ...drawn].sort(inOrder).slice(0, count);
    const last = found[count - 1];
    // More than can be in doubt, so that what is left out is surely behind.
    if (last) limit = last.about * (1 + 1e-6) + 1e-15 / Number(last.of.stake);
  };
  for (let i = 0; i < staked.length; i++) {
    // −ln(u) ≥ 1 − u, and u is less than its first four bytes and one more.
    const least = (1 - (firsts.getUint32(8 * i) + 1) / 2 ** 32) * (inverse[i] as number);
    if (least > limit) continue;
    if (candidates.push(i) >= 2 * count) take();
  }
  take();
  return found.map(({ of }) => of);
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

/** Of the order, so many are found first: nearly always one of them can take the task. */
const firstFew = 16;

/** `rank`, one after the other: the first costs as much as all draws, a further one little. */
export function* ranked<T extends Staked>(
  seed: Hex,
  taskId: Hex,
  staked: readonly T[],
): Generator<T, void, void> {
  const few = best(seed, taskId, staked, firstFew);
  yield* few;
  if (few.length === staked.length) return;
  let known = few.length;
  const heap = draw(seed, taskId, staked);
  for (let i = (heap.length >> 1) - 1; i >= 0; i--) sink(heap, i);
  while (heap.length > 0) {
    const [first] = heap as [Drawn<T>];
    const last = heap.pop() as Drawn<T>;
    if (heap.length > 0) {
      heap[0] = last;
      sink(heap, 0);
    }
    if (known > 0) known--;
    else yield first.of;
  }
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

/** Moves a heap's entry down to where it belongs. */
function sink<T extends Staked>(heap: Drawn<T>[], from: number): void {
  const entry = heap[from] as Drawn<T>;
  let i = from;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= heap.length) break;
    const right = heap[child + 1];
    if (right && inOrder(right, heap[child] as Drawn<T>) < 0) child++;
    if (inOrder(heap[child] as Drawn<T>, entry) >= 0) break;
    heap[i] = heap[child] as Drawn<T>;
    i = child;
  }
  heap[i] = entry;
}
