import process from "node:process";
import { Command } from "commander";
import { errorText } from "../log.ts";

/** What every command gets: where its result and its progress go. */
export interface Io {
  /** The result: one JSON document with `--json`, else the readable lines. */
  result(json: unknown, lines: readonly string[]): void;
  /** Progress for people, on standard error; silent with `--json`. */
  progress(line: string): void;
}

/** A failure whose text already says what to do; exit code 1 and no stack. */
export class UserError extends Error {}

/** A command file exports one of these; `index.ts` lists them. */
export type Register = (program: Command, io: () => Io) => void;

const jsonSafe = (_key: string, value: unknown) =>
  typeof value === "bigint" ? value.toString() : value;

/** Parses the command line and runs it; answers the exit code. */
export async function runCli(
  argv: readonly string[],
  commands: readonly Register[],
): Promise<number> {
  const program = new Command("ws")
    .description("Build, publish and watch W3bstream projects.")
    .option("--json", "print one JSON document instead of text")
    .showHelpAfterError("(ws --help lists the commands)")
    .exitOverride();
  const io = (): Io => {
    const json = program.opts<{ json?: boolean }>().json === true;
    return {
      result: (value, lines) =>
        console.log(json ? JSON.stringify(value, jsonSafe, 2) : lines.join("\n")),
      progress: (line) => {
        // Bun's console.error is red on a terminal, as errors are.
        if (!json) process.stderr.write(`${line}\n`);
      },
    };
  };
  for (const register of commands) register(program, io);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof Error && "exitCode" in error) return Number(error.exitCode);
    const text = errorText(error);
    if (program.opts<{ json?: boolean }>().json) console.log(JSON.stringify({ error: text }));
    else console.error(`error: ${text}`);
    if (process.env.WS_DEBUG && error instanceof Error) console.error(error.stack);
    return 1;
  }
}
