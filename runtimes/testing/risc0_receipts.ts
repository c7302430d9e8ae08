/** Receipts of risc0 for tests: real ones, and the bytes of ones that nobody proved. */
import { readFileSync } from "node:fs";
import { concatBytes, hexToBytes, sha256, stringToBytes } from "viem";
import { Engine } from "../risc0/engine.ts";
import { installedLibrary } from "../risc0/installed.ts";
import { WasmRisc0 } from "../risc0/module.ts";
import { openNativeRisc0 } from "../risc0/native.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string) => new Uint8Array(readFileSync(new URL(path, root)));

/** What the proofs of `scripts/build/risc0_fixtures.ts` prove. */
const statement = JSON.parse(
  readFileSync(new URL("tests/fixtures/risc0/meter.json", root), "utf8"),
);
export const journal: Uint8Array = hexToBytes(statement.journal);
export const imageId: Uint8Array = hexToBytes(statement.imageId);
export const proofs = {
  composite: read("tests/fixtures/risc0/composite.bin"),
  succinct: read("tests/fixtures/risc0/succinct.bin"),
};
export type Kind = keyof typeof proofs;
export const kinds: readonly Kind[] = ["composite", "succinct"];
export const guest = (name: "meter" | "hash_chain") => read(`wasm/dist/guests/risc0_${name}.bin`);

/** The module, on every machine. */
export const moduleEngine = (): Engine =>
  new Engine(new WasmRisc0(new WebAssembly.Module(read("wasm/dist/risc0.wasm"))));

/** The native library, where this machine built it. */
export async function nativeEngine(): Promise<Engine | undefined> {
  const library = installedLibrary();
  return library && new Engine(await openNativeRisc0(library));
}

export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

export function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}

const zero = new Uint8Array(32);
const value = (...parts: Uint8Array[]) => concatBytes([u32(0), ...parts]);
/** bincode of `MaybePruned::Pruned`. */
export const pruned = (digest: Uint8Array) => concatBytes([u32(1), digest]);

const sha = (bytes: Uint8Array) => sha256(bytes, "bytes");

/** risc0's digest of a struct: `SHA-256(SHA-256(tag) ‖ parts ‖ numbers ‖ u16 count of parts)`. */
function taggedStruct(tag: string, parts: Uint8Array[], numbers: number[]): Uint8Array {
  const count = u32(parts.length).subarray(0, 2);
  return sha(concatBytes([sha(stringToBytes(tag)), ...parts, ...numbers.map(u32), count]));
}

/** Of `ReceiptClaim::ok(imageId, journal)`: this program ended well and committed this journal. */
export const claim = {
  encoded: concatBytes([
    pruned(imageId),
    value(u32(0), zero),
    ...[u32(0), u32(0)],
    value(new Uint8Array([0])),
    value(new Uint8Array([1]), pruned(sha(journal)), pruned(zero)),
  ]),
  digest: taggedStruct("risc0.ReceiptClaim", [
    zero,
    imageId,
    taggedStruct("risc0.SystemState", [zero], [0]),
    taggedStruct("risc0.Output", [sha(journal), zero], []),
  ], [0, 0]),
};

/** Receipts of the development mode, which hold a claim and no proof. */
export const fakes = [value(claim.encoded), pruned(claim.digest)].map((claimed) =>
  concatBytes([u32(3), claimed])
);

/** A receipt in risc0's own encoding: the inner receipt, the journal and a digest. */
export const receiptOf = (inner: Uint8Array, digest = zero) =>
  concatBytes([inner, u64(BigInt(journal.length)), journal, digest]);

/** Offsets of a proof's fields. */
export interface Layout {
  /** Of the seal's length in words, 8 bytes; the seal follows. */
  readonly sealLength: number;
  readonly sealEnd: number;
  /** Of the length of the hash function's name, 8 bytes; the name follows. */
  readonly hashName: number;
  /** Of the 32 bytes that name the version, behind the hash function's name. */
  readonly parameters: number;
}

export const nameOfHash = concatBytes([u64(9n), stringToBytes("poseidon2")]);

export function layoutOf(kind: Kind): Layout {
  const proof = proofs[kind];
  const sealLength = kind === "composite" ? 12 : 4;
  const words = new DataView(proof.buffer).getBigUint64(sealLength, true);
  const sealEnd = sealLength + 8 + 4 * Number(words);
  const hashName = Buffer.from(proof.buffer).indexOf(nameOfHash, sealEnd);
  if (hashName < 0) throw new Error("no hash function's name is behind the seal");
  return { sealLength, sealEnd, hashName, parameters: hashName + nameOfHash.length };
}
