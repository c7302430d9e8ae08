/**
 * Values over a byte stream. A frame is `u32 length ‖ u32 json length ‖ json ‖ (u32 length ‖ bytes)*`,
 * integers little-endian: JSON for the shape, and beside it the byte arrays that JSON can't carry.
 */

/** The other end sent what is no frame, or one above the limit. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
const bytesKey = "$bytes", bigintKey = "$bigint";

/** A frame that holds plain data: JSON values, `Uint8Array`, `bigint`. */
export function encodeFrame(value: unknown): Uint8Array {
  const parts: Uint8Array[] = [];
  const text = JSON.stringify({ v: value }, function (this: Record<string, unknown>, key, shown) {
    // Buffers have a toJSON of their own, so the holder is asked for the value as it was.
    const raw = this[key];
    if (raw instanceof Uint8Array) return { [bytesKey]: parts.push(raw) - 1 };
    if (typeof raw === "bigint") return { [bigintKey]: raw.toString() };
    if (typeof raw === "object" && raw !== null && (bytesKey in raw || bigintKey in raw)) {
      throw new TypeError(`a frame can't carry a property named ${bytesKey} or ${bigintKey}`);
    }
    return shown;
  });
  const json = encoder.encode(text);
  const length = 4 + json.length + parts.reduce((sum, part) => sum + 4 + part.length, 0);
  const frame = new Uint8Array(4 + length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, length, true);
  view.setUint32(4, json.length, true);
  frame.set(json, 8);
  let at = 8 + json.length;
  for (const part of parts) {
    view.setUint32(at, part.length, true);
    frame.set(part, at + 4);
    at += 4 + part.length;
  }
  return frame;
}

function decodeFrame(body: Uint8Array): unknown {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const take = (at: number): Uint8Array => {
    const end = at + 4 <= body.length ? at + 4 + view.getUint32(at, true) : Infinity;
    if (end > body.length) throw new FrameError("a frame's part is cut off");
    return body.subarray(at + 4, end);
  };
  const json = take(0);
  const parts: Uint8Array[] = [];
  for (let at = 4 + json.length; at < body.length;) {
    const part = take(at);
    parts.push(part.slice());
    at += 4 + part.length;
  }
  try {
    const { v } = JSON.parse(decoder.decode(json), (_key, value) => {
      if (typeof value !== "object" || value === null) return value;
      if (bigintKey in value) return BigInt(value[bigintKey]);
      if (!(bytesKey in value)) return value;
      const part = parts[value[bytesKey]];
      if (!part) throw new FrameError("a frame lacks a part");
      return part;
    }) as { v: unknown };
    return v;
  } catch (error) {
    throw error instanceof FrameError ? error : new FrameError("a frame is not JSON", {
      cause: error,
    });
  }
}

/** Cuts a byte stream into frames. */
export class FrameReader {
  #chunks: Uint8Array[] = [];
  #size = 0;

  /** @param maxBytes a longer frame is refused as soon as its length is known */
  constructor(private readonly maxBytes: number) {}

  /**
   * The frames that this chunk completes.
   * @throws {FrameError} and the stream can't be read any further
   */
  *push(chunk: Uint8Array): Generator<unknown, void, undefined> {
    // A Buffer's slice would not copy.
    this.#chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
    this.#size += chunk.length;
    while (this.#size >= 4) {
      const header = this.#peek(4);
      const length = new DataView(header.buffer, header.byteOffset).getUint32(0, true);
      if (length > this.maxBytes) {
        throw new FrameError(`a frame of ${length} bytes, at most ${this.maxBytes} are taken`);
      }
      if (this.#size < 4 + length) return;
      this.#take(4);
      yield decodeFrame(this.#take(length));
    }
  }

  #peek(length: number): Uint8Array {
    const first = this.#chunks[0] as Uint8Array;
    if (first.length < length) this.#chunks = [this.#joined()];
    return this.#chunks[0] as Uint8Array;
  }

  #take(length: number): Uint8Array {
    const first = this.#chunks[0];
    const all = first && first.length >= length ? first : this.#joined();
    const rest = all === first ? this.#chunks.slice(1) : [];
    this.#chunks = all.length > length ? [all.subarray(length), ...rest] : rest;
    this.#size -= length;
    return all.subarray(0, length);
  }

  #joined(): Uint8Array {
    const all = new Uint8Array(this.#size);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }
}
