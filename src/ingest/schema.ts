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

export const mayOperateSchema = z.object({ mayOperate: z.boolean() });

export const credentialAnswerSchema = z.object({
  verifiableCredential: z.string().meta({ description: "a JWT, for Authorization: Bearer" }),
}).meta({ id: "Credential" });

export const faultsSchema = z.object({ faults: z.array(faultSummarySchema) });

const hex = (bytes: number) => new RegExp(`^0x[0-9a-fA-F]{${2 * bytes}}$`);

/** With neither time nor signature, OPERATOR_TOKEN is shown as bearer. */
export const retrySchema = z.strictObject({
  output: z.int().min(0).max(255).optional().meta({
    description: "index in the project's list of outputs; left out: all that are dead",
  }),
  time: z.int().min(0).optional().meta({ description: "seconds since 1970, within 5 minutes" }),
  signature: z.string().regex(hex(65), "must be 65 bytes as 0x-hex").optional().meta({
    description: "of who may operate the project, by EIP-191, over the lines of the README",
  }),
}).meta({ id: "Retry" });

export const retriedSchema = z.object({
  taskHash: z.string(),
  retried: z.array(z.int()).meta({ description: "outputs that are tried again" }),
}).meta({ id: "Retried" });

export const deadOutputsSchema = z.object({
  outputs: z.array(z.object({
    id: z.string(),
    time: z.string(),
    projectID: z.string(),
    taskID: z.string(),
    taskHash: z.string(),
    output: z.int(),
    attempt: z.int(),
    by: z.string(),
    reason: z.string(),
  })),
}).meta({ id: "DeadOutputs" });

export const liveSchema = z.object({ status: z.enum(["up", "draining"]) });

export const readySchema = z.object({
  status: z.enum(["ready", "degraded", "not ready"]),
  /** By what is missing. */
  reasons: z.record(z.string(), z.string()).optional(),
});
