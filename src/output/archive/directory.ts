import { randomUUID } from "node:crypto";
import { link, mkdir, open, readFile, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { OutputError } from "../output.ts";
import { type ArchiveStore, taken } from "./index.ts";

export interface DirectoryArchive extends ArchiveStore {
  /** Writes a file as receipts are, and takes it away. @throws {OutputError} where that can't be */
  probe(): Promise<void>;
}

/** Receipts as files below a directory of the operator's, which may be mounted from elsewhere. */
export function directoryArchive(directory: string): DirectoryArchive {
  return {
    async put(key, file) {
      await written(write(directory, key, file));
      return key;
    },

    async probe() {
      const path = join(directory, `.probe.${randomUUID()}`);
      try {
        await written(write(directory, basename(path), new Uint8Array(1)));
      } finally {
        await unlink(path).catch(() => undefined);
      }
    },
  };
}

async function written(writing: Promise<void>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new OutputError("retry", `the archive can't be written: ${code}`, {
      cause: error,
    });
  }
}

/** All of it or nothing, also after a power cut; never over another file. */
async function write(directory: string, key: string, file: Uint8Array): Promise<void> {
  const path = join(directory, key);
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const draft = join(folder, `.${basename(path)}.${randomUUID()}`);
  try {
    await writeDraft(draft, file);
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const there = await readFile(path);
    if (!there.equals(file)) throw taken(key);
  } finally {
    // Also of what was cut short: on a full disk it would take the last room.
    await unlink(draft).catch(() => undefined);
  }
  const depth = key.split("/").length;
  for (let at = folder, i = 0; i < depth; at = dirname(at), i++) await syncFolder(at);
}

async function writeDraft(path: string, file: Uint8Array): Promise<void> {
  const handle = await open(path, "wx", 0o644);
  try {
    await handle.writeFile(file);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
