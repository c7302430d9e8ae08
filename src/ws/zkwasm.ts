/** The parts of ws prove, verify and image-id for WebAssembly programs. */
import { basename } from "node:path";
import { zeroHash } from "viem";
import { Engine, type Execution } from "../../runtimes/zkwasm/engine.ts";
import { committedInput, type GuestInput, parseMessage } from "../../runtimes/zkwasm/input.ts";
import { compileProver, WasmLibrary, type Watcher } from "../../runtimes/zkwasm/module.ts";
import { paramOf } from "../../runtimes/zkwasm/profile.ts";
import { decodeStatement, type RunStatement, statuses } from "../../runtimes/zkwasm/statement.ts";
import { hexToBytes } from "../hex.ts";
import { programIdOf } from "../protocol/task.ts";
import { type Io, UserError } from "./cli.ts";
import { type ProgramFile, readBytes } from "./files.ts";
import type { ProveFlags } from "./prove.ts";
import type { ZkwasmReceipt } from "../protocol/receipt_file.ts";
import { writeReceipt } from "./receipt_file.ts";
import type { VerifyFlags } from "./verify.ts";
import {
  imageIdWrapped,
  proveWrapped,
  type ProvingFlags,
  provingOf,
  verifyWrapped,
} from "./zkwasm_wrap.ts";

export async function proveZkwasm(file: ProgramFile, flags: ProveFlags, io: Io): Promise<void> {
  const proving = await provingOf(flags);
  const { profile } = proving;
  if (profile === "wrap") return await proveWrapped(file, proving, flags, io);
  const { path, code } = file;
  const engine = await openEngine(watchProof((line) => io.progress(line)));
  const { handle, commits, imageId } = engine.load(code, profile);
  const request = { ...await readRun(flags, commits), binding: flags.binding ?? zeroHash };

  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const run = ran(engine.execute(handle, request));
  if (flags.dryRun) return io.result({ imageId, ...run.json }, run.lines);
  io.progress(`ran ${run.json.steps} steps in ${seconds().toFixed(1)} s; proving`);
  const proven = engine.prove(handle, request);
  io.progress(`proved after ${seconds().toFixed(1)} s; verifying`);
  const reason = engine.verify(proven);
  if (reason !== undefined) throw new Error(`made a bad proof: ${reason}`);

  const receipt = flags.output ?? `${basename(path, ".wasm")}.receipt.json`;
  const programId = programIdOf(code, paramOf(proving));
  const { publicValues, proof } = proven;
  const written = { programId, profile, publicValues, proof };
  await writeReceipt(receipt, { version: 1, vmType: "zkwasm", ...written });
  const proofBytes = proof.length;
  io.result({ receipt, imageId, profile, ...run.json, proofBytes, seconds: seconds() }, [
    `receipt  ${receipt}`,
    `profile  ${profile}`,
    `image    ${imageId}`,
    ...run.lines,
    `proof    ${proofBytes} bytes`,
  ]);
}

/** What the program reads. @throws {ProgramError} `input` */
export async function readRun(
  { input, inputFile, salt }: ProveFlags,
  commits: boolean,
): Promise<GuestInput> {
  const json = inputFile ? await readBytes(inputFile) : encode(input ?? "{}");
  const given = parseMessage(json, "the input");
  if (!commits) return given;
  const blind = salt ? hexToBytes(salt) : crypto.getRandomValues(new Uint8Array(32));
  return committedInput(given, blind);
}

/** How a run ended. */
export function ran({ status, steps, outputs, debug }: Execution) {
  return {
    json: { status: statuses[status], steps, outputs, debug },
    lines: [
      `status   ${statuses[status]}`,
      `steps    ${steps}`,
      `outputs  ${outputs.join(" ") || "none"}`,
      ...(debug.length > 0 ? [`debug    ${debug.join(" ")}`] : []),
    ],
  };
}

export async function verifyZkwasm(
  path: string,
  receipt: ZkwasmReceipt,
  flags: VerifyFlags,
  io: Io,
): Promise<void> {
  const { profile } = receipt;
  if (flags.profile !== undefined && flags.profile !== profile) {
    throw new UserError(`its profile is ${profile}, not ${flags.profile}`);
  }
  if (profile === "wrap") return await verifyWrapped(path, receipt, flags, io);
  await provingOf({ ...flags, profile });
  const said = decodeStatement(receipt.publicValues);
  if (!said) throw new UserError(`${path}: its public values are malformed`);
  const engine = await openEngine();
  const reason = engine.verify(receipt, profile);
  if (reason !== undefined) throw new UserError(`not valid: ${reason}`);
  const wanted = flags.imageId ??
    (flags.program && engine.load(await readBytes(flags.program), profile).imageId);
  if (wanted !== undefined && wanted !== said.imageId) {
    throw new UserError(`a valid proof, but of image ${said.imageId}, not ${wanted}`);
  }
  const shown = { profile, ...said, status: statuses[said.status] };
  io.result({ valid: true, ...shown }, [
    wanted ? "valid" : "valid for its image id; compare that with ws image-id",
    `profile  ${profile}${profile === "zk" ? "" : ": it does not hide private inputs"}`,
    ...statementLines(said),
  ]);
}

export async function imageIdZkwasm(
  file: ProgramFile,
  flags: ProvingFlags,
  io: Io,
): Promise<void> {
  const proving = await provingOf(flags);
  const { profile } = proving;
  if (profile === "wrap") return await imageIdWrapped(file, proving, io);
  const { code } = file;
  const { imageId, commits } = (await openEngine()).load(code, profile);
  const param = paramOf(proving);
  const programId = programIdOf(code, param);
  io.result({ imageId, programId, profile, commits }, [
    `image    ${imageId}`,
    `profile  ${profile}`,
    `program  ${programId} (${param ? `codeExpParam ${param}` : "without codeExpParam"})`,
    `binding  ${commits ? "data: it commits to its input" : "tag: it names task and prover"}`,
  ]);
}

async function openEngine(watcher: Watcher = {}): Promise<Engine> {
  return new Engine(new WasmLibrary(await compileProver(), undefined, watcher));
}

/** Says which tables are proven, and every other second how far that is. */
function watchProof(say: (line: string) => void): Watcher {
  const tables: string[] = [];
  let steps = 0, last = 0;
  return {
    onTable: (name, logHeight) => void tables.push(`${name} 2^${logHeight}`),
    onStep() {
      if (tables.length === 0) return;
      const now = performance.now();
      if (steps++ === 0) {
        say(`${tables.length} tables: ${tables.join(", ")}`);
        last = now;
      }
      if (now - last < 2_000) return;
      last = now;
      say(`${steps} transforms of their columns, lookups and quotients`);
    },
  };
}

const encode = (text: string) => new TextEncoder().encode(text);

export function statementLines(
  { status, imageId, binding, inputs, outputs }: RunStatement,
): string[] {
  return [
    `image    ${imageId}`,
    `status   ${statuses[status]}`,
    `inputs   ${inputs.join(" ") || "none"}`,
    `outputs  ${outputs.join(" ") || "none"}`,
    `binding  ${binding}`,
  ];
}
