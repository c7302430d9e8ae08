/** A project's operator asks an enode to try dead outputs again. */
import { Buffer } from "node:buffer";
import type { Address, Hex } from "viem";
import { keccak } from "../keccak.ts";
import { recoverAnySigner } from "../secp256k1.ts";

export interface RetryRequest {
  readonly taskId: Hex;
  /** Undefined: all that are dead. */
  readonly output: number | undefined;
  /** Seconds since 1970 by the signer's clock. */
  readonly time: number;
}

/** Seconds between the signer's clock and the enode's: for so long the request can be repeated. */
export const retryWindow = 300;

/** What is signed, as UTF-8 by EIP-191, as wallets sign text. */
export const retryText = ({ taskId, output, time }: RetryRequest): string =>
  ["w3bstream retry", `task: ${taskId}`, `output: ${output ?? "all"}`, `time: ${time}`].join("\n");

/** Who signed it; undefined where nobody did. */
export function retrySigner(request: RetryRequest, signature: Hex): Address | undefined {
  const signed = Buffer.from(retryText(request));
  const prefix = `\x19Ethereum Signed Message:\n${signed.length}`;
  try {
    const digest = keccak(Buffer.concat([Buffer.from(prefix), signed]));
    return recoverAnySigner(digest, new Uint8Array(Buffer.from(signature.slice(2), "hex")));
  } catch {
    return undefined;
  }
}
