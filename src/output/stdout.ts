import process from "node:process";
import { bytesToHex } from "viem";
import { insistLive, type Output } from "./output.ts";

/** Writes one line; resolves when the stream took it. */
export type WriteLine = (line: string) => Promise<void>;

/** Prints the proof as hex, as the original does. At-least-once. */
export function stdoutOutput(write: WriteLine = writeStdout): Output<"stdout"> {
  return {
    async run(job) {
      const proof = bytesToHex(job.receipt.proof).slice(2);
      insistLive(job);
      await write(`stdout projectID=${job.task.projectId} taskID=${job.taskId} proof=${proof}\n`);
      return { state: "confirmed", reference: "", comment: "" };
    },
  };
}

let isHeard = false;

function writeStdout(line: string): Promise<void> {
  const { stdout } = process;
  // Each write hears of its own error; without this, one would end the node.
  if (!isHeard) stdout.on("error", () => {});
  isHeard = true;
  return new Promise((resolve, reject) => {
    // Bun takes all that comes after an error, and writes none of it.
    if (stdout.errored) return reject(stdout.errored);
    stdout.write(line, (error) => error ? reject(error) : resolve());
  });
}
