/** Checks what a page was asked to, with what the enode has for it. */
import { getMessageReceipt, getProgram, getReceipt, getTask, mayOperate } from "./ask.ts";
import { errorText } from "./log.ts";
import { type Answer, check, type Question } from "./verify.ts";

/** What is to be checked: a task's receipt, a message's, or one that was given. */
export type Asked =
  & { readonly data?: string }
  & (
    | { readonly task: { readonly projectId: bigint; readonly taskId: string } }
    | { readonly messageId: string }
    | { readonly receipt: string }
  );

export async function examine(asked: Asked): Promise<Answer> {
  let question: Question;
  try {
    question = await questionOf(asked);
    const programId = /"programId":\s*"(0x[0-9a-fA-F]{64})"/.exec(question.receipt)?.[1];
    const program = programId === undefined ? undefined : await getProgram(programId);
    question = { ...question, ...(program ? { program } : {}) };
  } catch (error) {
    return { unchecked: errorText(error), facts: [] };
  }
  const answer = await check(question);
  const { operator, projectId, refused } = answer;
  if (refused !== undefined || operator === undefined || projectId === undefined) return answer;
  try {
    if (await mayOperate(projectId, operator)) return answer;
  } catch (error) {
    return { ...answer, unchecked: `who may operate project ${projectId}: ${errorText(error)}` };
  }
  return { ...answer, refused: `the task is signed by ${operator}, no operator of its project` };
}

async function questionOf(asked: Asked): Promise<Question> {
  const data = asked.data === undefined ? {} : { data: asked.data };
  if ("receipt" in asked) return { receipt: asked.receipt, ...data };
  if ("messageId" in asked) return { receipt: await getMessageReceipt(asked.messageId), ...data };
  const { projectId, taskId } = asked.task;
  const [receipt, task] = await Promise.all([
    getReceipt(projectId, taskId),
    getTask(projectId, taskId),
  ]);
  return { receipt, task };
}
