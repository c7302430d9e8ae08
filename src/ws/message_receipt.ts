/** The part of `ws verify` for message receipts. */
import process from "node:process";
import { bytesToHex, type Hex, isAddressEqual } from "viem";
import { createRuntimes } from "../../runtimes/index.ts";
import type { ProgramSpec, Receipt } from "../../runtimes/runtime.ts";
import { type Acceptance, acceptanceIn, findAcceptance } from "../chain/acceptance.ts";
import { routerAbi } from "../chain/abi/router.ts";
import { canOperate } from "../chain/registrars.ts";
import { LOCAL_CHAIN } from "../chain/clients.ts";
import { checkReceipt } from "../dispatch/check.ts";
import { errorText } from "../log.ts";
import { checkInclusion, isOfData, type MessageReceipt } from "../protocol/message_receipt.ts";
import { programIdOf } from "../protocol/task.ts";
import { openChain } from "./chain.ts";
import { type Io, UserError } from "./cli.ts";
import { readBytes } from "./files.ts";
import type { VerifyFlags } from "./verify.ts";

/** One thing that was checked: true, false, or why it was not. */
interface Check {
  readonly name: "data" | "inclusion" | "proof" | "chain";
  readonly holds: boolean | "unknown";
  readonly text: string;
}

const holds = (name: Check["name"], text: string): Check => ({ name, holds: true, text });
const broken = (name: Check["name"], text: string): Check => ({ name, holds: false, text });
const unknown = (name: Check["name"], text: string): Check => ({ name, holds: "unknown", text });
const marks = new Map<Check["holds"], string>([[true, "ok"], [false, "NO"], ["unknown", "?"]]);

/**
 * From the message to the chain: the leaf is of its data, under the root of the task, the proof is
 * about that task, the router accepted just that. What can't be checked here is said, and why.
 * @throws {UserError} when something does not hold
 */
export async function verifyMessageReceipt(
  path: string,
  receipt: MessageReceipt,
  flags: VerifyFlags,
  io: Io,
): Promise<void> {
  const { message, task, taskId } = receipt;
  const checks = [
    await checkData(receipt, flags),
    await checkTask(receipt),
    await checkProof(receipt, flags),
    await checkChain(receipt, flags),
  ];
  const failed = checks.filter((check) => check.holds === false);
  io.result({ valid: failed.length === 0, message: message.id, taskId, checks }, [
    `message    ${message.id} of project ${task.projectId}, version ${task.version}`,
    `task       ${taskId}`,
    ...checks.map(({ name, holds, text }) =>
      `${name.padEnd(9)}  ${marks.get(holds)?.padEnd(2)} ${text}`
    ),
  ]);
  if (failed.length > 0) {
    throw new UserError(`${path} does not hold: ${failed.map(({ name }) => name).join(", ")}`);
  }
}

async function checkData(receipt: MessageReceipt, flags: VerifyFlags): Promise<Check> {
  if (flags.data === undefined && flags.dataFile === undefined) {
    return unknown("data", "give the message by --data or --data-file");
  }
  const data = flags.dataFile === undefined
    ? new TextEncoder().encode(flags.data)
    : await readBytes(flags.dataFile);
  const same = isOfData(receipt, data);
  if (same === undefined) {
    return unknown("data", "the salt was purged with the payload: keep a receipt from before");
  }
  return same
    ? holds("data", "the leaf is of this message")
    : broken("data", "the leaf is of another message");
}

async function checkTask(receipt: MessageReceipt): Promise<Check> {
  const { leaf: { index, count } } = receipt;
  try {
    const { operator } = await checkInclusion(receipt);
    return holds("inclusion", `message ${index + 1} of ${count} in a task that ${operator} signed`);
  } catch (error) {
    return broken("inclusion", errorText(error));
  }
}

async function checkProof(receipt: MessageReceipt, flags: VerifyFlags): Promise<Check> {
  const { proof: file, withheld, task, taskId } = receipt;
  if (withheld !== undefined) return unknown("proof", withheld);
  if (!file?.task) return unknown("proof", "there was none yet: ask for the receipt again");
  const spec = await programOf(receipt, flags);
  if (typeof spec === "string") return unknown("proof", spec);
  const allowTestSetups = task.chainId === LOCAL_CHAIN || task.chainId === 0n;
  const runtimes = createRuntimes({ workers: 1, timeoutSeconds: 300, allowTestSetups });
  try {
    const signal = AbortSignal.timeout(300_000);
    const program = await runtimes.load(spec, signal);
    const { imageId, bindingKind } = program.info;
    const proof: Receipt = { imageId, bindingKind, ...file };
    const { prover } = file.task;
    const verdict = await checkReceipt({ task, taskId }, prover, program, proof, signal);
    if (verdict.verdict === "invalid") return broken("proof", verdict.reason);
    if (verdict.verdict === "unverifiable") return unknown("proof", "the program has no verifier");
    const about = bindingKind === "data" ? "about this task's data" : `bound by ${bindingKind}`;
    return holds("proof", `valid, of ${spec.vmType}, ${about}, made by ${prover}`);
  } catch (error) {
    return broken("proof", `the program can't be loaded: ${errorText(error)}`);
  } finally {
    await runtimes.close();
  }
}

/** The task's program; or why it is not to be had. Its hash is in the task, so anyone may give it. */
async function programOf(
  { proof, task }: MessageReceipt,
  flags: VerifyFlags,
): Promise<ProgramSpec | string> {
  const vmType = proof?.vmType;
  if (!vmType) return "there is none";
  let found: Pick<ProgramSpec, "code" | "param">;
  if (flags.program !== undefined) {
    found = { code: await readBytes(flags.program), param: flags.param ?? "" };
  } else {
    const fetched = await fetchProgram(flags.enode, task.programId);
    if (typeof fetched === "string") return fetched;
    found = fetched;
  }
  const programId = programIdOf(found.code, found.param);
  if (programId !== task.programId) {
    throw new UserError(
      `the program is ${programId}, the task's ${task.programId}` +
        (flags.program ? "; its project may have a codeExpParam: give it by --param" : ""),
    );
  }
  return { vmType, programId, ...found };
}

/** A byte more than programs have. */
const longestProgram = 64 * 1024 * 1024;

async function fetchProgram(enode: string, id: Hex) {
  const hint = "give the program by --program, or an enode that has it by --enode";
  try {
    const signal = AbortSignal.timeout(60_000);
    const answer = await fetch(new URL(`/program/${id}`, enode), { signal });
    if (answer.status !== 200) return `${enode} does not have its program: ${hint}`;
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const end = bytes.indexOf(10);
    if (end < 0 || bytes.length > longestProgram) return `${enode} gave no program: ${hint}`;
    const { param } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
    return { param: `${param}`, code: bytes.subarray(end + 1) };
  } catch {
    return `no enode at ${enode}: ${hint}`;
  }
}

async function checkChain(receipt: MessageReceipt, flags: VerifyFlags): Promise<Check> {
  const { task, taskId, proof } = receipt;
  if (task.chainId === 0n) return unknown("chain", "the task is of a network without a chain");
  if (!flags.chain && !process.env.CHAIN_ENDPOINT) {
    return unknown("chain", `give an RPC of chain ${task.chainId} by --chain`);
  }
  const { reader, id } = await openChain(flags);
  if (id !== task.chainId) {
    throw new UserError(`the task is of chain ${task.chainId}, the endpoint of ${id}`);
  }
  const router = { address: task.router, abi: routerAbi } as const;
  const args = [taskId] as const;
  if (!await reader.readContract({ ...router, functionName: "accepted", args })) {
    const registrar = await reader.readContract({ ...router, functionName: "projectRegistrar" });
    const { operator } = await checkInclusion(receipt);
    const may = await canOperate(reader, registrar, { projectId: task.projectId, operator });
    return may
      ? unknown("chain", `the router has not accepted it; ${operator} may operate the project`)
      : broken("chain", `${operator}, who signed the task, may not operate the project`);
  }
  const event = await eventOf(receipt, reader);
  if (!event) return holds("chain", "the router accepted the task; its event can't be found");
  const at = `in block ${event.block}, transaction ${event.transaction}`;
  if (event.programId !== task.programId) {
    return broken("chain", `the router accepted another program's result ${at}`);
  }
  // A task has one accepted result, but others may have proved it too.
  const same = !proof || event.publicValues === bytesToHex(proof.publicValues) ||
    !isAddressEqual(event.prover, proof.task?.prover ?? event.prover);
  return same
    ? holds("chain", `the router accepted it ${at}`)
    : broken("chain", `the router accepted other public values ${at}`);
}

async function eventOf(
  { outputs, taskId, task: { router } }: MessageReceipt,
  reader: Awaited<ReturnType<typeof openChain>>["reader"],
): Promise<Acceptance | undefined> {
  for (const { reference } of outputs) {
    if (!/^0x[0-9a-f]{64}$/.test(reference)) continue;
    const found = await acceptanceIn(reader, router, taskId, reference as Hex)
      .catch(() => undefined);
    if (found) return found;
  }
  const head = await reader.getBlockNumber();
  return await findAcceptance(reader, router, taskId, head).catch(() => undefined);
}
