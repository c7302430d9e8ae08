/** Hexadecimal by the runtime: several times as fast as viem's. */
import type { Hex } from "viem";

export const bytesToHex = (bytes: Uint8Array): Hex => `0x${bytes.toHex()}`;

/** @throws when it is not 0x-hex of whole bytes */
export function hexToBytes(hex: Hex): Uint8Array {
  if (!hex.startsWith("0x")) throw new SyntaxError("not 0x-hex");
  return Uint8Array.fromHex(hex.slice(2));
}

/** The 16 bytes of a UUID's text. */
export const uuidBytes = (id: string): Uint8Array => Uint8Array.fromHex(id.replaceAll("-", ""));
