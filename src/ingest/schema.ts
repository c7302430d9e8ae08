/** The HTTP API's bodies: what CBOR requests are parsed by, clients check answers by, and OpenAPI shows. */
import { z } from "zod";
import { faultSummarySchema } from "../protocol/fault.ts";

const uint64 = 1n << 64n;
const isProjectId = "must be a whole number from 1 to 2^64-1";
const projectId = z.union([
  z.int(isProjectId).min(1, isProjectId),
  z.bigint().min(1n, isProjectId).max(uint64 - 1n, isProjectId),
], { error: isProjectId }).transform((id) => BigInt(id))
  .meta({ description: "the project's number on the chain", examples: [1] });
const text = (max: number) => z.string().min(1).max(max);

/** One message. JSON bodies are also read as Go reads them: names in any case, and the like. */
export const messageSchema = z.object({
  projectID: projectId,
  projectVersion: text(64).meta({ examples: ["1.0"] }),
  data: z.string().min(1).meta({ description: "what the project's program reads" }),
  signature: z.string().optional().meta({
    description: "0x-hex; of the lines that a device signs, or in the successor's form",
  }),
  device: z.string().max(256).optional().meta({
    description: "address or did:key that signed, where the project's auth has type device",
  }),
  time: z.int().min(0).optional().meta({ description: "seconds since 1970 by the device's clock" }),
  nonce: z.string().max(64).optional().meta({ description: "other for each message of a device" }),
}).meta({ id: "Message" });

const bytes = z.instanceof(Uint8Array);

/** The same as CBOR, where data and signature may be bytes. */
export const cborMessageSchema = messageSchema.extend({
  data: z.union([z.string().min(1), bytes.refine((b) => b.length > 0, "must not be empty")]),
  signature: z.union([z.string(), bytes.transform((b) => `0x${b.toHex()}`)]).optional(),
});

export const errorSchema = z.object({ error: z.string() }).meta({ id: "Error" });

export const messageAnswerSchema = z.object({ messageID: z.string() }).meta({ id: "Stored" });

export const messagesAnswerSchema = z.object({
  messages: z.array(z.union([messageAnswerSchema, errorSchema.extend({ status: z.int() })])),
}).meta({ id: "StoredMany" });

export const stateSchema = z.object({
  state: z.string().meta({
    description: "received, packed, dispatched, proved, outputted or failed",
    examples: ["packed"],
  }),
  time: z.string(),
  comment: z.string().meta({ description: "why it waits or failed" }),
  result: z.string(),
}).meta({ id: "State" });

export const messageStatusSchema = z.object({
  messageID: z.string(),
  states: z.array(stateSchema).nullable().meta({ description: "null: there is no such message" }),
}).meta({ id: "MessageStatus" });

export const taskStatusSchema = z.object({
  taskID: z.number().nullable(),
  projectID: z.number(),
  states: z.array(stateSchema).nullable(),
  taskHash: z.string().optional(),
  block: z.string().optional().meta({ description: "CID of the task's block on IPFS" }),
}).meta({ id: "TaskStatus" });

export const enodeConfigSchema = z.object({
  projectContractAddress: z.string(),
  OperatorETHAddress: z.string(),
  operatorSolanaAddress: z.string().optional(),
  credentialIssuer: z.string().optional().meta({ description: "DID of POST /sign_credential" }),
}).meta({ id: "EnodeConfig" });

export const credentialAnswerSchema = z.object({
  verifiableCredential: z.string().meta({ description: "a JWT, for Authorization: Bearer" }),
}).meta({ id: "Credential" });

export const faultsSchema = z.object({ faults: z.array(faultSummarySchema) });

export const liveSchema = z.object({ status: z.enum(["up", "draining"]) });

export const readySchema = z.object({
  status: z.enum(["ready", "not ready"]),
  /** By what is missing. */
  reasons: z.record(z.string(), z.string()).optional(),
});
