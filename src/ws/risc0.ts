/** The parts of ws verify and image-id for risc0: by the committed module alone. */
import { bytesToHex, type Hex, hexToBytes } from "viem";
import { Engine } from "../../runtimes/risc0/engine.ts";
import { compileChecker, loadProgram } from "../../runtimes/risc0/load.ts";
import { WasmRisc0 } from "../../runtimes/risc0/module.ts";
import { parseParam } from "../../runtimes/risc0/param.ts";
import { isGroth16, type Loaded } from "../../runtimes/risc0/program.ts";
import { ProgramError } from "../../runtimes/runtime.ts";
import { programIdOf } from "../protocol/task.ts";
import { type Io, UserError } from "./cli.ts";
import { type ProgramFile, readProgram } from "./files.ts";
import type { Risc0Receipt } from "../protocol/receipt_file.ts";
import type { VerifyFlags } from "./verify.ts";

export const openChecker = async (): Promise<Engine> =>
  new Engine(new WasmRisc0(await compileChecker()));

/** What a program is called, as text. */
export function programLines({ imageId, kernel, declaredImageId }: Loaded): string[] {
  const id = bytesToHex(imageId);
  const origin = kernel === undefined ? "the program's own" : `${kernel}, joined with the ELF`;
  const same = declaredImageId === id ? "the same" : "another: it ran on another kernel";
  return [
    `image    ${id}`,
    ...(declaredImageId === undefined ? [] : [`stated   ${declaredImageId} (${same})`]),
    `kernel   ${origin}`,
  ];
}

export async function imageIdRisc0({ code }: ProgramFile, param: string, io: Io): Promise<void> {
  const { binding: bindingKind, input } = parseParam(param);
  const loaded = await loadProgram(await openChecker(), code, param);
  const programId = programIdOf(code, param);
  const { kernel, declaredImageId } = loaded;
  const imageId = bytesToHex(loaded.imageId);
  io.result({ imageId, programId, declaredImageId, kernel, bindingKind, input }, [
    ...programLines(loaded),
    `program  ${programId} (${param ? `codeExpParam ${param}` : "without codeExpParam"})`,
    `binding  ${
      bindingKind === "data"
        ? "data: it commits to its input"
        : "none: it names neither task nor input"
    }`,
  ]);
}

/** Commitment and binding at the journal's beginning; undefined where it is too short for both. */
function statementOf(journal: Uint8Array): { inputCommitment: Hex; binding: Hex } | undefined {
  if (journal.length < 64) return undefined;
  const [inputCommitment, binding] = [journal.subarray(0, 32), journal.subarray(32, 64)]
    .map((bytes) => bytesToHex(bytes)) as [Hex, Hex];
  return { inputCommitment, binding };
}

/** What a journal says, as JSON and as text. */
export function journalOf(journal: Uint8Array, committed: boolean) {
  const statement = committed ? statementOf(journal) : undefined;
  const hex = bytesToHex(journal);
  const lines = [`journal  ${hex === "0x" ? "empty" : hex}`];
  if (statement) {
    lines.push(`commits  ${statement.inputCommitment}`, `binding  ${statement.binding}`);
  }
  return { json: { journal: hex, ...statement }, lines };
}

/** The kind of proof, by how it is encoded. */
export function formOf(proof: Uint8Array): "composite" | "succinct" | "groth16" | undefined {
  if (isGroth16({ vmType: "risc0", proof })) return "groth16";
  const variant = proof.length < 4 ? undefined : new DataView(proof.slice(0, 4).buffer);
  return (["composite", "succinct"] as const)[variant?.getUint32(0, true) ?? -1];
}

/** @param receipt of `ws prove`, or the bytes of one in risc0's own encoding */
export async function verifyRisc0(
  path: string,
  receipt: Risc0Receipt | Uint8Array,
  flags: VerifyFlags,
  io: Io,
): Promise<void> {
  const engine = await openChecker();
  const given = receipt instanceof Uint8Array ? undefined : receipt;
  const { proof, journal } = receipt instanceof Uint8Array
    ? takeApart(engine, path, receipt)
    : { proof: receipt.proof, journal: receipt.publicValues };
  const param = flags.param === undefined ? undefined : parseParam(flags.param);
  const program = flags.program === undefined
    ? undefined
    : await loadNamed(engine, flags.program, flags.param ?? "");
  const wanted = flags.imageId ?? program?.imageId;
  if (program && program.imageId !== wanted) {
    throw new UserError(`--program is of image ${program.imageId}, not of --image-id ${wanted}`);
  }
  const imageId = given?.imageId ?? wanted;
  if (imageId === undefined) {
    throw new UserError(
      `${path} names no program, as receipts in risc0's own encoding don't: ` +
        "give --program or --image-id",
    );
  }
  const reason = engine.verify(proof, journal, hexToBytes(imageId));
  if (reason !== undefined) throw new UserError(`not valid for image ${imageId}: it ${reason}`);
  if (wanted !== undefined && wanted !== imageId) {
    throw new UserError(`a valid proof, but of image ${imageId}, not ${wanted}`);
  }

  const form = formOf(proof);
  const bindingKind = param?.binding ?? given?.bindingKind;
  const said = journalOf(journal, bindingKind === "data");
  const programId = given?.programId;
  const known: { sameProgramId?: boolean } = program && programId
    ? { sameProgramId: program.programId === programId }
    : {};
  io.result({ valid: true, imageId, programId, ...known, form, bindingKind, ...said.json }, [
    wanted ? "valid" : "valid for its image id; compare that with ws image-id",
    `image    ${imageId}`,
    `proof    ${form}, ${proof.length} bytes`,
    ...said.lines,
    ...(programId ? [`program  ${programId}${programNote(known.sameProgramId)}`] : []),
  ]);
}

/** The proof says nothing about the program id, so that it may differ makes it no worse. */
const programNote = (same: boolean | undefined) =>
  same === false ? ", as the receipt says: --program with this --param has another id" : "";

async function loadNamed(engine: Engine, path: string, param: string) {
  const { vmType, code } = await readProgram(path);
  if (vmType !== "risc0") {
    throw new UserError(`${path} is a ${vmType} program, the receipt risc0's`);
  }
  const { imageId } = await loadProgram(engine, code, param);
  return { imageId: bytesToHex(imageId), programId: programIdOf(code, param) };
}

function takeApart(engine: Engine, path: string, bytes: Uint8Array) {
  try {
    return engine.takeApart(bytes);
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    throw new UserError(`${path} is not JSON, and as a receipt of risc0 it ${error.message}`);
  }
}
