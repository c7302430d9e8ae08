/**
 * Keccak-256 of many texts of 84 bytes that begin with the same 64, by a WebAssembly module that is
 * put together here: a call from JavaScript for each hash costs more than the hash.
 */

const rounds = 24;
/** Where the module's memory has what: round constants, the first 64 bytes, then the texts' ends. */
const [constantsAt, headAt, tailsAt] = [0, 192, 256];
/** Three lanes a text: its last 20 bytes and the padding's first. */
const tailBytes = 24;
const pageBytes = 65_536;

export interface KeccakMany {
  /**
   * Of the hash of `head` (64 bytes) with each tail, in their order, the first 8 bytes; they hold
   * until the next call of any.
   */
  firstBytes(head: Uint8Array): DataView;
}

/** @param tails 20 bytes each */
export function keccakMany(tails: readonly Uint8Array[]): KeccakMany {
  const padded = new Uint8Array(tailBytes * tails.length);
  for (const [i, tail] of tails.entries()) {
    padded.set(tail, tailBytes * i);
    padded[tailBytes * i + 20] = 1;
  }
  const hashesAt = tailsAt + padded.length;
  return {
    firstBytes(head) {
      const { memory, hash } = machine ??= start();
      const missing = hashesAt + 8 * tails.length - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / pageBytes));
      const bytes = new Uint8Array(memory.buffer);
      bytes.set(head, headAt);
      bytes.set(padded, tailsAt);
      hash(tailsAt, hashesAt, tails.length);
      return new DataView(memory.buffer, hashesAt, 8 * tails.length);
    },
  };
}

interface Machine {
  readonly memory: WebAssembly.Memory;
  readonly hash: (tails: number, hashes: number, count: number) => void;
}

/** One for all: each memory would reserve a range of addresses. */
let machine: Machine | undefined;

function start(): Machine {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const module = new WebAssembly.Module(moduleBytes());
  const { exports } = new WebAssembly.Instance(module, { m: { m: memory } });
  const view = new DataView(memory.buffer);
  roundConstants().forEach((c, i) => view.setBigUint64(constantsAt + 8 * i, c, true));
  return { memory, hash: exports.h as Machine["hash"] };
}

/** FIPS 202, 3.2.5: bits of a shift register, at the positions 2^j − 1. */
function roundConstants(): bigint[] {
  let register = 1;
  const bit = () => {
    const out = register & 1;
    register = register & 0x80 ? (register << 1) ^ 0x171 : register << 1;
    return out;
  };
  return Array.from({ length: rounds }, () => {
    let constant = 0n;
    for (let j = 0; j < 7; j++) if (bit()) constant |= 1n << BigInt(2 ** j - 1);
    return constant;
  });
}

/** FIPS 202, 3.2.2 and 3.2.3: how far each lane x + 5y is turned, and where it goes. */
function rhoPi(): { from: number; to: number; turn: number }[] {
  const moves = [{ from: 0, to: 0, turn: 0 }];
  for (let t = 0, x = 1, y = 0; t < 24; t++) {
    const [toX, toY] = [y, (2 * x + 3 * y) % 5];
    moves.push({ from: x + 5 * y, to: toX + 5 * toY, turn: ((t + 1) * (t + 2) / 2) % 64 });
    [x, y] = [toX, toY];
  }
  return moves;
}

/** `h(tails, hashes, count)` over an imported memory. */
function moduleBytes(): Uint8Array<ArrayBuffer> {
  // Locals: three parameters, the round's constant's address, and lanes a, b, c.
  const [tails, hashes, count, round] = [0, 1, 2, 3] as const;
  const a = (i: number) => 4 + i;
  const b = (i: number) => 29 + i;
  const c = (i: number) => 54 + i;
  const get = (local: number) => [0x20, local];
  const set = (local: number) => [0x21, local];
  const load = (at: number) => [0x29, 3, ...unsigned(at)];
  const [xor, and, turned] = [[0x85], [0x83], [0x89]];
  const long = (n: number) => [0x42, ...signed(n)];
  const int = (n: number) => [0x41, ...signed(n)];
  const add = (local: number, n: number) => [...get(local), ...int(n), 0x6a, ...set(local)];
  const lanes = Array.from({ length: 25 }, (_, i) => i);
  const five = lanes.slice(0, 5);

  const absorb = lanes.flatMap((i) => [
    ...(i < 8 ? [...int(headAt), ...load(8 * i)] : i < 11
      ? [...get(tails), ...load(8 * (i - 8))]
      // The padding's last bit, at the end of the rate.
      : i === 16
      ? [0x42, ...[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f]]
      : long(0)),
    ...set(a(i)),
  ]);
  const theta = [
    ...five.flatMap((x) => [
      ...five.flatMap((y) => [...get(a(x + 5 * y)), ...(y > 0 ? xor : [])]),
      ...set(c(x)),
    ]),
    ...five.flatMap((x) => [
      ...[...get(c((x + 1) % 5)), ...long(1), ...turned, ...get(c((x + 4) % 5)), ...xor],
      ...set(b(x)),
    ]),
    ...lanes.flatMap((i) => [...get(a(i)), ...get(b(i % 5)), ...xor, ...set(a(i))]),
  ];
  const move = rhoPi().flatMap(({ from, to, turn }) => [
    ...get(a(from)),
    ...(turn > 0 ? [...long(turn), ...turned] : []),
    ...set(b(to)),
  ]);
  const chi = lanes.flatMap((i) => {
    const y = 5 * Math.floor(i / 5);
    const [next, second] = [y + (i + 1) % 5, y + (i + 2) % 5];
    return [
      ...[...get(b(next)), ...long(-1), ...xor, ...get(b(second)), ...and],
      ...[...get(b(i)), ...xor, ...set(a(i))],
    ];
  });
  const iota = [...get(a(0)), ...get(round), ...load(constantsAt), ...xor, ...set(a(0))];
  const code = [
    // One group of locals for the round, one for the lanes.
    ...[2, 1, 0x7f, 55, 0x7e],
    ...[0x02, 0x40, ...get(count), 0x45, 0x0d, 0],
    ...[0x03, 0x40, ...absorb, ...int(0), ...set(round)],
    ...[0x03, 0x40, ...theta, ...move, ...chi, ...iota, ...add(round, 8)],
    ...[...get(round), ...int(8 * rounds), 0x48, 0x0d, 0, 0x0b],
    ...[...get(hashes), ...get(a(0)), 0x37, 3, 0],
    ...[...add(tails, tailBytes), ...add(hashes, 8), ...add(count, -1)],
    ...[...get(count), 0x0d, 0, 0x0b, 0x0b, 0x0b],
  ];
  const section = (id: number, content: number[]) => [id, ...unsigned(content.length), ...content];
  return new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 3, 0x7f, 0x7f, 0x7f, 0]),
    ...section(2, [1, 1, 0x6d, 1, 0x6d, 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, 1, 0x68, 0, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ]);
}

function unsigned(n: number): number[] {
  return n < 128 ? [n] : [(n & 127) | 128, ...unsigned(n >>> 7)];
}

function signed(n: number): number[] {
  const last = n >= -64 && n < 64;
  return last ? [n & 127] : [(n & 127) | 128, ...signed(n >> 7)];
}
