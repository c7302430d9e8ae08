// AssemblyScript. A program of our Halo2 form for tests, whose proof is cheap and proves nothing to
// a stranger: it is the keccak-256 of the public values, which `keccakVerifier` checks on a chain.
// The public values are the input's commitment, the binding in two limbs, and the number of messages.

const out = memory.data(256);
const state = memory.data(200);

let outPtr: usize = 0, outLen: i32 = 0;

const rotation: StaticArray<u32> = [
  1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44,
];
const lane: StaticArray<u32> = [
  10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1,
];
const constant: StaticArray<u64> = [
  0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
  0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
  0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
  0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
  0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
  0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
];

function at(i: u32): u64 {
  return load<u64>(state + (i << 3));
}
function set(i: u32, v: u64): void {
  store<u64>(state + (i << 3), v);
}

const column = new StaticArray<u64>(5);

function permute(): void {
  for (let round = 0; round < 24; round++) {
    for (let x: u32 = 0; x < 5; x++) {
      column[x] = at(x) ^ at(x + 5) ^ at(x + 10) ^ at(x + 15) ^ at(x + 20);
    }
    for (let x: u32 = 0; x < 5; x++) {
      const d = column[(x + 4) % 5] ^ rotl<u64>(column[(x + 1) % 5], 1);
      for (let y: u32 = 0; y < 25; y += 5) set(x + y, at(x + y) ^ d);
    }
    let last = at(1);
    for (let i = 0; i < 24; i++) {
      const to = lane[i], kept = at(to);
      set(to, rotl<u64>(last, rotation[i]));
      last = kept;
    }
    for (let y: u32 = 0; y < 25; y += 5) {
      for (let x: u32 = 0; x < 5; x++) column[x] = at(x + y);
      for (let x: u32 = 0; x < 5; x++) {
        set(x + y, column[x] ^ (~column[(x + 1) % 5] & column[(x + 2) % 5]));
      }
    }
    set(0, at(0) ^ constant[round]);
  }
}

function keccak(from: usize, length: i32, to: usize): void {
  memory.fill(state, 0, 200);
  let held = 0;
  for (let i = 0; i < length; i++) {
    store<u8>(state + held, load<u8>(state + held) ^ load<u8>(from + i));
    if (++held == 136) {
      permute();
      held = 0;
    }
  }
  store<u8>(state + held, load<u8>(state + held) ^ 1);
  store<u8>(state + 135, load<u8>(state + 135) ^ 0x80);
  permute();
  memory.copy(to, state, 32);
}

/** Below the order of BN254's field, as the adapter on the chain wants each word. */
function commit(from: usize, length: i32, to: usize): void {
  keccak(from, length, to);
  store<u8>(to, load<u8>(to) & 0x0f);
}

function answer(from: usize, length: i32): i32 {
  outPtr = from;
  outLen = length;
  return 0;
}

function refuse(text: string): i32 {
  const utf8 = String.UTF8.encode(text);
  answer(changetype<usize>(utf8), utf8.byteLength);
  return 1;
}

export function ws_alloc(length: i32): usize {
  return heap.alloc(length);
}
export function ws_free(pointer: usize, _length: i32): void {
  heap.free(pointer);
}
export function ws_out_ptr(): usize {
  return outPtr;
}
export function ws_out_len(): i32 {
  return outLen;
}

export function ws_describe(): i32 {
  const text = '{"name":"tally","runtime":"halo2","maxMessages":64,"binding":"data",' +
    '"unsafeTestSetup":true,"proofBytes":32,"publicValues":[{"name":"inputCommitment"},' +
    '{"name":"bindingHi"},{"name":"bindingLo"},{"name":"count"}],' +
    '"imageId":"0x7a117a117a117a117a117a117a117a117a117a117a117a117a117a117a117a11"}';
  const utf8 = String.UTF8.encode(text);
  return answer(changetype<usize>(utf8), utf8.byteLength);
}

/** `…,"binding":"0x<64 digits>"}` ends the input of a proof; without it, a brace does. */
const tail = 80;

/** Bytes of the input up to the salt's end. */
function committed(input: usize, length: i32): i32 {
  const bound = length > tail && load<u64>(input + length - tail) == 0x6e69646e6962222c;
  return bound ? length - tail : length - 1;
}

export function ws_commit(input: usize, length: i32): i32 {
  commit(input, committed(input, length), out);
  return answer(out, 32);
}

function nibble(c: u8): u8 {
  return c <= 0x39 ? c - 0x30 : c - 0x57;
}

export function ws_prove(input: usize, length: i32): i32 {
  if (committed(input, length) != length - tail) return refuse("no binding");
  const values = out + 4;
  memory.fill(out, 0, 164);
  store<u32>(out, 128);
  commit(input, length - tail, values);
  const digits = input + length - 66;
  for (let i = 0; i < 32; i++) {
    const byte = (nibble(load<u8>(digits + 2 * i)) << 4) | nibble(load<u8>(digits + 2 * i + 1));
    store<u8>(values + (i < 16 ? 48 + i : 64 + i), byte);
  }
  let count = 0;
  // Each message is a string of JSON: {"value":…}
  for (let i = 0; i + 5 < length; i++) {
    if (load<u32>(input + i) == 0x756c6176 && load<u8>(input + i + 4) == 0x65) count++;
  }
  store<u8>(values + 127, count as u8);
  keccak(values, 128, values + 128);
  return answer(out, 164);
}

const checked = memory.data(32);

export function ws_verify(values: usize, length: i32, proof: usize, proofLength: i32): i32 {
  if (proofLength != 32 || length != 128) return refuse("wrong length");
  keccak(values, length, checked);
  return memory.compare(checked, proof, 32) == 0 ? answer(out, 0) : refuse("not the keccak");
}
