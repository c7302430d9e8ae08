import { promisify } from "node:util";
import { inflate } from "node:zlib";
import { CID } from "multiformats/cid";
import { type Hex, sha256 } from "viem";
import type { ProgramSpec, VmType } from "../../runtimes/runtime.ts";
import { programIdOf } from "../protocol/task.ts";
import { ProjectFileError } from "./errors.ts";
import { limits } from "./limits.ts";
import type { PackerProgram } from "./types.ts";

const inflateAsync = promisify<Uint8Array, { maxOutputLength: number }, Uint8Array>(inflate);
const raw = 0x55;
const dagPb = 0x70;

/** Gets what a project file on IPFS links; failing is not the file's fault. */
export type LoadLinked = (cid: CID, signal?: AbortSignal) => Promise<Uint8Array>;

/**
 * Decodes the `code` fields of one file. Versions with the same code share its bytes, and the
 * decoded size is bounded for each program and for the file.
 */
export class ProgramDecoder {
  readonly #decoded = new Map<string, Uint8Array>();
  readonly #specs = new Map<Hex, ProgramSpec>();
  #total = 0;

  constructor(
    private readonly loadLinked: LoadLinked | undefined,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** @throws {ProjectFileError}, and whatever `loadLinked` throws */
  async decode(
    field: string,
    code: string | CID,
    compression: "zlib" | undefined,
    vmType: VmType,
    param: string,
  ): Promise<ProgramSpec> {
    const bytes = await this.#bytes(field, code, compression);
    const programId = programIdOf(bytes, param);
    const same = this.#specs.get(programId);
    if (same?.vmType === vmType) return same;
    const spec: ProgramSpec = { vmType, code: bytes, param, programId };
    this.#specs.set(programId, spec);
    return spec;
  }

  /** A packer's module. @throws as `decode` */
  async packer(field: string, code: string | CID): Promise<PackerProgram> {
    const bytes = await this.#bytes(field, code, undefined);
    if (bytes.length > limits.packerBytes) {
      const size = `${bytes.length} bytes, more than ${limits.packerBytes}`;
      throw new ProjectFileError(field, `is a packer of ${size}; make it smaller`);
    }
    return { code: bytes, hash: sha256(bytes) };
  }

  async #bytes(
    field: string,
    code: string | CID,
    compression: "zlib" | undefined,
  ): Promise<Uint8Array> {
    const key = typeof code === "string" ? code : `${code}/${compression}`;
    const known = this.#decoded.get(key);
    if (known) return known;
    const bytes = typeof code === "string"
      ? await this.#inflate(field, fromHex(field, code))
      : await this.#linked(field, code, compression);
    this.#decoded.set(key, bytes);
    this.#total += bytes.length;
    return bytes;
  }

  async #linked(field: string, cid: CID, compression: "zlib" | undefined): Promise<Uint8Array> {
    if (cid.code !== raw && cid.code !== dagPb) {
      throw new ProjectFileError(field, `must link a raw block or a UnixFS file, got ${cid}`);
    }
    if (!this.loadLinked) {
      throw new ProjectFileError(field, "is a CID link, and this node has no IPFS to get it from");
    }
    const bytes = await this.loadLinked(cid, this.signal);
    if (compression === "zlib") return await this.#inflate(field, bytes);
    if (bytes.length === 0) throw new ProjectFileError(field, "is an empty program");
    if (bytes.length > this.#room()) throw tooLarge(field);
    return bytes;
  }

  async #inflate(field: string, compressed: Uint8Array): Promise<Uint8Array> {
    let bytes: Uint8Array;
    try {
      bytes = await inflateAsync(compressed, { maxOutputLength: Math.max(this.#room(), 1) });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(field);
      throw new ProjectFileError(
        field,
        `must be zlib-compressed (${(error as Error).message}); compress the program with zlib, ` +
          "then write it as hex",
        { cause: error },
      );
    }
    if (bytes.length === 0) throw new ProjectFileError(field, "is an empty program");
    return bytes;
  }

  #room(): number {
    return Math.min(limits.programBytes, limits.totalProgramBytes - this.#total);
  }
}

function tooLarge(field: string): ProjectFileError {
  return new ProjectFileError(
    field,
    `decodes to more than ${limits.programBytes} bytes (or the programs of the file to more than ` +
      `${limits.totalProgramBytes}); make the program smaller`,
  );
}

function fromHex(field: string, text: string): Uint8Array {
  const digits = text.startsWith("0x") ? text.slice(2) : text;
  const bytes = Buffer.from(digits, "hex");
  // Buffer.from stops silently at the first character that is no hex digit.
  if (bytes.length * 2 !== digits.length) {
    throw new ProjectFileError(
      field,
      `must be hex of the zlib-compressed program; character ${bytes.length * 2 + 1} is not a ` +
        "pair of hex digits",
    );
  }
  return bytes;
}
