/** Public values of a ZkWasm receipt. */
import { bytesToHex, type Hex } from "viem";

/** How a run can end, by number; only the first is a result. */
export const statuses = [
  "done",
  "unreachable",
  "memory access out of bounds",
  "division by zero",
  "integer overflow",
  "undefined element",
  "uninitialized element",
  "indirect call of another signature",
  "call stack exhausted",
  "table access out of bounds",
  "require failed",
  "aborted",
] as const;

/** Number of "require failed", by which guests refuse their input. */
export const requireFailed = statuses.indexOf("require failed");

/** What a proof says: given these inputs and some private ones, the program gave these outputs. */
export interface RunStatement {
  readonly status: number;
  readonly imageId: Hex;
  readonly binding: Hex;
  readonly inputs: readonly bigint[];
  readonly outputs: readonly bigint[];
}

const form = 1;
const headBytes = 74;
/** Most public inputs and outputs together: public values of 64 KiB, what a receipt has room for. */
export const maxPublicValues = Math.floor((64 * 1024 - headBytes) / 8);

/**
 * Reads public values, whose form `wasm/zkwasm/src/abi.rs` describes.
 * @returns undefined for bytes of no known form
 */
export function decodeStatement(bytes: Uint8Array): RunStatement | undefined {
  if (bytes.length < headBytes || bytes[0] !== form) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [inputs, outputs] = [view.getUint32(66), view.getUint32(70)];
  const status = view.getUint8(1);
  if (status >= statuses.length || bytes.length !== headBytes + (inputs + outputs) * 8) {
    return undefined;
  }
  const values = Array.from(
    { length: inputs + outputs },
    (_, i) => view.getBigUint64(headBytes + i * 8),
  );
  return {
    status,
    imageId: bytesToHex(bytes.subarray(2, 34)),
    binding: bytesToHex(bytes.subarray(34, 66)),
    inputs: values.slice(0, inputs),
    outputs: values.slice(inputs),
  };
}

/** The commitment that a guest gives as its first four outputs. */
export function commitmentIn({ outputs }: RunStatement): Hex | undefined {
  if (outputs.length < 4) return undefined;
  return `0x${outputs.slice(0, 4).map((v) => v.toString(16).padStart(16, "0")).join("")}`;
}
