/** What a path's or query's text names. */
import type { Hex } from "viem";
import { parseUint } from "./answers.ts";
import { RequestError } from "./message.ts";

/** @throws {RequestError} with the original's text */
export function uint(text: string): bigint {
  try {
    return parseUint(text);
  } catch (error) {
    throw new RequestError(400, (error as Error).message);
  }
}

/** @throws {RequestError} for what can't be the number of one */
export function entryId(text: string): bigint {
  const id = uint(text);
  if (id >= 1n << 63n) throw new RequestError(400, "such a number is below 2^63");
  return id;
}

/** A task by its number, or by its 32-byte id. @throws {RequestError} */
export const taskId = (text: string): bigint | Hex =>
  /^0x[0-9a-fA-F]{64}$/.test(text) ? text.toLowerCase() as Hex : uint(text);
