import { publicReceipt } from "../../protocol/public_receipt.ts";
import { receiptText } from "../../protocol/receipt_file.ts";
import { insistLive, type Output, OutputError } from "../output.ts";

/** Where receipts are kept. */
export interface ArchiveStore {
  /**
   * Keeps a new file under a key such as `weather/1/0x….json`, and returns once it will stay.
   * @returns where it is
   * @throws {OutputError} `dead` where something else has the key
   */
  put(key: string, file: Uint8Array, signal: AbortSignal): Promise<string>;
}

/**
 * Keeps the receipt as a file that `ws verify` and the page `/watch` check. Done twice it is the
 * same file under the same key.
 */
export function archiveOutput(store: ArchiveStore | undefined): Output<"archive"> {
  return {
    async run(job, { prefix, publicInputs }, { signal }) {
      if (!store) {
        throw new OutputError(
          "dead",
          "this enode keeps no archive: set ARCHIVE_DIRECTORY or ARCHIVE_S3_ENDPOINT",
        );
      }
      const { taskId, task, prover, receipt } = job;
      const file = publicReceipt(receipt, publicInputs);
      if (typeof file === "string") {
        throw new OutputError(
          "dead",
          `${file}; if its inputs are public, say "publicInputs": true`,
        );
      }
      const text = receiptText({ ...file, task: { taskId, prover } });
      const key = [prefix, task.projectId, `${taskId}.json`].filter((part) => part !== "").join(
        "/",
      );
      insistLive(job);
      const reference = await store.put(key, new TextEncoder().encode(text), signal);
      return { state: "confirmed", reference, comment: "" };
    },
  };
}

/** Something else is where a receipt was to go. */
export const taken = (key: string): OutputError =>
  new OutputError("dead", `the archive has another file as ${key}; look which of them is right`);
