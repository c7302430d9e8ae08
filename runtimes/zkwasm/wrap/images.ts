/** What loads tell of programs, kept on disk. */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { bytes32 } from "../../../src/protocol/schema.ts";
import { wrapModule } from "../module.ts";
import { classes } from "../profile.ts";
import type { LoadedWrapped, Wrapping } from "./engine.ts";

/** What is known of a program, class and key without loading them. */
export type WrappedImage = Omit<LoadedWrapped, "handle">;

const image: z.ZodType<WrappedImage> = z.strictObject({
  commits: z.boolean(),
  unsafeTestSetup: z.boolean(),
  proofBytes: z.int().positive(),
  imageId: bytes32,
});
const entry = z.strictObject({ image, digest: z.string() });

const digest = (...parts: (Uint8Array | string)[]): string => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(createHash("sha256").update(part).digest());
  return hash.digest("hex");
};

/**
 * What a load tells: as it was found before by the same module, else loaded now. A load commits to
 * a program's tables, in ten seconds of CPU and more.
 * @param folder whoever can write there can forge image ids
 */
export async function imageOf(
  folder: string | undefined,
  { code, wrapping }: { readonly code: Uint8Array; readonly wrapping: Wrapping },
  load: () => Promise<WrappedImage>,
): Promise<WrappedImage> {
  if (folder === undefined) return await load();
  const id = digest(await readFile(wrapModule), `${classes[wrapping.class]}`, wrapping.key, code);
  const path = join(folder, `${id}.json`);
  const known = await read(path, id);
  if (known) return known;
  const { commits, unsafeTestSetup, proofBytes, imageId } = await load();
  const found = { commits, unsafeTestSetup, proofBytes, imageId };
  await write(path, id, found);
  return found;
}

/** An entry that is whole; one that can't be read is none. */
async function read(path: string, id: string): Promise<WrappedImage | undefined> {
  try {
    const found = entry.parse(JSON.parse(await readFile(path, "utf8")));
    return digestOf(id, found.image) === found.digest ? found.image : undefined;
  } catch {
    return undefined;
  }
}

/** Whole or not at all; where nothing can be written, programs are loaded each time. */
async function write(path: string, id: string, found: WrappedImage): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await mkdir(join(path, ".."), { recursive: true });
    const text = JSON.stringify({ image: found, digest: digestOf(id, found) });
    await writeFile(draft, text, { mode: 0o600 });
    await rename(draft, path);
  } catch {
    await rm(draft, { force: true }).catch(() => {});
  }
}

/** Of an entry and the place that it is for. */
const digestOf = (id: string, { commits, unsafeTestSetup, proofBytes, imageId }: WrappedImage) =>
  digest(id, JSON.stringify([commits, unsafeTestSetup, proofBytes, imageId]));
