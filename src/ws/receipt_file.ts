import { Buffer } from "node:buffer";
import { writeFile } from "node:fs/promises";
import { z } from "zod";
import { profiles } from "../../runtimes/zkwasm/profile.ts";
import { bytes32, describeIssue } from "../protocol/schema.ts";
import { UserError } from "./cli.ts";
import { readBytes } from "./files.ts";

const base64 = z.base64().transform((text): Uint8Array =>
  new Uint8Array(Buffer.from(text, "base64"))
);
const toBase64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

const proven = {
  programId: bytes32,
  /** What the proof says: for zkwasm as `wasm/zkwasm/src/abi.rs` describes it, for risc0 the journal. */
  publicValues: base64,
  proof: base64,
};
const version = z.literal(1, { error: "is of a version that is unknown here" });

const schema = z.discriminatedUnion("vmType", [
  z.object({
    version,
    vmType: z.literal("zkwasm"),
    profile: z.enum(profiles, { error: "is of a profile that is unknown here" }),
    ...proven,
  }),
  z.object({
    version,
    vmType: z.literal("risc0"),
    imageId: bytes32,
    /** `data`: the journal begins with the input's commitment and the binding. */
    bindingKind: z.enum(["data", "none"]),
    ...proven,
  }),
], { error: "must be a receipt of zkwasm or risc0" });

/** A receipt as `ws prove` writes it. */
export type ReceiptFile = z.output<typeof schema>;
export type ZkwasmReceipt = Extract<ReceiptFile, { vmType: "zkwasm" }>;
export type Risc0Receipt = Extract<ReceiptFile, { vmType: "risc0" }>;

export async function writeReceipt(path: string, receipt: ReceiptFile): Promise<void> {
  const { publicValues, proof, ...rest } = receipt;
  const file = { ...rest, publicValues: toBase64(publicValues), proof: toBase64(proof) };
  await writeFile(path, JSON.stringify(file, null, 2) + "\n");
}

/**
 * A receipt of `ws prove`; the bytes themselves where the file is no JSON.
 * @throws {UserError} naming the file, and the field
 */
export async function readReceipt(path: string): Promise<ReceiptFile | Uint8Array> {
  const bytes = await readBytes(path);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return bytes;
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw new UserError(`${path}: ${describeIssue(parsed.error)}`);
  return parsed.data;
}
