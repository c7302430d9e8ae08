/** Dead outputs: what there is, and having them tried again. */
import process from "node:process";
import type { Command } from "commander";
import type { Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { deadOutputsSchema, retriedSchema } from "../ingest/schema.ts";
import { retryText } from "../protocol/retry.ts";
import { ask, enodeOption } from "./api.ts";
import { signingKey } from "./chain.ts";
import { type Io, UserError } from "./cli.ts";
import { anId, anIndex, aProjectId } from "./values.ts";

export function taskRetry(group: Command, io: () => Io): void {
  enodeOption(group.command("dead"))
    .description("outputs that ended dead, newest first, and why")
    .option("--project <id>", "only this one's", aProjectId)
    .option("--before <id>", "only those before this one", anId)
    .action(async ({ enode, project, before }) => {
      const query = new URLSearchParams();
      if (project !== undefined) query.set("project", `${project}`);
      if (before !== undefined) query.set("before", `${before}`);
      const { outputs } = await ask(
        enode,
        (client) => client.request(deadOutputsSchema, `dead_outputs?${query}`),
      );
      const lines = outputs.map((o) =>
        [o.id, o.time, `${o.projectID}/${o.taskID}`, `output ${o.output}`, o.reason].join("  ")
      );
      io().result({ outputs }, lines.length > 0 ? lines : ["none"]);
    });

  enodeOption(group.command("retry"))
    .description("have outputs tried again that ended dead")
    .argument("<project>", "project id", aProjectId)
    .argument("<task>", "the enode's number of the task, or its 32-byte id")
    .option("--output <n>", "only this one, by its place in the project's list", anIndex)
    .addHelpText(
      "after",
      "\nENODE_TOKEN is shown to the enode (its OPERATOR_TOKEN); where it is not set, " +
        "OPERATOR_KEYSTORE or\nOPERATOR_PRIVATE_KEY signs, an operator of the project.",
    )
    .action(async (projectId: bigint, task: string, { enode, output }) => {
      const answer = await ask(enode, async (client) => {
        const asked = { ...(output === undefined ? {} : { output }) };
        const body = process.env.ENODE_TOKEN
          ? asked
          : await signed((await client.task(projectId, task)).taskHash, asked.output);
        const path = `task/${projectId}/${encodeURIComponent(task)}/retry`;
        return await client.request(retriedSchema, path, {
          method: "POST",
          body: JSON.stringify(body),
          headers: { "content-type": "application/json" },
        });
      });
      io().result(answer, [`tried again: output ${answer.retried.join(", ")}`]);
    });
}

async function signed(taskHash: string | undefined, output: number | undefined) {
  if (taskHash === undefined) throw new UserError("the enode has no such task");
  const { OPERATOR_PRIVATE_KEY } = await signingKey();
  if (!OPERATOR_PRIVATE_KEY) {
    throw new UserError("no key: set ENODE_TOKEN, or OPERATOR_KEYSTORE or OPERATOR_PRIVATE_KEY");
  }
  const time = Math.floor(Date.now() / 1000);
  const message = retryText({ taskId: taskHash as Hex, output, time });
  const account = privateKeyToAccount(OPERATOR_PRIVATE_KEY);
  return { output, time, signature: await account.signMessage({ message }) };
}
