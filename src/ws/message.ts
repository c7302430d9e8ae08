import { readFile, writeFile } from "node:fs/promises";
import { z } from "zod";
import type { MessageStatus } from "../client.ts";
import { messageReceiptText, parseMessageReceipt } from "../protocol/message_receipt.ts";
import { ask, enodeOption, stateLines } from "./api.ts";
import { type Register, UserError } from "./cli.ts";
import { aProjectId } from "./values.ts";

export const message: Register = (program, io) => {
  const group = program.command("message").description("send messages and follow them");

  enodeOption(group.command("send"))
    .description("send one message; answers when the enode has made it durable")
    .argument("<project>", "project id", aProjectId)
    .option("--project-version <version>", "which version computes it", "0.1")
    .option("--data <text>", "the message")
    .option("--file <path>", "the message as a file")
    .option("--wait", "follow it until it has ended", false)
    .action(async (projectId, flags) => {
      if ((flags.data === undefined) === (flags.file === undefined)) {
        throw new UserError("give the message by --data or by --file");
      }
      const data = flags.data ?? await readFile(flags.file, "utf8");
      const message = { projectId, version: flags.projectVersion, data };
      const messageID = await ask(flags.enode, (enode) => enode.send(message));
      if (!flags.wait) return io().result({ messageID }, [messageID]);
      io().progress(messageID);
      const status = await follow(flags.enode, messageID, (line) => io().progress(line));
      io().result(status, stateLines(status.states).slice(-1));
      if (status.states?.at(-1)?.state === "failed") throw new UserError("the message failed");
    });

  enodeOption(group.command("show").alias("query"))
    .description("the states a message has gone through")
    .argument("<id>", "message id")
    .action(async (id, flags) => {
      const status = await ask(flags.enode, (enode) => enode.message(id));
      io().result(status, stateLines(status.states));
    });

  enodeOption(group.command("watch"))
    .description("follow a message until it has ended")
    .argument("<id>", "message id")
    .action(async (id, flags) => {
      const status = await follow(flags.enode, id, (line) => io().progress(line));
      io().result(status, stateLines(status.states).slice(-1));
      if (status.states?.at(-1)?.state === "failed") throw new UserError("the message failed");
    });

  enodeOption(group.command("receipt"))
    .description("save what ws verify checks: the message's task, its proof, what the chain has")
    .argument("<id>", "message id")
    .option("--output <path>", "the file (default: <id>.receipt.json)")
    .action(async (id, flags) => {
      const receipt = flags.output ?? `${id}.receipt.json`;
      const { taskId, proof, withheld, outputs } = await saveReceipt(flags.enode, id, receipt);
      const made = proof ? "of " + proof.vmType : `none: ${withheld ?? "not proved yet"}`;
      io().result({ receipt, taskId }, [
        `receipt  ${receipt}`,
        `task     ${taskId}`,
        `proof    ${made}`,
        ...outputs.map(({ state, reference }) => `output   ${state} ${reference}`),
      ]);
    });
};

async function saveReceipt(enode: string, id: string, path: string) {
  const route = `message/${encodeURIComponent(id)}/receipt`;
  const answer = await ask(enode, (client) => client.request(z.unknown(), route));
  const receipt = parseMessageReceipt(answer);
  await writeFile(path, messageReceiptText(receipt));
  return receipt;
}

function follow(
  enode: string,
  id: string,
  onState: (line: string) => void,
): Promise<MessageStatus> {
  return ask(enode, async (client) => {
    for await (const state of client.watch(id)) onState(stateLines([state]).join());
    return await client.message(id);
  });
}
