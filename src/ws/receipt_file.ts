import { writeFile } from "node:fs/promises";
import { errorText } from "../log.ts";
import { parseReceipt, type ReceiptFile, receiptText } from "../protocol/receipt_file.ts";
import {
  isMessageReceipt,
  type MessageReceipt,
  parseMessageReceipt,
} from "../protocol/message_receipt.ts";
import { UserError } from "./cli.ts";
import { readBytes } from "./files.ts";

export const writeReceipt = (path: string, receipt: ReceiptFile): Promise<void> =>
  writeFile(path, receiptText(receipt));

/**
 * A receipt of `ws prove`, or of an enode: of a task or a message; the bytes themselves where the file is no JSON.
 * @throws {UserError} naming the file, and the field
 */
export async function readReceipt(
  path: string,
): Promise<ReceiptFile | MessageReceipt | Uint8Array> {
  const bytes = await readBytes(path);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return bytes;
  }
  try {
    return isMessageReceipt(json) ? parseMessageReceipt(json) : parseReceipt(json);
  } catch (error) {
    throw new UserError(`${path}: ${errorText(error)}`);
  }
}
