/**
 * What travels between enodes and znodes. A frame is dag-cbor `{p, s}`: `p` are the payload's
 * bytes, `s` the signature over exactly those bytes, so that a receiver checks the signature
 * before it parses anything and never re-encodes. Authorisation is per frame (DESIGN R5).
 */
import * as cbor from "@ipld/dag-cbor";
import { type Address, hashTypedData, type Hex, hexToBytes, recoverAddress, toHex } from "viem";
import { z } from "zod";
import { bindingKinds, vmTypes } from "../../runtimes/runtime.ts";
import type { Network } from "./evidence.ts";
import * as s from "./schema.ts";
import { type DigestSigner, domainOf, taskSchema } from "./task.ts";

export const protocolVersion = 1;

/** Gossip topic of a project: carries `announce` and `state`. */
export const projectTopic = (projectId: bigint): string => `w3bstream-project-${projectId}`;
/** Direct stream: carries every other kind. */
export const taskProtocol = "/w3bstream/task/1.0.0";

/** Bounds on what one frame may hold, in bytes. */
export const limits = {
  gossipFrame: 8 * 1024,
  directFrame: 4 * 1024 * 1024,
  proof: 2 * 1024 * 1024,
  publicValues: 64 * 1024,
  text: 1024,
} as const;

const text = z.string().max(limits.text);
const epoch = s.uint64;
const address = s.address;

export const receiptSchema = z.object({
  vmType: z.enum(vmTypes),
  programId: s.bytes32,
  imageId: s.bytes32,
  bindingKind: z.enum(bindingKinds),
  publicValues: s.bytes(limits.publicValues),
  proof: s.bytes(limits.proof),
});

const onTask = z.object({ taskId: s.bytes32, epoch });

/** A schema for each kind of frame. Directions: e an enode sends, z a znode sends. */
export const wireSchemas = {
  /** e, gossip: a task was packed. */
  announce: z.object({
    taskId: s.bytes32,
    projectId: s.projectId,
    version: s.version,
    programId: s.bytes32,
  }),
  /** e, gossip: a task reached a state. */
  state: z.object({ taskId: s.bytes32, projectId: s.projectId, state: z.string().max(32) }),
  /** z: what it offers; repeated when it changes. */
  hello: z.object({
    runtimes: z.array(z.enum(vmTypes)).max(vmTypes.length),
    /** Proofs it can make at once. */
    capacity: z.number().int().min(0).max(4096),
  }),
  /** e: will you prove this task? The payload follows acceptance. */
  lease: onTask.extend({
    task: taskSchema,
    signature: s.signature,
    serial: s.uint64,
    /** How long the lease lasts without a heartbeat, ms from receipt. */
    leaseMs: z.number().int().min(100).max(3_600_000),
    /** Most time the proof may take, ms. */
    timeoutMs: z.number().int().min(1).max(86_400_000),
  }),
  /** z: yes; `evidence` signs the `Acceptance`. */
  accept: onTask.extend({ verifier: address, evidence: s.signature }),
  /** z: no. */
  refuse: onTask.extend({ reason: text, retryable: z.boolean() }),
  /** e: the task's private input. */
  payload: onTask.extend({
    messages: z.array(s.bytes(limits.directFrame)).min(1).max(10_000),
    inputSalt: s.bytes(32).refine((b) => b.length === 32, "must be 32 bytes"),
    clientId: z.string().max(256),
  }),
  /** z: still working; renews the lease. */
  progress: onTask.extend({
    phase: z.string().max(64),
    done: z.number().nonnegative(),
    total: z.number().nonnegative(),
  }),
  /** z: the proof; `evidence` signs the `ReceiptClaim`. */
  receipt: onTask.extend({ receipt: receiptSchema, evidence: s.signature }),
  /** z: the proof can't be made. */
  failure: onTask.extend({ reason: text, retryable: z.boolean() }),
  /** e: stop; the lease is over. */
  cancel: onTask,
  /** e: you may output; `evidence` signs the `OutputGrant`. The receipt may be another znode's. */
  grant: onTask.extend({
    output: z.number().int().min(0).max(15),
    task: taskSchema,
    signature: s.signature,
    serial: s.uint64,
    receiptProver: address,
    receipt: receiptSchema,
    evidence: s.signature,
  }),
  /** z: what became of an output. */
  report: onTask.extend({
    output: z.number().int().min(0).max(15),
    state: z.enum(["sent", "confirmed", "retry", "dead"]),
    /** Transaction hash or another reference a person can look up. */
    reference: text,
    comment: text,
  }),
} as const;

export type WireKind = keyof typeof wireSchemas;
export type WireBody<K extends WireKind> = z.infer<typeof wireSchemas[K]>;
/** A frame that was opened: who signed it, for whom, and what it says. */
export type WireMessage = {
  [K in WireKind]: { readonly kind: K; readonly from: Address; readonly body: WireBody<K> };
}[WireKind];

const frameSchema = z.object({ p: s.bytes(limits.directFrame), s: s.bytes(65) });
const payloadSchema = z.object({
  v: z.literal(protocolVersion),
  k: z.enum(Object.keys(wireSchemas) as [WireKind, ...WireKind[]]),
  /** The receiver; "" for gossip. */
  to: z.union([address, z.literal("")]),
  /** Milliseconds since 1970, by the sender's clock. */
  at: z.number().int().nonnegative(),
  b: z.unknown(),
});

const envelopeTypes = { Envelope: [{ name: "payload", type: "bytes" }] } as const;

function envelopeDigest(network: Network, payload: Uint8Array): Hex {
  return hashTypedData({
    domain: domainOf(network.chainId, network.router),
    types: envelopeTypes,
    primaryType: "Envelope",
    message: { payload: toHex(payload) },
  });
}

/** dag-cbor has no integers over 64 bits: bigints travel as decimal text. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array || value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(
    Object.entries(value).filter(([, v]) => v !== undefined).map(([k, v]) => [k, plain(v)]),
  );
}

/** Why a frame was refused; counted by `kind`, and never worth an answer. */
export class WireError extends Error {
  constructor(
    readonly kind: "size" | "encoding" | "signature" | "schema" | "recipient" | "stale",
    message: string,
  ) {
    super(message);
    this.name = "WireError";
  }
}

/** Encodes and signs. `to` is the receiver's address, "" for gossip. */
export async function seal<K extends WireKind>(
  network: Network,
  signer: DigestSigner,
  to: Address | "",
  kind: K,
  body: WireBody<K>,
  now: number = Date.now(),
): Promise<Uint8Array> {
  const p = cbor.encode({ v: protocolVersion, k: kind, to, at: now, b: plain(body) });
  const signature = await signer.sign({ hash: envelopeDigest(network, p) });
  return cbor.encode({ p, s: hexToBytes(signature) });
}

/** Where and when a frame is read. */
export interface Opening {
  readonly network: Network;
  /** The receiver's own address. */
  readonly self: Address;
  readonly maxBytes: number;
  /** Frames older or newer than this many ms are refused. */
  readonly maxSkewMs: number;
  readonly now?: number;
}

/**
 * Checks size, signature, addressee, age and schema, in that order.
 * Whether `from` may say what it says is the caller's to decide.
 * @throws {WireError}
 */
export async function open(frame: Uint8Array, options: Opening): Promise<WireMessage> {
  if (frame.length > options.maxBytes) throw new WireError("size", "frame is too large");
  const { p, s: signature } = parse(frameSchema, decode(frame));
  if (signature.length !== 65) throw new WireError("signature", "signature is not 65 bytes");
  let from: Address;
  try {
    from = await recoverAddress({
      hash: envelopeDigest(options.network, p),
      signature: toHex(signature),
    });
  } catch {
    throw new WireError("signature", "signature does not recover");
  }
  const payload = parse(payloadSchema, decode(p));
  const gossip = payload.k === "announce" || payload.k === "state";
  if (payload.to !== (gossip ? "" : options.self)) {
    throw new WireError("recipient", "frame is for somebody else");
  }
  if (Math.abs((options.now ?? Date.now()) - payload.at) > options.maxSkewMs) {
    throw new WireError("stale", "frame is too old or from the future");
  }
  const body = parse<unknown>(wireSchemas[payload.k], payload.b);
  return { kind: payload.k, from, body } as WireMessage;
}

function decode(bytes: Uint8Array): unknown {
  try {
    return cbor.decode(bytes);
  } catch {
    throw new WireError("encoding", "not dag-cbor");
  }
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (!result.success) throw new WireError("schema", s.describeIssue(result.error));
  return result.data;
}
