/**
 * What travels between enodes and znodes. A frame's signature is over exactly its payload's bytes
 * (`envelope.ts`), so that a receiver checks it before it parses anything and never re-encodes. A
 * payload carries one message, or several that were said at once.
 * Authorisation is per message (DESIGN R5).
 */
import * as cbor from "@ipld/dag-cbor";
import type { Address, Hex } from "viem";
import { z } from "zod";
import { bindingKinds, vmTypes } from "../../runtimes/runtime.ts";
import { decode, parse, WireError } from "./decode.ts";
import {
  type Evidence,
  frameMessages,
  type Network,
  openEnvelope,
  partsOf,
  sealEnvelope,
} from "./envelope.ts";
import { hashOfStated, stated, type StatedBy } from "./evidence.ts";
import * as s from "./schema.ts";
import { type DigestSigner, taskSchema } from "./task.ts";

export const protocolVersion = 1;

/** Gossip topic of a project: carries `announce` and `state`. */
export const projectTopic = (projectId: bigint): string => `w3bstream-project-${projectId}`;
/** Direct stream: carries every other kind. */
export const taskProtocol = "/w3bstream/task/1.0.0";

/** Bounds on what one frame may hold, in bytes. */
export const limits = {
  gossipFrame: 8 * 1024,
  directFrame: 4 * 1024 * 1024,
  proof: 3 * 1024 * 1024,
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
  /** z: yes; states the `Acceptance`. */
  accept: onTask.extend({ verifier: address }),
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
  /** z: the proof; states the `ReceiptClaim`. */
  receipt: onTask.extend({ receipt: receiptSchema }),
  /** z: the proof can't be made. */
  failure: onTask.extend({ reason: text, retryable: z.boolean() }),
  /**
   * e: stop; the lease or grant is over. `ended`: so is the proof, by this receipt or another, and those
   * that were kept may go.
   */
  cancel: onTask.extend({ ended: z.boolean() }),
  /** e: you, and with this epoch nobody else, may output. The receipt may be another znode's. */
  grant: onTask.extend({
    output: z.number().int().min(0).max(15),
    /** How long until the output must have begun, ms from receipt. */
    grantMs: z.number().int().min(0).max(86_400_000),
    task: taskSchema,
    signature: s.signature,
    serial: s.uint64,
    receiptProver: address,
    receipt: receiptSchema,
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
/** What a message's sender stands by, to anybody. */
export interface Signed<Statement> {
  readonly statement: Statement;
  readonly evidence: Evidence;
}
/** A message of a frame that was opened: who signed it, what it says, and what that proves. */
export type WireMessage = {
  [K in WireKind]: {
    readonly kind: K;
    readonly from: Address;
    readonly body: WireBody<K>;
    readonly signed: StatedBy<K> extends undefined ? undefined : Signed<StatedBy<K>>;
  };
}[WireKind];

/** Bytes of a frame that are not messages: envelope and signature, and some for each message. */
export const frameOverhead = { frame: 256, message: 40 } as const;

const payloadSchema = z.object({
  v: z.literal(protocolVersion),
  /** The receiver; "" for gossip. */
  to: z.union([address, z.literal("")]),
  /** Milliseconds since 1970, by the sender's clock. */
  at: z.number().int().nonnegative(),
  /** Each message's own dag-cbor, so that a wrong one does not spoil the others. */
  m: z.array(s.bytes(limits.directFrame)).min(1).max(frameMessages),
});
const messageSchema = z.object({
  k: z.enum(Object.keys(wireSchemas) as [WireKind, ...WireKind[]]),
  b: z.unknown(),
});

/** dag-cbor has no integers over 64 bits: bigints travel as decimal text. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array || value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(
    Object.entries(value).filter(([, v]) => v !== undefined).map(([k, v]) => [k, plain(v)]),
  );
}

/** A message as `sealAll` takes it. */
export interface Encoded {
  readonly bytes: Uint8Array;
  /** Hash of what it states for its sender. */
  readonly statement: Hex | undefined;
}

export const encodeMessage = <K extends WireKind>(
  kind: K,
  body: WireBody<K>,
  sender: Address,
): Encoded => {
  const statement = stated<WireKind>(kind, body, sender);
  return {
    bytes: cbor.encode({ k: kind, b: plain(body) }),
    statement: statement && hashOfStated(kind, statement),
  };
};

/** How many of these messages fit a frame of so many bytes; one that is too large goes alone. */
export function fitting(messages: readonly Encoded[], maxBytes: number): number {
  let count = 0, size: number = frameOverhead.frame;
  for (const { bytes } of messages) {
    size += bytes.length + frameOverhead.message;
    if (count === frameMessages || (count > 0 && size > maxBytes)) break;
    count++;
  }
  return count;
}

/** Signs encoded messages as one frame. `to` is the receiver's address, "" for gossip. */
export function sealAll(
  network: Network,
  signer: DigestSigner,
  to: Address | "",
  messages: readonly Encoded[],
  now: number = Date.now(),
): Promise<Uint8Array> {
  const m = messages.map(({ bytes }) => bytes);
  const payload = cbor.encode({ v: protocolVersion, to, at: now, m });
  const statements = messages.flatMap(({ statement }) => statement ?? []);
  return sealEnvelope(network, signer, { payload, statements });
}

/** Encodes and signs one message. */
export function seal<K extends WireKind>(
  network: Network,
  signer: DigestSigner,
  to: Address | "",
  kind: K,
  body: WireBody<K>,
  now: number = Date.now(),
): Promise<Uint8Array> {
  return sealAll(network, signer, to, [encodeMessage(kind, body, signer.address)], now);
}

/** Where and when a frame is read. */
export interface Opening {
  readonly network: Network;
  /** The receiver's own address; "" for gossip. */
  readonly self: Address | "";
  readonly maxBytes: number;
  /** Frames older or newer than this many ms are refused. */
  readonly maxSkewMs: number;
  readonly now?: number;
}

/** A frame whose signature, addressee and age are right; its messages are still to be read. */
export interface OpenFrame {
  readonly from: Address;
  readonly to: Address | "";
  readonly messages: readonly Uint8Array[];
  /** Hashes of what `from` states in it. */
  readonly statements: readonly Hex[];
  /** What the frame proves of one of them. */
  evidence(statement: Hex): Evidence;
}

/**
 * Checks size, signature, addressee and age, in that order.
 * Whether `from` may say what it says is the caller's to decide.
 * @throws {WireError}
 */
export function openFrame(frame: Uint8Array, options: Opening): OpenFrame {
  if (frame.length > options.maxBytes) throw new WireError("size", "frame is too large");
  const { payload, statements, signer, evidence } = openEnvelope(options.network, frame);
  const { to, at, m } = parse(payloadSchema, decode(payload));
  if (to !== options.self) throw new WireError("recipient", "frame is for somebody else");
  if (Math.abs((options.now ?? Date.now()) - at) > options.maxSkewMs) {
    throw new WireError("stale", "frame is too old or from the future");
  }
  return { from: signer, to, messages: m, statements, evidence };
}

/**
 * One message of a frame.
 * @throws {WireError} when it is not of its schema, of a kind that does not travel this way, or
 * says what the frame's signature is no evidence of
 */
export function readMessage(bytes: Uint8Array, frame: OpenFrame): WireMessage {
  const { from, to, statements } = frame;
  const { k, b } = parse(messageSchema, decode(bytes));
  const gossip = k === "announce" || k === "state";
  if (gossip !== (to === "")) throw new WireError("recipient", "message came the wrong way");
  const body = parse<unknown>(wireSchemas[k], b);
  const statement = stated<WireKind>(k, body, from);
  if (statement === undefined) return { kind: k, from, body, signed: undefined } as WireMessage;
  const hash = hashOfStated(k, statement);
  if (!statements.includes(hash)) {
    throw new WireError("evidence", "the frame does not state what its message says");
  }
  return {
    kind: k,
    from,
    body,
    signed: { statement, evidence: frame.evidence(hash) },
  } as WireMessage;
}

/**
 * Checks what anyone can of a frame that is for everyone, without knowing who may say what.
 * @throws {WireError} of kind `size`, `encoding` or `schema`
 */
export function checkGossipForm(frame: Uint8Array): void {
  if (frame.length > limits.gossipFrame) throw new WireError("size", "frame is too large");
  const { m } = parse(payloadSchema, decode(partsOf(frame).payload));
  for (const bytes of m) {
    const { k, b } = parse(messageSchema, decode(bytes));
    parse<unknown>(wireSchemas[k], b);
  }
}
