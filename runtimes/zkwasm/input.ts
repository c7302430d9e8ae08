/** From messages to what a guest reads. */
import { bytesToHex, type Hex, sha256 } from "viem";
import { z } from "zod";
import { describeIssue } from "../../src/protocol/schema.ts";
import { ProgramError, type TaskInput } from "../runtime.ts";

/** Values that `wasm_input(1)` and `wasm_input(0)` give, in order. */
export interface GuestInput {
  readonly public: readonly bigint[];
  readonly private: readonly bigint[];
}

const least = -(2n ** 63n), greatest = 2n ** 64n - 1n;
const wording = "must be an integer of 64 bits, as a number or as decimal or 0x-hex text";

const value = z.union([z.number(), z.string()], { error: wording }).transform((given, context) => {
  const exact = typeof given === "number" || /^(-?\d{1,20}|0x[0-9a-f]{1,16})$/i.test(given);
  const number = exact ? BigInt(given) : undefined;
  if (number === undefined || number < least || number > greatest) {
    context.addIssue({ code: "custom", message: wording });
    return z.NEVER;
  }
  return BigInt.asUintN(64, number);
});

/** Keeps the text of a number that a double can't hold. */
function exactly(_key: string, given: unknown, context?: { source?: string }): unknown {
  return typeof given === "number" && !Number.isSafeInteger(given) ? context?.source : given;
}

const message = z.object({
  public_input: z.array(value).default([]),
  private_input: z.array(value).default([]),
});

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * One message's data, `{"public_input":[…],"private_input":[…]}`. A negative value stands for its
 * two's complement.
 * @throws {ProgramError} `input`, naming the place but no value
 */
export function parseMessage(data: Uint8Array, name: string): GuestInput {
  const refuse = (why: string) => new ProgramError("input", `${name} ${why}`);
  let json: unknown;
  try {
    json = JSON.parse(decoder.decode(data), exactly);
  } catch {
    throw refuse("is not JSON");
  }
  const parsed = message.safeParse(json);
  if (!parsed.success) throw refuse(`is refused: ${describeIssue(parsed.error)}`);
  return { public: parsed.data.public_input, private: parsed.data.private_input };
}

/** The inputs of a task's messages, one after the other. */
export function parseMessages(messages: readonly Uint8Array[]): GuestInput {
  const all = messages.map((data, i) => parseMessage(data, `message ${i}`));
  return { public: all.flatMap((one) => one.public), private: all.flatMap((one) => one.private) };
}

/**
 * What a guest that commits to its input reads: its private inputs follow the salt in four values
 * and the numbers of public and of private inputs.
 */
export function committedInput(input: GuestInput, salt: Uint8Array): GuestInput {
  const view = new DataView(salt.buffer, salt.byteOffset, 32);
  const words = [0, 8, 16, 24].map((at) => view.getBigUint64(at));
  const counts = [input.public.length, input.private.length].map(BigInt);
  return { public: input.public, private: [...words, ...counts, ...input.private] };
}

/**
 * SHA-256 of salt, numbers of public and of private inputs, public inputs and private inputs, all
 * as big-endian values of 64 bits. Such a guest gives it as its first four outputs.
 */
export function commitmentOf(input: GuestInput, salt: Uint8Array): Hex {
  const { private: all } = committedInput(input, salt);
  const values = [...all.slice(0, 6), ...input.public, ...input.private];
  const bytes = new Uint8Array(values.length * 8);
  const view = new DataView(bytes.buffer);
  values.forEach((word, i) => view.setBigUint64(i * 8, word));
  return bytesToHex(sha256(bytes, "bytes"));
}

/** Inputs of a task, as the guest reads them. */
export function guestInput(task: TaskInput, commits: boolean): GuestInput {
  const input = parseMessages(task.messages);
  return commits ? committedInput(input, task.salt) : input;
}
