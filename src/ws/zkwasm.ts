/** The parts of ws prove, verify and image-id for WebAssembly programs. */
import { basename } from "node:path";
import { zeroHash } from "viem";
import { Engine } from "../../runtimes/zkwasm/engine.ts";
import { committedInput, parseMessage } from "../../runtimes/zkwasm/input.ts";
import { compileProver, WasmLibrary, type Watcher } from "../../runtimes/zkwasm/module.ts";
import { defaultProfile, type StarkProfile } from "../../runtimes/zkwasm/profile.ts";
import { decodeStatement, type RunStatement, statuses } from "../../runtimes/zkwasm/statement.ts";
import { hexToBytes } from "../hex.ts";
import { programIdOf } from "../protocol/task.ts";
import { type Io, UserError } from "./cli.ts";
import { type ProgramFile, readBytes } from "./files.ts";
import type { ProveFlags } from "./prove.ts";
import type { ZkwasmReceipt } from "../protocol/receipt_file.ts";
import { writeReceipt } from "./receipt_file.ts";
import type { VerifyFlags } from "./verify.ts";

export async function proveZkwasm(
  { path, code }: ProgramFile,
  flags: ProveFlags,
  io: Io,
): Promise<void> {
  const { profile = defaultProfile, dryRun } = flags;
  const json = flags.inputFile ? await readBytes(flags.inputFile) : encode(flags.input ?? "{}");
  const given = parseMessage(json, "the input");
  const engine = await openEngine(watchProof((line) => io.progress(line)));
  const { handle, commits, imageId } = engine.load(code, profile);
  const salt = flags.salt ? hexToBytes(flags.salt) : crypto.getRandomValues(new Uint8Array(32));
  const input = commits ? committedInput(given, salt) : given;
  const request = { ...input, binding: flags.binding ?? zeroHash };

  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const { status, steps, outputs, debug } = engine.execute(handle, request);
  const ran = { status: statuses[status], steps, outputs, debug };
  const lines = [
    `status   ${statuses[status]}`,
    `steps    ${steps}`,
    `outputs  ${outputs.join(" ") || "none"}`,
    ...(debug.length > 0 ? [`debug    ${debug.join(" ")}`] : []),
  ];
  if (dryRun) return io.result({ imageId, ...ran }, lines);
  io.progress(`ran ${steps} steps in ${seconds().toFixed(1)} s; proving`);
  const proven = engine.prove(handle, request);
  io.progress(`proved after ${seconds().toFixed(1)} s; verifying`);
  const reason = engine.verify(proven);
  if (reason !== undefined) throw new Error(`made a bad proof: ${reason}`);

  const receipt = flags.output ?? `${basename(path, ".wasm")}.receipt.json`;
  const programId = programIdOf(code, paramOf(profile));
  const { publicValues, proof } = proven;
  const written = { programId, profile, publicValues, proof };
  await writeReceipt(receipt, { version: 1, vmType: "zkwasm", ...written });
  const proofBytes = proof.length;
  io.result({ receipt, imageId, profile, ...ran, proofBytes, seconds: seconds() }, [
    `receipt  ${receipt}`,
    `profile  ${profile}`,
    `image    ${imageId}`,
    ...lines,
    `proof    ${proofBytes} bytes`,
  ]);
}

export async function verifyZkwasm(
  path: string,
  receipt: ZkwasmReceipt,
  flags: VerifyFlags,
  io: Io,
): Promise<void> {
  const said = decodeStatement(receipt.publicValues);
  if (!said) throw new UserError(`${path}: its public values are malformed`);
  const { profile } = receipt;
  if (flags.profile !== undefined && flags.profile !== profile) {
    throw new UserError(`its profile is ${profile}, not ${flags.profile}`);
  }
  if (profile === "wrap") throw new UserError("the receipt's program is needed to check it");
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
  { code }: ProgramFile,
  profile: StarkProfile,
  io: Io,
): Promise<void> {
  const { imageId, commits } = (await openEngine()).load(code, profile);
  const param = paramOf(profile);
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

/** What a project's `codeExpParam` must be for a program to be proven like this. */
const paramOf = (profile: StarkProfile) =>
  profile === defaultProfile ? "" : JSON.stringify({ profile });

const encode = (text: string) => new TextEncoder().encode(text);

function statementLines({ status, imageId, binding, inputs, outputs }: RunStatement): string[] {
  return [
    `image    ${imageId}`,
    `status   ${statuses[status]}`,
    `inputs   ${inputs.join(" ") || "none"}`,
    `outputs  ${outputs.join(" ") || "none"}`,
    `binding  ${binding}`,
  ];
}
