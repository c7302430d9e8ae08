/** Secrets that are typed. */
import process from "node:process";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { keystorePassword } from "../keystore.ts";
import { UserError } from "./cli.ts";

/** Of keystores: as it is set, or asked for. @throws {UserError} */
export async function password(): Promise<string> {
  const given = await keystorePassword() ?? await ask("password: ");
  if (given) return given;
  throw new UserError("no password: set KEYSTORE_PASSWORD or KEYSTORE_PASSWORD_FILE");
}

/** Asks at the terminal, without showing what is typed; undefined where there is none. */
export async function ask(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  process.stderr.write(question);
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: process.stdin, output, terminal: true });
  try {
    return await prompt.question("");
  } finally {
    prompt.close();
    process.stderr.write("\n");
  }
}
