import { Buffer } from "node:buffer";
import { OverloadedError } from "../da/da.ts";
import { type Form, gunzipped, isGzip } from "./decode.ts";
import { RequestError } from "./message.ts";

export interface BodyLimits {
  /** Most bytes of one body. */
  readonly bytes: number;
  /** Seconds until a body must be there. */
  readonly seconds: number;
}

/**
 * Reads request bodies, and never holds more of them than was agreed, however many clients
 * send at once and however they frame what they send.
 */
export class BodyReader {
  #held = 0;
  #late = new Deadlines();

  /** @param capacity most bytes of all bodies being read together */
  constructor(readonly capacity: number) {}

  /** The body as UTF-8 text, or as bytes where they are unpacked or are no text. */
  async read(request: Request, limits: BodyLimits, form: Form): Promise<string | Uint8Array> {
    const packed = isGzip(request);
    if (!packed && form !== "cbor") return await this.text(request, limits);
    return await this.#reserved(request, limits, packed ? limits.bytes : 0, async (length) => {
      const body = await this.#late.race(bytesOf(request, length, limits.bytes), limits.seconds);
      return packed ? await gunzipped(body, limits.bytes) : body;
    });
  }

  /**
   * @throws {RequestError} 413 as soon as the body is known to be too large, 408 when it is late
   * @throws {OverloadedError} when too many others are being read
   */
  text(request: Request, limits: BodyLimits): Promise<string> {
    return this.#reserved(request, limits, 0, (length) => {
      // A stated length is kept by the server; without one every chunk is counted.
      const body = length === undefined ? counted(request, limits.bytes) : request.text();
      return this.#late.race(body, limits.seconds);
    });
  }

  /** @param more bytes to reserve beside the body's */
  async #reserved<T>(
    request: Request,
    limits: BodyLimits,
    more: number,
    read: (length: number | undefined) => Promise<T>,
  ): Promise<T> {
    const header = request.headers.get("content-length");
    const length = header === null ? undefined : Number(header);
    if (length !== undefined && length > limits.bytes) throw tooLarge(limits.bytes);
    const reserved = (length ?? limits.bytes) + more;
    if (this.#held > 0 && this.#held + reserved > this.capacity) throw new OverloadedError(1);
    this.#held += reserved;
    try {
      return await read(length);
    } catch (error) {
      // What went wrong while reading is the client's: it went away, or broke its framing.
      throw error instanceof RequestError ? error : new RequestError(400, "unexpected EOF");
    } finally {
      this.#held -= reserved;
    }
  }
}

const tooLarge = (bytes: number): RequestError =>
  new RequestError(413, `the body must have at most ${bytes} bytes`);

async function* chunksOf(request: Request, most: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    // Leaving the loop cancels the stream: the rest is never read.
    if (size > most) throw tooLarge(most);
    yield chunk;
  }
}

async function counted(request: Request, most: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of chunksOf(request, most)) {
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

async function bytesOf(
  request: Request,
  length: number | undefined,
  most: number,
): Promise<Uint8Array> {
  if (length !== undefined) return new Uint8Array(await request.arrayBuffer());
  return Buffer.concat(await Array.fromAsync(chunksOf(request, most)));
}

/** Many deadlines with one timer: a timer a request would be a tenth of the request's cost. */
class Deadlines {
  #open = new Set<{ readonly at: number; readonly fail: () => void }>();
  #timer: ReturnType<typeof setInterval> | undefined;

  race<T>(work: Promise<T>, seconds: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const entry = {
        at: performance.now() + seconds * 1000,
        fail: () => reject(new RequestError(408, `the body did not arrive within ${seconds} s`)),
      };
      this.#open.add(entry);
      this.#timer ??= setInterval(() => this.#sweep(), 100);
      work.then((value) => {
        this.#open.delete(entry);
        resolve(value);
      }, (error) => {
        this.#open.delete(entry);
        reject(error);
      });
    });
  }

  #sweep(): void {
    const now = performance.now();
    for (const entry of this.#open) {
      if (entry.at > now) continue;
      this.#open.delete(entry);
      entry.fail();
    }
    if (this.#open.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
