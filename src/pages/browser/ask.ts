/** What a page asks the enode that serves it, about receipts. */
import { z } from "zod";
import { vmTypes } from "../../../runtimes/runtime.ts";
import { assignmentsSchema } from "../../protocol/assignment.ts";
import { address, bytes32 } from "../../protocol/schema.ts";

const operatorSchema = z.object({ mayOperate: z.boolean() });
const programSchema = z.object({ vmType: z.enum(vmTypes), param: z.string() });

/** @throws {Error} with what the enode said */
export async function get(path: string): Promise<Response> {
  const response = await fetch(path);
  if (response.ok) return response;
  const { error } = await response.json().catch(() => ({})) as { error?: string };
  throw new Error(error ?? `${path}: ${response.status}`);
}

export async function mayOperate(project: bigint, account: string): Promise<boolean> {
  const response = await get(`/operator/${project}/${address.parse(account)}`);
  return operatorSchema.parse(await response.json()).mayOperate;
}

/** A program, by its id: a line of JSON, then its code. Undefined if no project has it now. */
export async function getProgram(programId: string) {
  const response = await get(`/program/${bytes32.parse(programId)}`);
  if (response.status === 204) return undefined;
  const bytes = new Uint8Array(await response.arrayBuffer());
  const end = bytes.indexOf(10);
  const line: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
  return { ...programSchema.parse(line), code: bytes.slice(end + 1) };
}

export const getReceipt = async (project: bigint, taskId: string): Promise<string> =>
  await (await get(`/task/${project}/${taskId}/receipt`)).text();

export const getMessageReceipt = async (id: string): Promise<string> =>
  await (await get(`/message/${encodeURIComponent(id)}/receipt`)).text();

/** The task as its operator signed it. */
export async function getTask(project: bigint, taskId: string) {
  const response = await get(`/task/${project}/${taskId}/assignments`);
  const { task, signature } = assignmentsSchema.parse(await response.json());
  return { taskId, task, signature };
}
