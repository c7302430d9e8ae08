/**
 * Reads a project file: the original's list of versions, the successor's object, or our dag-json
 * form, whose `code` may link a block of its own. A file is used whole or not at all.
 *
 * dag-json form: `{"defaultVersion"?, "versions": [{"version", "vmType", "code": {"/": "<CID>"},
 * "compression"?: "zlib", "codeExpParam"?, "packing"?, …, "output"?}]}`. The linked raw block is
 * the program itself, or its zlib stream with `compression`. All forms take all optional fields.
 */
import { CID } from "multiformats/cid";
import type { Abi } from "viem";
import { type ProgramSpec, type VmType, vmTypes } from "../../runtimes/runtime.ts";
import { provingOrNone } from "../../runtimes/zkwasm/profile.ts";
import { type AuthRule, authSchema } from "./auth.ts";
import { ProjectFileError, quoted } from "./errors.ts";
import { parseJson } from "./json.ts";
import { limits } from "./limits.ts";
import { check, parseOutputs } from "./output.ts";
import { type LoadLinked, ProgramDecoder } from "./program.ts";
import { knownFields, versionSchema } from "./schema.ts";
import type { OutputConfig, PackingRule, ProjectVersion, Reward, SendingLimits } from "./types.ts";

export interface ProjectFile {
  /** One of `versions`: what the file says, otherwise its first. */
  readonly defaultVersion: string;
  readonly versions: ReadonlyMap<string, ProjectVersion>;
  /** What its author may not have meant; the file is used all the same. */
  readonly warnings: readonly string[];
}

export interface ParseOptions {
  readonly projectId: bigint;
  /** Undefined: a file that links blocks is refused. */
  readonly loadLinked?: LoadLinked | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** `vmTypeID` of the successor's files. */
const vmTypeIds: Record<number, VmType> = { 1: "risc0", 2: "halo2", 3: "zkwasm" };
const defaultTimeoutSeconds: Record<VmType, number> = { halo2: 120, zkwasm: 600, risc0: 1800 };
/** Of zkwasm's proofs for contracts: the first on a machine waits for keys that are made. */
const defaultWrapSeconds = 1800;
const defaultAttempts = 3;

function defaultTimeout({ vmType, param }: ProgramSpec): number {
  const wraps = vmType === "zkwasm" && provingOrNone(param)?.profile === "wrap";
  return wraps ? defaultWrapSeconds : defaultTimeoutSeconds[vmType];
}

/** @throws {ProjectFileError}, and whatever `loadLinked` throws */
export async function parseProjectFile(
  bytes: Uint8Array,
  options: ParseOptions,
): Promise<ProjectFile> {
  if (bytes.length > limits.fileBytes) {
    throw new ProjectFileError("", `the project file has more than ${limits.fileBytes} bytes`);
  }
  const { list, defaultVersion } = versionList(rootOf(bytes));
  const warnings: string[] = [];
  const warn = (text: string) => {
    if (warnings.length < limits.warnings) warnings.push(text);
  };
  const decoder = new ProgramDecoder(options.loadLinked, options.signal);
  const versions = new Map<string, ProjectVersion>();
  for (const [index, source] of list.entries()) {
    const field = `versions[${index}]`;
    const version = await parseVersion(source, field, options.projectId, decoder, warn);
    if (versions.has(version.version)) {
      throw new ProjectFileError(
        `${field}.version`,
        `${quoted(version.version)} is there twice; give each version its own name`,
      );
    }
    versions.set(version.version, version);
  }
  const first = versions.keys().next().value as string;
  if (defaultVersion !== undefined && !versions.has(defaultVersion)) {
    throw new ProjectFileError(
      "defaultVersion",
      `${quoted(defaultVersion)} is none of the file's versions`,
    );
  }
  return { defaultVersion: defaultVersion ?? first, versions, warnings };
}

function rootOf(bytes: Uint8Array): unknown {
  if (bytes.length === 0) throw new ProjectFileError("", "the project file is empty");
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ProjectFileError("", "the project file is not UTF-8 text", { cause: error });
  }
  try {
    return parseJson(text);
  } catch (error) {
    const reason = (error as Error).message;
    throw new ProjectFileError("", `the project file is not usable JSON: ${reason}`, {
      cause: error,
    });
  }
}

function versionList(
  root: unknown,
): { list: unknown[]; defaultVersion: string | undefined } {
  const { versions, defaultVersion } = Array.isArray(root)
    ? { versions: root, defaultVersion: undefined }
    : (root ?? {}) as Record<string, unknown>;
  if (!Array.isArray(versions)) {
    throw new ProjectFileError(
      "versions",
      'is missing; a project file is a list of versions, or {"versions": [ … ]}',
    );
  }
  if (versions.length === 0) {
    throw new ProjectFileError("versions", "has none; add a version with code and vmType");
  }
  if (versions.length > limits.versions) {
    throw new ProjectFileError(
      "versions",
      `has ${versions.length}, more than ${limits.versions}; drop old ones, their tasks still end`,
    );
  }
  if (defaultVersion === undefined || defaultVersion === null || defaultVersion === "") {
    return { list: versions, defaultVersion: undefined };
  }
  if (typeof defaultVersion !== "string") {
    throw new ProjectFileError("defaultVersion", 'must be text such as "0.1"');
  }
  return { list: versions, defaultVersion };
}

async function parseVersion(
  source: unknown,
  field: string,
  projectId: bigint,
  decoder: ProgramDecoder,
  warn: (text: string) => void,
): Promise<ProjectVersion> {
  const raw = check(versionSchema, source, field);
  warnUnknown(source, "version", field, warn);
  warnUnknown((source as Record<string, unknown>).packing, "packing", `${field}.packing`, warn);
  warnUnknown((source as Record<string, unknown>).reward, "reward", `${field}.reward`, warn);
  warnUnknown((source as Record<string, unknown>).limits, "limits", `${field}.limits`, warn);
  warnUnknown((source as Record<string, unknown>).provers, "provers", `${field}.provers`, warn);
  const vmType = parseVmType(raw.vmType, raw.vmTypeID, field);
  const outputs = parseOutputs(raw.output, `${field}.output`, warn);
  const auth = parseAuth(raw.auth, `${field}.auth`);
  const program = await decoder.decode(
    `${field}.code`,
    parseCode(raw.code, `${field}.code`),
    raw.compression,
    vmType,
    raw.codeExpParam ?? "",
  );
  const packed = raw.packing?.program ?? "";
  const packerField = `${field}.packing.program`;
  const packer = packed === ""
    ? undefined
    : await decoder.packer(packerField, parseCode(packed, packerField));
  const remote = raw.provers?.remote ?? false;
  if (vmType === "risc0" && !remote && outputs.some(wantsProof)) {
    warn(
      `${field}.output: contracts can't check the proofs that risc0 makes here (Stark) yet, only ` +
        'Groth16 receipts: these need "receipt_type":"Snark" and "provers":{"remote":true}',
    );
  }
  return {
    projectId,
    version: raw.version,
    vmType,
    program,
    outputs,
    packing: packer ? { ...packingRule(raw), program: packer } : packingRule(raw),
    redundancy: raw.redundancy ?? 1,
    timeoutSeconds: raw.timeout ?? defaultTimeout(program),
    attempts: raw.attempts ?? defaultAttempts,
    retentionSeconds: raw.retention,
    provers: { allow: raw.provers?.allow, remote },
    ...(raw.reward === undefined ? {} : { reward: rewardOf(raw.reward) }),
    ...(raw.limits === undefined ? {} : { limits: sendingLimits(raw.limits) }),
    ...(auth === undefined ? {} : { auth }),
  };
}

function sendingLimits(
  { rate, burst, clientRate, clientBurst, bytes }: {
    readonly [K in keyof SendingLimits]?: unknown;
  },
): SendingLimits {
  return { rate, burst, clientRate, clientBurst, bytes } as SendingLimits;
}

function rewardOf(
  { maxFee, fee, gasRate }: Omit<Reward, "gasRate"> & { gasRate?: unknown },
): Reward {
  return { maxFee, fee, ...(typeof gasRate === "bigint" ? { gasRate } : {}) };
}

function parseVmType(name: unknown, id: unknown, field: string): VmType {
  if (name !== undefined && name !== null && name !== "") {
    const known = vmTypes.find((vmType) => vmType === name);
    if (known) return known;
    throw new ProjectFileError(
      `${field}.vmType`,
      `unknown virtual machine ${quoted(name)}; use ${vmTypes.join(", ")}`,
    );
  }
  if (id === undefined || id === null) {
    throw new ProjectFileError(`${field}.vmType`, `is missing; use ${vmTypes.join(", ")}`);
  }
  const known = typeof id === "number" ? vmTypeIds[id] : undefined;
  if (known) return known;
  throw new ProjectFileError(
    `${field}.vmTypeID`,
    `unknown virtual machine ${quoted(id)}; use 1 (risc0), 2 (halo2) or 3 (zkwasm)`,
  );
}

function parseCode(code: unknown, field: string): string | CID {
  if (code === undefined || code === null || code === "") {
    throw new ProjectFileError(field, "is missing; it is the zlib-compressed program as hex");
  }
  if (typeof code === "string") return code;
  const link = typeof code === "object" ? (code as Record<string, unknown>)["/"] : undefined;
  if (typeof link !== "string" || link.length > 128) {
    throw new ProjectFileError(field, 'must be hex text, or a link such as {"/": "bafkrei…"}');
  }
  try {
    return CID.parse(link);
  } catch (error) {
    throw new ProjectFileError(field, `${quoted(link)} is not a CID`, { cause: error });
  }
}

function packingRule(
  raw: ReturnType<typeof versionSchema.parse>,
): PackingRule {
  const { count, window, bytes, groupBy } = raw.packing ?? {};
  const amount = raw.aggregation?.amount || undefined;
  // A window or a size alone bounds the task; the count then only keeps it finite.
  const unbounded = window === undefined && bytes === undefined;
  return {
    count: count ?? amount ?? (unbounded ? 1 : limits.messagesPerTask),
    windowMs: window === undefined ? undefined : Math.max(1, Math.round(window * 1000)),
    bytes,
    groupBy,
  };
}

/** @throws {ProjectFileError} for a rule that can't be read: ignored, it would admit everybody */
function parseAuth(auth: unknown, field: string): readonly AuthRule[] | undefined {
  if (auth === undefined || auth === null) return undefined;
  if (JSON.stringify(auth).length > limits.authLength) {
    throw new ProjectFileError(field, `is longer than ${limits.authLength} characters`);
  }
  return check(authSchema, auth, field);
}

function warnUnknown(
  value: unknown,
  kind: string,
  field: string,
  warn: (text: string) => void,
): void {
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) {
    if (!knownFields[kind]?.includes(key)) warn(`${field}.${quoted(key)}: unknown field, ignored`);
  }
}

/** Whether a contract gets the proof, to check it itself. */
function wantsProof(output: OutputConfig): boolean {
  if (output.type !== "ethereumContract") return false;
  if (output.mode === "router") return true;
  const { contractAbi, contractMethod } = output;
  return (contractAbi as Abi).some((item) =>
    item.type === "function" && item.name === contractMethod &&
    item.inputs?.some(({ name }) => /^_?(proof|data_snark)$/.test(name ?? ""))
  );
}
