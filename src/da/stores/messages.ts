/** Messages as they come and are kept. */
import type { Hex } from "viem";
import type { StateEntry } from "./tasks.ts";

/** A message as ingestion hands it over. */
export interface NewMessage {
  readonly projectId: bigint;
  readonly version: string;
  /** The sender, "" when unknown. */
  readonly clientId: string;
  readonly data: Uint8Array;
  /** Same (project, client, key): the first message's id is answered again. */
  readonly idempotencyKey: string | undefined;
  /** The packer never mixes groups; "" for the one group of most projects. */
  readonly group: string;
}

/** A message as it is stored. */
export interface Message {
  /** UUIDv7 text. */
  readonly id: string;
  readonly projectId: bigint;
  readonly version: string;
  readonly clientId: string;
  readonly data: Uint8Array;
  /** 32 random bytes, private like the data. */
  readonly salt: Uint8Array;
  /** Milliseconds since 1970, by the database's clock. */
  readonly receivedAt: number;
}

export type Appended =
  | {
    readonly id: string;
    readonly duplicate: boolean;
    /** The first message with the idempotency key has other data. */
    readonly differs?: boolean;
  }
  /** This row could not be stored; its batch-mates were. */
  | { readonly error: string };

export interface MessageStatus {
  readonly id: string;
  readonly projectId: bigint;
  readonly version: string;
  readonly group: string;
  readonly receivedAt: number;
  /** Undefined until packed. */
  readonly task:
    | { readonly projectId: bigint; readonly serial: bigint; readonly taskId: Hex }
    | undefined;
  readonly states: readonly StateEntry[];
}

/** Messages: durable before they are acknowledged (DESIGN R1). */
export interface MessageStore {
  /**
   * Resolves after the commit that made it durable. Calls in flight share commits, in which each
   * project that waits has its turn.
   * @throws {OverloadedError} when the queue before the database is full
   * @throws {ShareExceededError} when the project's share of it is
   */
  append(message: NewMessage): Promise<Appended>;
  /** All or, row by row, an error each; one answer a message, in order. */
  appendMany(messages: readonly NewMessage[]): Promise<Appended[]>;
  status(id: string): Promise<MessageStatus | undefined>;
  /** What is not stored yet. */
  readonly queued: { readonly rows: number; readonly bytes: number };
}

/** Ingestion answers 503 with `Retry-After`. */
export class OverloadedError extends Error {
  constructor(readonly retryAfterSeconds: number, text = "the message queue is full") {
    super(text);
    this.name = "OverloadedError";
  }
}

/** The project alone has too much waiting; ingestion answers 429 with `Retry-After`. */
export class ShareExceededError extends OverloadedError {
  constructor(retryAfterSeconds: number) {
    super(retryAfterSeconds, "too many of the project's messages wait to be stored");
    this.name = "ShareExceededError";
  }
}
