import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { HeliaInit } from "helia";
import { CID } from "multiformats/cid";
import { decode } from "multiformats/hashes/digest";

type Blockstore = NonNullable<HeliaInit["blockstore"]>;
type Input = Parameters<Blockstore["put"]>[1];
type Pair = { cid: CID; bytes: AsyncGenerator<Uint8Array> };

const raw = 0x55;
const writers = 8;
const fileName = /^[0-9a-f]{8,}$/;

/**
 * Blocks as files, named by their multihash. Durable when `put` resolves, whole or not at all, and
 * content with read and write permission of its folder; `blockstore-fs` is neither, and waits for
 * ever when Deno denies it the process's user id.
 */
export class FileBlocks implements Blockstore {
  readonly #folders = new Map<string, Promise<unknown>>();

  constructor(private readonly directory: string) {}

  async has(cid: CID): Promise<boolean> {
    try {
      return (await stat(this.#path(cid))).isFile();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw error;
    }
  }

  async put(cid: CID, value: Input): Promise<CID> {
    const path = this.#path(cid);
    await this.#folder(path);
    const temporary = `${path}.${randomUUID()}`;
    const file = await open(temporary, "wx");
    try {
      if (value instanceof Uint8Array) await file.writeFile(value);
      else for await (const part of value) await file.write(part);
      await file.sync();
    } catch (error) {
      await file.close();
      await rm(temporary, { force: true });
      throw error;
    }
    await file.close();
    await rename(temporary, path);
    return cid;
  }

  /** Stores many, of which the disk syncs some at once. */
  async putAll(blocks: Iterable<{ cid: CID; bytes: Uint8Array }>): Promise<void> {
    const left = blocks[Symbol.iterator]();
    const write = async () => {
      for (let next = left.next(); !next.done; next = left.next()) {
        await this.put(next.value.cid, next.value.bytes);
      }
    };
    await Promise.all(Array.from({ length: writers }, write));
  }

  async find(cid: CID): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.#path(cid));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      return undefined;
    }
  }

  async *get(cid: CID): AsyncGenerator<Uint8Array> {
    const bytes = await this.find(cid);
    if (bytes) yield bytes;
    else {
      throw Object.assign(new Error(`${cid} is not stored here`), { name: "NotFoundError" });
    }
  }

  async delete(cid: CID): Promise<void> {
    await rm(this.#path(cid), { force: true });
  }

  async *putMany(
    source: Iterable<{ cid: CID; bytes: Input }> | AsyncIterable<{ cid: CID; bytes: Input }>,
  ): AsyncGenerator<CID> {
    for await (const { cid, bytes } of source) yield await this.put(cid, bytes);
  }

  async *getMany(source: Iterable<CID> | AsyncIterable<CID>): AsyncGenerator<Pair> {
    for await (const cid of source) yield { cid, bytes: this.get(cid) };
  }

  async *deleteMany(source: Iterable<CID> | AsyncIterable<CID>): AsyncGenerator<CID> {
    for await (const cid of source) {
      await this.delete(cid);
      yield cid;
    }
  }

  /** The codec is not stored: every CID is given as a raw one. */
  async *getAll(): AsyncGenerator<Pair> {
    for (const folder of await entries(this.directory)) {
      for (const name of await entries(join(this.directory, folder))) {
        if (!fileName.test(name)) continue;
        const cid = CID.createV1(raw, decode(Buffer.from(name, "hex")));
        yield { cid, bytes: this.get(cid) };
      }
    }
  }

  /** Spread by the end of the hash: its beginning names the function. */
  #path(cid: CID): string {
    const name = Buffer.from(cid.multihash.bytes).toString("hex");
    return join(this.directory, name.slice(-2), name);
  }

  #folder(path: string): Promise<unknown> {
    const folder = join(path, "..");
    const made = this.#folders.get(folder) ?? mkdir(folder, { recursive: true });
    this.#folders.set(folder, made);
    made.catch(() => this.#folders.delete(folder));
    return made;
  }
}

async function entries(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
