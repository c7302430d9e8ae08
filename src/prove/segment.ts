/** A file of records, each with its length before it as uint32, big-endian. */
import { appendFile, unlink } from "node:fs/promises";
import { setImmediate } from "node:timers";
import { concatBytes } from "viem";

const headerBytes = 4;

export function recordOf(bytes: Uint8Array): Uint8Array {
  const record = new Uint8Array(headerBytes + bytes.length);
  new DataView(record.buffer).setUint32(0, bytes.length);
  record.set(bytes, headerBytes);
  return record;
}

/**
 * The records of a file from `offset` on.
 * @throws {RangeError} at a record that is torn
 */
export function* recordsIn(
  file: Uint8Array,
  offset = 0,
): Generator<{ readonly bytes: Uint8Array; readonly offset: number }> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = offset; at < file.length;) {
    const begin = at + headerBytes, end = begin + view.getUint32(at);
    if (end > file.length) throw new RangeError("a torn record");
    yield { bytes: file.subarray(begin, end), offset: at };
    at = end;
  }
}

interface Unwritten {
  readonly record: Uint8Array;
  resolve(): void;
  reject(error: unknown): void;
}

export class Segment {
  /** Bytes, those that wait to be written too. */
  size = 0;
  /** Records that are of use. */
  live = 0;
  #unwritten: Unwritten[] = [];
  #writing = false;

  constructor(readonly path: string) {}

  /** Records of one turn of the event loop, or of the time that a write takes, share a write. */
  append(record: Uint8Array): Promise<void> {
    this.size += record.length;
    return new Promise((resolve, reject) => {
      this.#unwritten.push({ record, resolve, reject });
      if (this.#writing) return;
      this.#writing = true;
      setImmediate(() => void this.#write());
    });
  }

  async remove(): Promise<void> {
    await unlink(this.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
  }

  async #write(): Promise<void> {
    while (this.#unwritten.length > 0) {
      const batch = this.#unwritten.splice(0);
      try {
        await appendFile(this.path, concatBytes(batch.map(({ record }) => record)), {
          mode: 0o600,
        });
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch.concat(this.#unwritten.splice(0))) reject(error);
      }
    }
    this.#writing = false;
  }
}
