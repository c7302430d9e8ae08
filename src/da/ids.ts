import { Buffer } from "node:buffer";
import { randomFillSync } from "node:crypto";

/** What a message gets when it is received. */
export interface Identity {
  /** UUIDv7 (RFC 9562), growing within this process. */
  readonly id: string;
  /** 32 random bytes. */
  readonly salt: Uint8Array;
}

const saltBytes = 32;
// 62 random bits of the id, then the salt.
const stride = 8 + saltBytes;
const pool = new Uint8Array(stride * 256);
let used = pool.length;
let lastMs = 0;
let sequence = 0;

/** Takes ids and salts from randomness that is drawn for many messages at once. */
export function newIdentity(): Identity {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const at = used;
  used += stride;
  const now = Date.now();
  // A clock that steps back, or 4,096 ids in one millisecond, must not break the order.
  if (now > lastMs) [lastMs, sequence] = [now, 0];
  else if (++sequence === 0x1000) [lastMs, sequence] = [lastMs + 1, 0];
  const time = lastMs.toString(16).padStart(12, "0");
  const random = Buffer.from(pool.buffer, at, 8);
  random[0] = ((random[0] ?? 0) & 0x3f) | 0x80;
  const tail = random.toString("hex");
  const id = `${time.slice(0, 8)}-${time.slice(8)}-7${sequence.toString(16).padStart(3, "0")}-` +
    `${tail.slice(0, 4)}-${tail.slice(4)}`;
  return { id, salt: pool.slice(at + 8, at + stride) };
}

/** Whether the text is a UUID as the database would accept it, in its canonical form. */
export const isUuid = (text: string): boolean =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);
