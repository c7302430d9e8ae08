/** The parts of ws prove, verify and image-id for profile wrap, whose proofs contracts verify. */
import { basename, resolve } from "node:path";
import process from "node:process";
import { bytesToHex, type Hex, sha256, zeroHash } from "viem";
import { buildLibrary } from "../../runtimes/crate_build.ts";
import type { NativeSource } from "../../runtimes/native.ts";
import type { Limits, Progress } from "../../runtimes/runtime.ts";
import type { Proven } from "../../runtimes/zkwasm/engine.ts";
import { compileModule, WasmLibrary, wrapModule } from "../../runtimes/zkwasm/module.ts";
import {
  type ClassName,
  defaultClass,
  defaultProfile,
  paramOf,
  type Profile,
  type Proving,
} from "../../runtimes/zkwasm/profile.ts";
import { decodeStatement, statuses } from "../../runtimes/zkwasm/statement.ts";
import {
  type LoadedWrapped,
  WrapEngine,
  type Wrapping,
} from "../../runtimes/zkwasm/wrap/engine.ts";
import { Wrapper } from "../../runtimes/zkwasm/wrap/index.ts";
import { imageOf, type WrappedImage } from "../../runtimes/zkwasm/wrap/images.ts";
import {
  crate,
  imagesFolder,
  installedLibrary,
  keysFolder,
} from "../../runtimes/zkwasm/wrap/installed.ts";
import { loadConfig } from "../config.ts";
import { programIdOf } from "../protocol/task.ts";
import type { ZkwasmReceipt } from "../protocol/receipt_file.ts";
import { type Io, UserError } from "./cli.ts";
import { type ProgramFile, readBytes } from "./files.ts";
import type { ProveFlags } from "./prove.ts";
import { writeReceipt } from "./receipt_file.ts";
import type { VerifyFlags } from "./verify.ts";
import { ran, readRun, statementLines } from "./zkwasm.ts";

/** What says how a program is proven. */
export interface ProvingFlags {
  readonly profile?: Profile;
  readonly class?: ClassName;
  readonly key?: string;
}

/** @throws {UserError} */
export async function provingOf(flags: ProvingFlags): Promise<Proving> {
  const { profile = defaultProfile, key } = flags;
  if (profile === "wrap") {
    const bytes = key === undefined ? new Uint8Array(0) : await readBytes(key);
    return { profile, class: flags.class ?? defaultClass, key: bytes };
  }
  if (flags.class === undefined && key === undefined) return { profile };
  throw new UserError("--class and --key are for --profile wrap");
}

type Wrapped = Extract<Proving, { profile: "wrap" }>;

export async function proveWrapped(
  { path, code }: ProgramFile,
  proving: Wrapped,
  flags: ProveFlags,
  io: Io,
): Promise<void> {
  const engine = await openWrap();
  const { handle, ...loaded } = load(engine, code, proving, io);
  const request = await readRun(flags, loaded.commits);
  const execution = engine.execute(handle, { ...request, binding: flags.binding ?? zeroHash });
  const run = ran(execution);
  if (flags.dryRun) return io.result({ imageId: loaded.imageId, ...run.json }, run.lines);

  const programId = programIdOf(code, paramOf(proving));
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const proven = await prove(
    { code, programId, proving },
    { ...request, binding: flags.binding ?? zeroHash },
    (line) => io.progress(line),
    ({ phase }) => io.progress(`${phases[phase] ?? phase} (after ${seconds().toFixed(1)} s)`),
  );
  // By what others will check it with.
  const reason = engine.verify(proven, proving);
  if (reason !== undefined) throw new Error(`made a bad proof: ${reason}`);

  const receipt = flags.output ?? `${basename(path, ".wasm")}.receipt.json`;
  const { profile, class: name, key } = proving;
  await writeReceipt(receipt, {
    ...{ version: 1, vmType: "zkwasm", programId, profile, class: name, ...proven },
    ...(key.length > 0 ? { key } : {}),
  });
  const { imageId, proofBytes } = loaded;
  const shown = { receipt, imageId, profile, class: name, ...keyOf(proving, loaded).json };
  io.result({ ...shown, ...run.json, proofBytes, seconds: seconds() }, [
    `receipt  ${receipt}`,
    `profile  ${profile} ${name}`,
    ...keyOf(proving, loaded).lines,
    `image    ${imageId}`,
    ...run.lines,
    `proof    ${proofBytes} bytes`,
  ]);
}

/** What a phase is, for who waits. */
const phases: Readonly<Record<string, string>> = {
  load: "commits to its tables",
  execute: "runs it",
  stark: "proves the run",
  keys: "reads the class's keys, or makes them: some minutes once on this machine",
  wrap: "wraps the proof",
  verify: "verifies it",
};

/** A proof's own bound on time is its user's patience. */
const patience = 7 * 86_400;

async function prove(
  { code, programId, proving }: { code: Uint8Array; programId: Hex; proving: Wrapped },
  request: { public: readonly bigint[]; private: readonly bigint[]; binding: Hex },
  say: (line: string) => void,
  onProgress: (progress: Progress) => void,
): Promise<Proven> {
  const library = await wrapLibrary(say);
  const wrapper = new Wrapper({
    workers: 1,
    limits: wrapLimits(),
    native: () => library,
    keys: { setup: wrapSettings().WRAP_SETUP, folder: keysFolder() },
  });
  try {
    const spec = { vmType: "zkwasm", code, param: "", programId } as const;
    const { signal } = new AbortController();
    const calls = wrapper.callsOf(spec, proving);
    return await calls.prove({ request }, signal, onProgress) as Proven;
  } finally {
    await wrapper.close();
  }
}

/** Of the node's settings, those that `ws` heeds as well. */
function wrapSettings() {
  const { PROVER_MEMORY_MB, NATIVE_LIBRARIES, WRAP_SETUP } = process.env;
  return loadConfig("all", {}, { PROVER_MEMORY_MB, NATIVE_LIBRARIES, WRAP_SETUP });
}

/** Bounds on the process that makes keys or a proof. */
export const wrapLimits = (): Limits => ({
  timeoutSeconds: patience,
  memoryBytes: wrapSettings().PROVER_MEMORY_MB * 1024 * 1024,
});

/** The native library, built now where this machine has none yet. @throws {UserError} */
export async function wrapLibrary(say: (line: string) => void): Promise<NativeSource> {
  try {
    const given = wrapSettings().NATIVE_LIBRARIES.wrap ?? installedLibrary();
    const library = given ?? await buildLibrary(crate, { say });
    return { ...library, path: resolve(library.path) };
  } catch (error) {
    throw new UserError((error as Error).message);
  }
}

export async function verifyWrapped(
  path: string,
  receipt: ZkwasmReceipt,
  flags: VerifyFlags,
  io: Io,
): Promise<void> {
  const said = decodeStatement(receipt.publicValues);
  if (!said) throw new UserError(`${path}: its public values are malformed`);
  const wrapping = await wrappingOf(path, receipt, flags);
  const engine = await openWrap();
  const reason = engine.verify(receipt, wrapping);
  if (reason !== undefined) throw new UserError(`not valid: ${reason}`);
  const program = flags.program && await describe(await readBytes(flags.program), wrapping, io);
  const wanted = flags.imageId ?? (program ? program.imageId : undefined);
  if (wanted !== undefined && wanted !== said.imageId) {
    throw new UserError(`a valid proof, but of image ${said.imageId}, not ${wanted}`);
  }
  const key = keyOf(wrapping);
  const { profile } = receipt;
  const shown = { profile, class: wrapping.class, ...key.json };
  io.result({ valid: true, ...shown, ...said, status: statuses[said.status] }, [
    wanted ? "valid" : "valid for its image id; compare that with ws image-id",
    `profile  ${profile} ${wrapping.class}`,
    ...key.lines.map((line) =>
      flags.key === undefined && wrapping.key.length > 0
        ? `${line}: the receipt names it; compare it with the project's, or give --key`
        : line
    ),
    ...statementLines(said),
  ]);
}

/** @throws {UserError} where the receipt and the flags don't agree, or neither says */
async function wrappingOf(
  path: string,
  receipt: ZkwasmReceipt,
  flags: VerifyFlags,
): Promise<Wrapping> {
  const name = flags.class ?? receipt.class;
  if (name === undefined) {
    throw new UserError(
      `${path} does not say its class: give --class, and --key unless it is of the test setup`,
    );
  }
  if (receipt.class !== undefined && receipt.class !== name) {
    throw new UserError(`its class is ${receipt.class}, not ${name}`);
  }
  const named = receipt.key ?? new Uint8Array(0);
  const key = flags.key === undefined ? named : await readBytes(flags.key);
  if (receipt.class !== undefined && bytesToHex(key) !== bytesToHex(named)) {
    throw new UserError(`it is of another verifying key than ${flags.key}`);
  }
  return { class: name, key };
}

export async function imageIdWrapped(
  { code }: ProgramFile,
  proving: Wrapped,
  io: Io,
): Promise<void> {
  const loaded = await describe(code, proving, io);
  const { imageId, commits, proofBytes } = loaded;
  const param = paramOf(proving);
  const programId = programIdOf(code, param);
  const { profile, class: name } = proving;
  const key = keyOf(proving, loaded);
  io.result({ imageId, programId, profile, class: name, ...key.json, commits, proofBytes }, [
    `image    ${imageId}`,
    `profile  ${profile} ${name}`,
    ...key.lines,
    `program  ${programId} (codeExpParam ${param})`,
    `binding  ${commits ? "data: it commits to its input" : "tag: it names task and prover"}`,
    `proof    ${proofBytes} bytes`,
  ]);
}

/** What is said of the setup that proofs rest on. */
function keyOf({ key }: Wrapping, loaded?: Pick<LoadedWrapped, "unsafeTestSetup">) {
  const unsafeTestSetup = loaded?.unsafeTestSetup ?? key.length === 0;
  const id = key.length > 0 ? sha256(key) : undefined;
  return {
    json: { unsafeTestSetup, ...(id ? { key: id } : {}) },
    lines: [
      ...(unsafeTestSetup ? ["setup    the test setup's: anyone can forge proofs"] : []),
      ...(id ? [`key      ${id}`] : []),
    ],
  };
}

/** What is known of a program, which is loaded the first time. @throws {ProgramError} `load` */
const describe = (code: Uint8Array, wrapping: Wrapping, io: Io): Promise<WrappedImage> =>
  imageOf(
    imagesFolder(),
    { code, wrapping },
    async () => load(await openWrap(), code, wrapping, io),
  );

/** Says so first: nothing is heard of it until it is done. */
function load(engine: WrapEngine, code: Uint8Array, wrapping: Wrapping, io: Io): LoadedWrapped {
  io.progress(`commits to the program's tables of class ${wrapping.class}: a minute for medium`);
  return engine.load(code, wrapping);
}

/** The verifier that nodes and pages use. */
export async function openWrap(): Promise<WrapEngine> {
  return new WrapEngine(new WasmLibrary(await compileModule(wrapModule)));
}
