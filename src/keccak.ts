/** Keccak-256 in WASM: several times as fast as viem's, same results. */
import { createKeccak } from "hash-wasm";
import type { Hex } from "viem";
import { bytesToHex } from "./hex.ts";

const hasher = await createKeccak(256);

/** 32 bytes. */
export const keccak = (bytes: Uint8Array): Uint8Array =>
  hasher.init().update(bytes).digest("binary");

export const keccakHex = (bytes: Uint8Array): Hex => bytesToHex(keccak(bytes));
