import { promisify } from "node:util";
import { deflate } from "node:zlib";
import * as dagJson from "@ipld/dag-json";
import { CID } from "multiformats/cid";
import { sha256 } from "multiformats/hashes/sha2";
import { bytesToHex, type Hex } from "viem";
import { ProjectFileError } from "./errors.ts";
import { parseProjectFile, type ProjectFile } from "./file.ts";
import { limits } from "./limits.ts";
import { readUnixFs, writeUnixFs } from "./unixfs.ts";

const deflateAsync = promisify<Uint8Array, Uint8Array>(deflate);
const raw = 0x55;
/**
 * Larger programs are linked compressed, and split if they still are larger: IPFS nodes refuse
 * blocks above 2 MiB.
 */
const chunkBytes = 1024 * 1024;
const maxRootBytes = 2 * 1024 * 1024;

/** A project file before it is encoded: its JSON, each `code` as the program's bytes. */
export interface ProjectDraft {
  readonly defaultVersion?: string | undefined;
  readonly versions: readonly VersionDraft[];
}
export interface VersionDraft {
  readonly version: string;
  readonly vmType: string;
  readonly code: Uint8Array;
  /** A packer's `program` as its bytes, too. */
  readonly packing?: { readonly program?: Uint8Array; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** A content-addressed block. */
export interface Block {
  readonly cid: CID;
  readonly bytes: Uint8Array;
}

export interface EncodedProject {
  /** The dag-json block that `ipfs://<root CID>` names. */
  readonly root: Block;
  /** All blocks to publish, the root last. */
  readonly blocks: readonly Block[];
  /** sha256 of the root block: what the registrar stores. */
  readonly hash: Hex;
  /** The file as every node will read it. */
  readonly file: ProjectFile;
}

/**
 * Encodes a project as dag-json with the programs in raw blocks of their own.
 * @throws {ProjectFileError} when nodes would refuse the file
 */
export async function encodeProject(draft: ProjectDraft): Promise<EncodedProject> {
  const blocks = new Map<string, Block>();
  const store = async (bytes: Uint8Array): Promise<CID> => {
    const made = bytes.length > chunkBytes
      ? await writeUnixFs(bytes, chunkBytes)
      : [await blockOf(raw, bytes)];
    for (const block of made) blocks.set(`${block.cid}`, block);
    return (made.at(-1) as Block).cid;
  };
  const link = async (field: string, code: Uint8Array) => {
    const compressed = code.length > chunkBytes;
    const bytes = compressed ? await deflateAsync(code) : code;
    if (bytes.length > limits.fileBytes) {
      const size = `${bytes.length} bytes compressed, more than ${limits.fileBytes}`;
      throw new ProjectFileError(field, `is a program of ${size}; make it smaller`);
    }
    return { code: await store(bytes), ...(compressed ? { compression: "zlib" } : {}) };
  };
  const versions = [];
  for (const [index, version] of draft.versions.entries()) {
    const field = `versions[${index}]`;
    versions.push({
      ...version,
      ...await link(`${field}.code`, version.code),
      ...await withPacker(version, store),
    });
  }
  const root = await blockOf(dagJson.code, dagJson.encode(plain({ ...draft, versions })));
  if (root.bytes.length > maxRootBytes) {
    const size = `${root.bytes.length} bytes without its programs`;
    throw new ProjectFileError("", `the file has ${size}; IPFS takes ${maxRootBytes} at most`);
  }
  const load = (cid: CID) => Promise.resolve((blocks.get(`${cid}`) as Block).bytes);
  const file = await parseProjectFile(root.bytes, {
    projectId: 1n,
    loadLinked: (cid) => cid.code === raw ? load(cid) : readUnixFs(cid, load, limits.fileBytes),
  });
  return {
    root,
    blocks: [...blocks.values(), root],
    hash: bytesToHex(root.cid.multihash.digest),
    file,
  };
}

/**
 * Encodes a project as the original's file, a JSON list with `code` as hex(zlib(program)).
 * @throws {ProjectFileError} when nodes would refuse the file
 */
export async function encodeOriginal(draft: ProjectDraft): Promise<Uint8Array> {
  const versions = await withHexPrograms(draft);
  const bytes = new TextEncoder().encode(`${JSON.stringify(versions)}\n`);
  await parseProjectFile(bytes, { projectId: 1n });
  return bytes;
}

/**
 * Encodes a project as dag-json that stands alone: with `code` as hex(zlib(program)).
 * @throws {ProjectFileError} when nodes would refuse the file
 */
export async function encodeDagJson(draft: ProjectDraft): Promise<Uint8Array> {
  const versions = await withHexPrograms(draft);
  const bytes = dagJson.encode(plain({ ...draft, versions }));
  await parseProjectFile(bytes, { projectId: 1n });
  return bytes;
}

async function withHexPrograms(draft: ProjectDraft): Promise<unknown[]> {
  const hex = async (code: Uint8Array) => Buffer.from(await deflateAsync(code)).toString("hex");
  const versions = [];
  for (const version of draft.versions) {
    const packing = await withPacker(version, hex);
    versions.push({ ...version, ...packing, code: await hex(version.code) });
  }
  return versions;
}

async function withPacker(
  { packing }: VersionDraft,
  encode: (program: Uint8Array) => Promise<unknown>,
): Promise<object> {
  if (!packing?.program) return {};
  return { packing: { ...packing, program: await encode(packing.program) } };
}

async function blockOf(codec: number, bytes: Uint8Array): Promise<Block> {
  return { cid: CID.createV1(codec, await sha256.digest(bytes)), bytes };
}

/** Without undefined values, which dag-json can't hold. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null || CID.asCID(value)) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([, field]) => field !== undefined)
      .map(([name, field]) => [name, plain(field)]),
  );
}
