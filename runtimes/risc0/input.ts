/** From messages to what a guest reads from its stdin. */
import { bytesToHex, concatBytes, type Hex, hexToBytes, sha256 } from "viem";
import { ProgramError, type TaskInput } from "../runtime.ts";

/** How a guest takes its input: of the two forms of `codeExpParam`, one with and without binding. */
export type StdinForm = "json" | "bytes" | "committed";

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** What such a guest commits to: `salt(32) ‖ u32 LE count ‖ count × (u32 LE length ‖ message)`. */
function committedBytes({ salt, messages }: TaskInput): Uint8Array {
  const framed = messages.flatMap((message) => [u32(message.length), message]);
  return concatBytes([salt, u32(messages.length), ...framed]);
}

/** SHA-256 of the committed bytes: the first 32 bytes of the guest's journal. */
export function commitmentOf(input: TaskInput): Hex {
  return bytesToHex(sha256(committedBytes(input), "bytes"));
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The messages as texts. @throws {ProgramError} `input`, naming the message but not its data */
function texts(messages: readonly Uint8Array[]): string[] {
  return messages.map((data, i) => {
    try {
      return decoder.decode(data);
    } catch {
      throw new ProgramError("input", `message ${i} is not UTF-8`);
    }
  });
}

/** risc0's serde form of a `String`: `u32 LE length ‖ UTF-8 ‖ zeros up to a whole word`. */
function serdeString(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  return concatBytes([u32(bytes.length), bytes, new Uint8Array(-bytes.length & 3)]);
}

/**
 * The guest's stdin.
 *
 * - `json`, the original's form: one serde `String` that holds the JSON array of the messages' texts
 * - `bytes`: the messages, one after the other
 * - `committed`: `u32 LE n ‖ binding(32) ‖ n bytes` that the guest commits to
 * @throws {ProgramError} `input`
 */
export function stdinOf(form: StdinForm, input: TaskInput, binding: Hex): Uint8Array {
  if (form === "json") return serdeString(JSON.stringify(texts(input.messages)));
  if (form === "bytes") return concatBytes(input.messages);
  const committed = committedBytes(input);
  return concatBytes([u32(committed.length), hexToBytes(binding), committed]);
}

/** The kind of receipt that the original's messages ask for; undefined where they name none. */
export function receiptTypeOf(input: TaskInput): string | undefined {
  const [first] = input.messages;
  if (!first) return undefined;
  try {
    const { receipt_type: type } = JSON.parse(decoder.decode(first));
    return typeof type === "string" ? type : undefined;
  } catch {
    return undefined;
  }
}
