import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import type { ProjectDraft } from "../project/encode.ts";
import { describeIssue } from "../protocol/schema.ts";
import { UserError } from "./cli.ts";

const draftSchema = z.object({
  defaultVersion: z.string().optional(),
  /** Solidity files, which are no part of what is published: for `ws dev`. */
  contracts: z.strictObject({ dapp: z.string(), verifier: z.string().optional() }).optional(),
  versions: z.array(
    z.looseObject({
      version: z.string(),
      vmType: z.string(),
      /** Path of the program, relative to this file. */
      code: z.string(),
      /** What the program is built of, likewise. */
      source: z.string().optional(),
      /** A packer's `program` likewise. */
      packing: z.looseObject({ program: z.string().optional() }).optional(),
    }),
  ).min(1),
});

/** A project's file as its developer has it, with paths as they are written. */
export type ProjectSource = z.output<typeof draftSchema>;

/** @throws {UserError} naming the file, and the field */
export async function readSource(path: string): Promise<ProjectSource> {
  const parsed = draftSchema.safeParse(parseJson(path, await read(path, "utf8")));
  if (!parsed.success) throw new UserError(`${path}: ${describeIssue(parsed.error)}`);
  return parsed.data;
}

/**
 * Reads a project as its developer writes it: our JSON form, with each version's `code` the path
 * of its program, relative to the file.
 * @throws {UserError} naming the file, and the field
 */
export async function readDraft(path: string): Promise<ProjectDraft> {
  const { defaultVersion, versions: sources } = await readSource(path);
  const versions = [];
  for (const [index, version] of sources.entries()) {
    const field = `versions.${index}`;
    const { packing, source, ...rest } = version;
    const hint = source === undefined ? "" : `: bun run ws project build ${path} makes it`;
    const code = await program(path, `${field}.code`, version.code, hint);
    versions.push({ ...rest, code, ...await packingOf(path, `${field}.packing.program`, packing) });
  }
  return { defaultVersion, versions };
}

async function packingOf(
  path: string,
  field: string,
  packing: { readonly [field: string]: unknown; readonly program?: string | undefined } | undefined,
) {
  if (!packing) return {};
  const { program: packer, ...rules } = packing;
  if (packer === undefined) return { packing: rules };
  return { packing: { ...rules, program: await program(path, field, packer) } };
}

/** The file that a field names, relative to the project's. */
async function program(path: string, field: string, name: string, hint = ""): Promise<Uint8Array> {
  const file = resolve(dirname(path), name);
  try {
    return new Uint8Array(await readFile(file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(`${path}: ${field}: can't read ${file} (${code})${hint}`);
  }
}

async function read(path: string, encoding: "utf8"): Promise<string> {
  try {
    return await readFile(path, encoding);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EISDIR") throw new UserError(`${path} is a folder: give the file in it`);
    throw new UserError(`can't read ${path} (${code})`);
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${path} is not JSON: ${(error as Error).message}`);
  }
}
