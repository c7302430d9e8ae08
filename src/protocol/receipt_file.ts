/** A receipt as a file, or as an enode's answer: JSON. */
import { z } from "zod";
import { classNames, profiles } from "../../runtimes/zkwasm/profile.ts";
import { address, bytes32, describeIssue } from "./schema.ts";

const base64 = z.base64().transform((text): Uint8Array => Uint8Array.fromBase64(text));

const proven = {
  programId: bytes32,
  /**
   * What the proof says: for zkwasm as `wasm/zkwasm/src/abi.rs` describes it, for risc0 the journal,
   * for halo2 words of 32 bytes that the program names.
   */
  publicValues: base64,
  proof: base64,
  /** The task that it was made for and who made it, where an enode tells it. */
  task: z.object({ taskId: bytes32, prover: address }).optional(),
};
const version = z.literal(1, { error: "is of a version that is unknown here" });

/** Of files and answers, base64 decoded. */
export const receiptSchema = z.discriminatedUnion("vmType", [
  z.object({
    version,
    vmType: z.literal("zkwasm"),
    profile: z.enum(profiles, { error: "is of a profile that is unknown here" }),
    /**
     * Of profile `wrap`, where they are told: the program's class, and its verifying key unless that
     * is the test setup's. A key that its receipt names says nothing: compare it with the project's.
     */
    class: z.enum(classNames).optional(),
    key: base64.optional(),
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
  z.object({ version, vmType: z.literal("halo2"), ...proven }),
], { error: "must be a receipt of zkwasm, risc0 or halo2" });

export type ReceiptFile = z.output<typeof receiptSchema>;
export type ZkwasmReceipt = Extract<ReceiptFile, { vmType: "zkwasm" }>;
export type Risc0Receipt = Extract<ReceiptFile, { vmType: "risc0" }>;

/** As JSON, which the schema reads. */
export function receiptJson({ publicValues, proof, ...rest }: ReceiptFile) {
  const key = "key" in rest && rest.key ? { key: rest.key.toBase64() } : {};
  return { ...rest, ...key, publicValues: publicValues.toBase64(), proof: proof.toBase64() };
}

/** The file's text. */
export const receiptText = (file: ReceiptFile): string =>
  JSON.stringify(receiptJson(file), null, 2) + "\n";

/** @throws {Error} naming the field that is wrong */
export function parseReceipt(json: unknown): ReceiptFile {
  const parsed = receiptSchema.safeParse(json);
  if (!parsed.success) throw new Error(describeIssue(parsed.error));
  return parsed.data;
}
