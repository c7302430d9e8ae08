import { readFile, writeFile } from "node:fs/promises";
import { messageReceiptText, parseMessageReceipt } from "../protocol/message_receipt.ts";
import { enodeOption, request, type State, stateLines } from "./api.ts";
import { type Register, UserError } from "./cli.ts";
import { aProjectId } from "./values.ts";

interface MessageStates {
  readonly messageID: string;
  readonly states: State[] | null;
}

const final = new Set(["outputted", "failed"]);

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
      // Spelt out, because project ids may exceed what a JSON number holds in JavaScript.
      const body = `{"projectID":${projectId},"projectVersion":${
        JSON.stringify(flags.projectVersion)
      },"data":${JSON.stringify(data)}}`;
      const { messageID } = await request<{ messageID: string }>(flags.enode, "/message", {
        method: "POST",
        body,
      });
      if (!flags.wait) return io().result({ messageID }, [messageID]);
      io().progress(messageID);
      const status = await follow(flags.enode, messageID, (line) => io().progress(line));
      io().result(status, stateLines(status.states).slice(-1));
      if (status.states?.at(-1)?.state === "failed") throw new UserError("the message failed");
    });

  enodeOption(group.command("show"))
    .description("the states a message has gone through")
    .argument("<id>", "message id")
    .action(async (id, flags) => {
      const path = `/message/${encodeURIComponent(id)}`;
      const status = await request<MessageStates>(flags.enode, path);
      io().result(status, stateLines(status.states));
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
  const answer = await request<unknown>(enode, `/message/${encodeURIComponent(id)}/receipt`);
  const receipt = parseMessageReceipt(answer);
  await writeFile(path, messageReceiptText(receipt));
  return receipt;
}

async function follow(
  enode: string,
  id: string,
  onState: (line: string) => void,
): Promise<MessageStates> {
  let seen = 0;
  while (true) {
    const status = await request<MessageStates>(enode, `/message/${id}`);
    const states = status.states ?? [];
    for (const line of stateLines(states.slice(seen))) if (states.length > seen) onState(line);
    seen = states.length;
    if (final.has(states.at(-1)?.state ?? "")) return status;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
