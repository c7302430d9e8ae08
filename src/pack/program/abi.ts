/**
 * What a project's packer gets and gives: a WebAssembly module that exports `memory`,
 * `ws_alloc(i32 length) -> i32` and `ws_pack(i32 pointer, i32 length) -> i64`, and imports nothing.
 * It is asked for room, gets its input there, and answers `pointer << 32 | length` of its answer.
 * All integers are little-endian.
 *
 *   input   u32 1, u32 n, u64 now; n × (u64 received, u32 a, a bytes sender, u32 b, b bytes data)
 *   answer  u32 groups, each: u32 k, k × u32 message; u32 m, m × (u32 c, c bytes)
 *
 * Times are ms since 1970, messages are numbered as they came, oldest first. A group becomes a
 * task of its k messages; where m is 2^32 - 1 the program reads their data, else the m items
 * instead. Messages in no group wait.
 */
import type { Message } from "../../da/da.ts";

/** What becomes one task. */
export interface Grouping {
  /** Numbers of messages, each of one group only. */
  readonly messages: readonly number[];
  /** What the program reads instead of their data. */
  readonly input: readonly Uint8Array[] | undefined;
}

const abiVersion = 1;
const asTheyAre = 0xffff_ffff;

export function encodeInput(
  messages: readonly Pick<Message, "clientId" | "data" | "receivedAt">[],
  now: number,
): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const senders = messages.map(({ clientId }) => encoder.encode(clientId));
  const size = messages.reduce((sum, { data }, i) => {
    return sum + 16 + (senders[i]?.length ?? 0) + data.length;
  }, 16);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, abiVersion, true);
  view.setUint32(4, messages.length, true);
  view.setBigUint64(8, BigInt(now), true);
  let at = 16;
  const put = (part: Uint8Array) => {
    view.setUint32(at, part.length, true);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  };
  for (const [i, { data, receivedAt }] of messages.entries()) {
    view.setBigUint64(at, BigInt(receivedAt), true);
    at += 8;
    put(senders[i] as Uint8Array);
    put(data);
  }
  return bytes;
}

export interface AnswerBounds {
  /** Messages that the packer got. */
  readonly messages: number;
  /** Most messages of a task. */
  readonly perTask: number;
  /** Most that the program reads, messages or items. */
  readonly items: number;
}

/** @throws {Error} saying what of the answer is nonsense; its text is the project's to read */
export function decodeAnswer(answer: Uint8Array, bounds: AnswerBounds): Grouping[] {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
  let at = 0;
  const word = (): number => {
    if (at + 4 > answer.length) throw new Error("its answer ends too early");
    at += 4;
    return view.getUint32(at - 4, true);
  };
  const groups: Grouping[] = [];
  const taken = new Set<number>();
  const count = word();
  if (count > bounds.messages) throw new Error(`it made ${count} groups of fewer messages`);
  while (groups.length < count) {
    const size = word();
    if (size < 1 || size > bounds.perTask) {
      throw new Error(`a group has ${size} messages; a task has from 1 to ${bounds.perTask}`);
    }
    const messages: number[] = [];
    for (let i = 0; i < size; i++) {
      const message = word();
      if (message >= bounds.messages) throw new Error(`there is no message ${message}`);
      if (taken.has(message)) throw new Error(`message ${message} is in two places`);
      taken.add(message);
      messages.push(message);
    }
    const items = word();
    if (items === asTheyAre) {
      if (size > bounds.items) {
        throw new Error(`a group has ${size} messages; the program takes at most ${bounds.items}`);
      }
      groups.push({ messages, input: undefined });
      continue;
    }
    if (items < 1 || items > bounds.items) {
      throw new Error(`an input has ${items} items; the program takes from 1 to ${bounds.items}`);
    }
    const input: Uint8Array[] = [];
    for (let i = 0; i < items; i++) {
      const length = word();
      if (length > answer.length - at) throw new Error("its answer ends too early");
      input.push(answer.slice(at, at += length));
    }
    groups.push({ messages, input });
  }
  if (at !== answer.length) throw new Error("its answer goes on after its groups");
  return groups;
}
