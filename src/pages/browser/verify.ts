/** Checks a receipt by the verifiers in WebAssembly, and what it says against the task. */
import { bytesToHex, hexToBytes, sha256 } from "viem";
import { openModule } from "../../../runtimes/halo2/module.ts";
import { parseDescription, WsHalo2 } from "../../../runtimes/halo2/program.ts";
import { Engine as Risc0Engine } from "../../../runtimes/risc0/engine.ts";
import { compileChecker, loadProgram } from "../../../runtimes/risc0/load.ts";
import { WasmRisc0 } from "../../../runtimes/risc0/module.ts";
import { parseParam } from "../../../runtimes/risc0/param.ts";
import { Risc0 } from "../../../runtimes/risc0/program.ts";
import {
  Engine as ZkwasmEngine,
  type LoadedModule,
  type Proven,
} from "../../../runtimes/zkwasm/engine.ts";
import {
  compileModule,
  compileProver,
  WasmLibrary,
  wrapModule,
} from "../../../runtimes/zkwasm/module.ts";
import { provingOfParam } from "../../../runtimes/zkwasm/profile.ts";
import { ZkWasm } from "../../../runtimes/zkwasm/program.ts";
import { decodeStatement, statuses } from "../../../runtimes/zkwasm/statement.ts";
import { WrapEngine } from "../../../runtimes/zkwasm/wrap/engine.ts";
import type { Program, ProgramSpec, Receipt, VmType } from "../../../runtimes/runtime.ts";
import {
  checkInclusion,
  isMessageReceipt,
  isOfData,
  type MessageReceipt,
  parseMessageReceipt,
} from "../../protocol/message_receipt.ts";
import { parseReceipt, type ReceiptFile, type ZkwasmReceipt } from "../../protocol/receipt_file.ts";
import { bindingOf, programIdOf, type Task, taskIdOf, taskSigner } from "../../protocol/task.ts";

export interface Question {
  /** A receipt file's text, of a task or of a message. */
  readonly receipt: string;
  /** What the message of a message receipt must be. */
  readonly data?: string;
  /** The program that the receipt names, as its project has it. */
  readonly program?: Pick<ProgramSpec, "vmType" | "code" | "param">;
  /** What the receipt must be about. */
  readonly task?: {
    readonly taskId: string;
    readonly task: Task;
    readonly signature: `0x${string}`;
  };
}

export interface Answer {
  /** Why it doesn't hold; undefined when it does. */
  readonly refused?: string;
  /** Why it could not be checked, or not to its end: nothing is known against it. */
  readonly unchecked?: string;
  /** What the proof says, and what it was checked against. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** Who signed the task, which is of this project. */
  readonly operator?: string;
  readonly projectId?: bigint;
}

type Facts = [name: string, value: string][];

/** Bounds on a project's own verifier; its time is bounded by who runs this. */
const limits = { timeoutSeconds: 60, memoryBytes: 1024 * 1024 * 1024 };

export async function check(question: Question): Promise<Answer> {
  let json: unknown, file: MessageReceipt | ReceiptFile;
  try {
    json = JSON.parse(question.receipt);
    file = isMessageReceipt(json) ? parseMessageReceipt(json) : parseReceipt(json);
  } catch (error) {
    return { refused: `this is no receipt: ${(error as Error).message}`, facts: [] };
  }
  return "kind" in file ? await checkMessage(file, question) : await checkTask(file, question);
}

/** From the message to the proof; what only the chain knows is not asked. */
async function checkMessage(receipt: MessageReceipt, question: Question): Promise<Answer> {
  const { message: { id, projectId }, leaf, taskId, task, signature, proof, withheld } = receipt;
  const facts: Facts = [["message", id], ["project", `${projectId}`], ["task", taskId]];
  const { data } = question;
  const same = data === undefined ? undefined : isOfData(receipt, new TextEncoder().encode(data));
  if (same === false) return { refused: "it is of another message than the one given", facts };
  facts.push(["is of the message given", same ? "yes" : "not checked"]);
  let operator: string;
  try {
    ({ operator } = await checkInclusion(receipt));
  } catch (error) {
    return { refused: (error as Error).message, facts };
  }
  facts.push(["place in the task", `${leaf.index + 1} of ${leaf.count}`]);
  for (const { state, reference } of receipt.outputs) {
    facts.push(["output", `${state} ${reference}`]);
  }
  const signed = { operator, projectId };
  if (!proof) return { facts, unchecked: withheld ?? "there is no proof yet", ...signed };
  const answer = await checkTask(proof, { ...question, task: { taskId, task, signature } });
  return { ...answer, facts: [...facts, ...answer.facts], ...signed };
}

async function checkTask(
  file: ReceiptFile,
  { program: given, task }: Question,
): Promise<Answer> {
  const facts: Facts = [];
  const refuse = (refused: string): Answer => ({ refused, facts });
  facts.push(["machine", file.vmType], ["program", file.programId]);
  if (!given) return await checkAlone(file, facts);
  const spec = { ...given, programId: programIdOf(given.code, given.param) };
  if (spec.programId !== file.programId) return refuse("the program is not the one it names");
  if (spec.vmType !== file.vmType) return refuse(`its program is one of ${spec.vmType}`);
  const program = await load(spec);
  const { imageId, bindingKind } = program.info;
  const receipt: Receipt = { imageId, bindingKind, ...file };
  const verdict = await program.verify(receipt, new AbortController().signal);
  if (verdict.verdict === "invalid") return refuse(verdict.reason);
  if (verdict.verdict === "unverifiable") return refuse("the program ships no verifier");
  facts.push(["image", imageId], ["binding", bindingKind], ...said(receipt, program));
  if (program.info.unsafeTestSetup) facts.push(["setup", "a test's: anyone can forge proofs"]);
  const about = file.task;
  if (about) facts.push(["task", about.taskId], ["prover", about.prover]);
  const statement = program.statement(receipt);
  if (about && statement?.binding !== bindingOf(about.taskId, about.prover)) {
    if (bindingKind !== "none") return refuse("the proof is about another task or prover");
    facts.push(["bound to", "no task: the program can't name one"]);
  }
  if (!task) return { facts };
  const { programId, inputCommitment } = task.task;
  if (taskIdOf(task.task) !== task.taskId) return refuse("the task's id is not its hash");
  if (about?.taskId !== task.taskId) return refuse("the receipt is of another task");
  if (programId !== file.programId) return refuse("the task is for another program");
  if (statement && statement.inputCommitment !== inputCommitment) {
    return refuse("the proof is about other input than the task's");
  }
  facts.push(["about the task's data", bindingKind === "data" ? "yes" : "not shown by the proof"]);
  const operator = await taskSigner(task.task, task.signature);
  return { facts, operator, projectId: task.task.projectId };
}

/** Checks a proof for the image that it names itself. */
async function checkAlone(file: ReceiptFile, facts: Facts): Promise<Answer> {
  const refuse = (refused: string): Answer => ({ refused, facts });
  if (file.vmType === "halo2") {
    return refuse("its program, which is its verifier, is not one of this enode's projects");
  }
  const { publicValues, proof } = file;
  const statement = file.vmType === "zkwasm" ? decodeStatement(publicValues) : undefined;
  if (file.vmType === "zkwasm" && !statement) return refuse("its public values are malformed");
  if (file.vmType === "zkwasm" && file.profile === "wrap" && file.class === undefined) {
    return { facts, unchecked: "it does not say its class, nor is its program a project's here" };
  }
  const reason = file.vmType === "zkwasm"
    ? await verifyZkwasm(file)
    : (await risc0()).verify(proof, publicValues, hexToBytes(file.imageId));
  if (reason !== undefined) return refuse(reason);
  const imageId = file.vmType === "risc0" ? file.imageId : statement?.imageId ?? "";
  if (statement && statement.status !== 0) facts.push(["ended", `${statuses[statement.status]}`]);
  facts.push(["image", `${imageId}: compare it with the program's`], ...saidAlone(file));
  if (file.vmType === "zkwasm" && file.profile === "wrap") {
    const key = file.key && `${sha256(file.key)}: compare it with the project's`;
    facts.push(["verifying key", key ?? "of the test setup: anyone can forge proofs"]);
  }
  return { facts };
}

async function verifyZkwasm(file: ZkwasmReceipt): Promise<string | undefined> {
  const { profile, class: name, key = new Uint8Array(0) } = file;
  if (profile !== "wrap") return (await zkwasm()).verify(file, profile);
  return name && (await wrap()).verify(file, { class: name, key });
}

const wrap = async () => new WrapEngine(new WasmLibrary(await compileModule(wrapModule)));
const zkwasm = async () => new ZkwasmEngine(new WasmLibrary(await compileProver()));
const risc0 = async () => new Risc0Engine(new WasmRisc0(await compileChecker()));

const loaders: Record<VmType, (spec: ProgramSpec) => Program | Promise<Program>> = {
  halo2(spec) {
    const module = openModule(spec.code, limits);
    const call = (method: string, args: unknown) => module.call(method, args, () => {});
    const { form, text } = call("describe", {}) as { form: string; text: string };
    if (form !== "ws") throw new Error("the program ships no verifier");
    const short = (method: string, args: unknown) =>
      new Promise((resolve) => resolve(call(method, args)));
    return new WsHalo2({ spec, short, prove: noProofs }, parseDescription(text));
  },
  async zkwasm(spec) {
    const proving = provingOfParam(spec.param);
    const { profile } = proving;
    const open = async (): Promise<[LoadedModule, (proven: Proven) => string | undefined]> => {
      if (profile === "wrap") {
        const engine = await wrap();
        return [engine.load(spec.code, proving), (proven) => engine.verify(proven, proving)];
      }
      const engine = await zkwasm();
      return [engine.load(spec.code, profile), (proven) => engine.verify(proven, profile)];
    };
    const [loaded, check] = await open();
    const verify = ({ proven }: { proven?: Proven }) =>
      Promise.resolve(proven ? { reason: check(proven) } : noProofs());
    return new ZkWasm(spec, profile, { load: noProofs, prove: noProofs, verify }, loaded);
  },
  async risc0(spec) {
    const engine = await risc0();
    const loaded = await loadProgram(engine, spec.code, spec.param);
    const verify = ({ proof, journal }: { proof: Uint8Array; journal: Uint8Array }) =>
      Promise.resolve(engine.verify(proof, journal, loaded.imageId));
    return new Risc0(spec, parseParam(spec.param), { prove: noProofs, verify }, loaded);
  },
};

const load = async (spec: ProgramSpec): Promise<Program> => await loaders[spec.vmType](spec);

const noProofs = () => Promise.reject(new Error("a page makes no proofs"));

/** What the proof says, by the names that the program gives its public values. */
function said(receipt: Receipt, { info: { publicValues: names } }: Program): Facts {
  const { publicValues } = receipt;
  if (names.length === 0 || publicValues.length !== 32 * names.length) return saidAlone(receipt);
  return names.map((name, i) => {
    const word = bytesToHex(publicValues.subarray(32 * i, 32 * (i + 1)));
    // Words that can't be numbers of a dApp are hashes.
    return [name, word.startsWith("0x0000000000000000") ? `${BigInt(word)}` : word];
  });
}

function saidAlone({ vmType, publicValues }: Pick<Receipt, "vmType" | "publicValues">): Facts {
  if (vmType !== "zkwasm") return [["public values", bytesToHex(publicValues)]];
  const statement = decodeStatement(publicValues);
  return [
    ["inputs", statement?.inputs.join(" ") || "none"],
    ["outputs", statement?.outputs.join(" ") || "none"],
  ];
}
