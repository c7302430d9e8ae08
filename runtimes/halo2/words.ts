import { ProgramError } from "../runtime.ts";

const maxWords = 300;
const hidden = "…";
const decoder = new TextDecoder();

/**
 * A program's own words about a failure, as far as they may be shown (DESIGN R8): whatever is also
 * a value of its input is left out, and so is each number that could be a rounded one.
 *
 * @param input the JSON that the program was given
 */
export function shownWords(words: string, input: Uint8Array): string {
  const secrets = new Set<string>();
  collect(decoder.decode(input), secrets);
  const shown = words.slice(0, 4 * maxWords)
    // deno-lint-ignore no-control-regex
    .replace(/[\u0000-\u001f\u007f]+/g, " ")
    .replace(/[\p{L}\p{N}_.+-]+/gu, (word) => secrets.has(bare(word)) ? hidden : word)
    .replace(/-?\d*\.\d+(e[+-]?\d+)?|\d{3,}/gi, hidden);
  return shown.slice(0, maxWords).trim();
}

/** Words of all values in a text that may be JSON with JSON inside its strings. */
function collect(text: string, secrets: Set<string>): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not JSON: each of its words may be private.
    for (const [word] of text.matchAll(/[\p{L}\p{N}_.+-]+/gu)) secrets.add(bare(word));
    return;
  }
  const visit = (node: unknown): void => {
    if (typeof node === "string") collect(node, secrets);
    else if (typeof node === "number") secrets.add(String(node));
    else if (typeof node === "object" && node !== null) Object.values(node).forEach(visit);
  };
  visit(value);
}

const bare = (word: string) => word.replace(/^[.+]+|[.+-]+$/g, "");

/** What an instance tells of its state when a call into it failed. */
export interface Remains {
  readonly said: string;
  /** Whether its memory is so full that it may have failed for want of more. */
  readonly full: boolean;
}

/** Why a call failed: an error of ours as it is, one of the engine's with the program's words. */
export function failure(
  error: unknown,
  { said, full }: Remains,
  input?: Uint8Array,
): ProgramError {
  if (error instanceof ProgramError) return error;
  const { name, message } = error instanceof Error ? error : new Error("failed without a reason");
  const words = shownWords(said, input ?? new Uint8Array(0));
  // Bun adds the host's line of code.
  const reason = message.replace(/ \(evaluating '.*'\)$/s, "").slice(0, 300);
  const text = `${name}: ${reason}${words && ` (it said: ${words})`}`;
  if (full) return new ProgramError("memory", `failed with its memory nearly full: ${text}`);
  return new ProgramError("trap", text);
}
