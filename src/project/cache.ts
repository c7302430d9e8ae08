import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Hex } from "viem";
import { z } from "zod";
import { bytes32 } from "../protocol/schema.ts";

const kept = 50;

const entrySchema = z.object({
  /** sha256 of the config, which is also its file's name. */
  hash: bytes32,
  uri: z.string(),
  /** Program ids by version. */
  versions: z.record(z.string(), bytes32),
});
const indexSchema = z.array(entrySchema);

/** A config that a project had. */
export type PastConfig = z.infer<typeof entrySchema>;

/**
 * The configs that projects had, on disk: a task finishes on the version it was made for, also
 * after the project's update and the node's restart. All of it can be fetched again.
 */
export class ConfigCache {
  /** Writes of one project's index, one after the other. */
  readonly #writes = new Map<bigint, Promise<void>>();

  constructor(private readonly directory: string) {}

  /** Undefined also for a file that is no longer what its name says. */
  async get(id: bigint, hash: Hex): Promise<Uint8Array | undefined> {
    const bytes = await readIfThere(this.#path(id, hash.toLowerCase()));
    return bytes && sha256Hex(bytes) === hash.toLowerCase() ? bytes : undefined;
  }

  /** The project's configs, newest first. */
  async history(id: bigint): Promise<PastConfig[]> {
    const bytes = await readIfThere(this.#path(id, "index.json"));
    if (!bytes) return [];
    try {
      return indexSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    } catch (error) {
      // A torn write of an old file system: what it listed is fetched again when it is needed.
      if (error instanceof SyntaxError || error instanceof z.ZodError) return [];
      throw error;
    }
  }

  /** Remembers a config as the project's newest, or as one from before all that are known. */
  async put(
    id: bigint,
    entry: PastConfig,
    bytes: Uint8Array,
    age: "newest" | "oldest" = "newest",
  ): Promise<void> {
    const before = this.#writes.get(id) ?? Promise.resolve();
    const put = () => this.#put(id, entry, bytes, age);
    const write = before.then(put, put);
    this.#writes.set(id, write);
    try {
      await write;
    } finally {
      if (this.#writes.get(id) === write) this.#writes.delete(id);
    }
  }

  async #put(
    id: bigint,
    entry: PastConfig,
    bytes: Uint8Array,
    age: "newest" | "oldest",
  ): Promise<void> {
    const history = await this.history(id);
    if (history[0]?.hash === entry.hash && await this.get(id, entry.hash)) return;
    const others = history.filter(({ hash }) => hash !== entry.hash);
    const entries = age === "newest" ? [entry, ...others] : [...others, entry];
    await mkdir(this.#path(id, ""), { recursive: true });
    await this.#write(this.#path(id, entry.hash), bytes);
    const index = new TextEncoder().encode(JSON.stringify(entries.slice(0, kept)));
    await this.#write(this.#path(id, "index.json"), index);
    for (const { hash } of entries.slice(kept)) await rm(this.#path(id, hash), { force: true });
  }

  /** Whole or not at all, whenever the process ends. */
  async #write(path: string, bytes: Uint8Array): Promise<void> {
    const temporary = `${path}.${randomUUID()}`;
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  }

  #path(id: bigint, name: string): string {
    return join(this.directory, `${id}`, name);
  }
}

export function sha256Hex(bytes: Uint8Array): Hex {
  return `0x${createHash("sha256").update(bytes).digest("hex")}`;
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
