/** Types what the README's tutorial says, at a shell in a terminal, and looks for what it shows. */
import { afterAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { missingTools } from "../../runtimes/crate_build.ts";
import { crate, installedLibrary } from "../../runtimes/risc0/installed.ts";
import { nodeRuntime, testedOn, until } from "./node.ts";

const root = join(import.meta.dirname, "../..");

/** The tutorial's parts: their lines, by whether they need the prover of risc0. */
const parts = [
  ...readFileSync(join(root, "README.md"), "utf8")
    .matchAll(/^```console tutorial( risc0)?\n([^]*?)^```$/gm),
].map(([, needs, text = ""]) => ({ risc0: needs !== undefined, lines: text.trim().split("\n") }));

/** Beside this checkout, of which it has all but what the tutorial makes. */
const clone = await mkdtemp(join(tmpdir(), "w3bstream-clone-"));
for (const name of await readdir(root)) await symlink(join(root, name), join(clone, name));
afterAll(() => rm(clone, { recursive: true, force: true }));

/** A guest that is built, and its proof, take minutes of a machine that has nothing else to do. */
const mostMs = 1_800_000;

/** Told by the shell when a command has ended, with its exit code. */
const prompt = (code: string) => `[ended ${code}]`;

/** Without the colours that Bun and Deno give what they run. */
// deno-lint-ignore no-control-regex
const plain = (text: string) => text.replace(/\x1b\[[0-9;]*m/g, "");

/** A shell in a terminal of its own. */
function openShell() {
  let said = "";
  const decoder = new TextDecoder();
  const shell = Bun.spawn(["/bin/sh"], {
    cwd: clone,
    env: {
      ...process.env,
      PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}`,
      TMPDIR: clone,
      TERM: "dumb",
      PS1: prompt("$?"),
    },
    terminal: {
      cols: 500,
      rows: 50,
      data: (_, bytes) => void (said += plain(decoder.decode(bytes, { stream: true }))),
    },
  });
  /** How much was there when something was typed last. */
  let before = 0;
  return {
    said: () => said,
    type(text: string): void {
      before = said.length;
      shell.terminal?.write(text);
    },
    /** Waits for what matches after what was typed last: messages end in any order. */
    sees: (what: string, pattern: RegExp): Promise<RegExpExecArray> =>
      until(
        `the terminal shows ${what}`,
        () => Promise.resolve(pattern.exec(said.slice(before)) ?? undefined),
        mostMs,
      ),
    async end() {
      shell.kill("SIGHUP");
      await shell.exited;
      shell.terminal?.close();
    },
  };
}
type Shell = ReturnType<typeof openShell>;

/** The codes are those that may be: of `bun run`, on Ctrl-C, its own or that of what it runs. */
async function endsWith(codes: readonly number[], shell: Shell, what: string): Promise<void> {
  const [, code] = await shell.sees(`the end of ${what}`, /\[ended (\d+)\]/);
  expect(codes).toContain(Number(code));
}

/** What `ws dev` has in the temporary folder while it runs. */
const kept = async () => (await readdir(clone)).filter((name) => name.startsWith("w3bstream-"));

/** A whole line, where `…` is anything, and some spaces are as good as others. */
function lineLike(text: string): RegExp {
  const parts = text.trim().split(/\s*…\s*/).map((part) =>
    part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\s+/g, " +")
  );
  return new RegExp(`^${parts.join("[^\\r\\n]*")} *\\r?$`, "m");
}

async function follow(lines: readonly string[]): Promise<void> {
  const shell = openShell();
  let running = "";
  try {
    await shell.sees("a prompt", /\[ended 0\]/);
    for (const line of lines) {
      const [sign, text] = [line.slice(0, 2), line.slice(2)];
      if (sign === "$ ") {
        if (running) await endsWith([0], shell, running);
        running = nodeRuntime === "deno" ? text.replace("bun run ws", "deno task ws") : text;
        shell.type(`${running}\n`);
      } else if (sign === "> ") shell.type(`${text}\n`);
      else if (line === "^C") shell.type("\x03");
      else await shell.sees(line, lineLike(line));
    }
    await endsWith(lines.at(-1) === "^C" ? [0, 130] : [0], shell, running);
    await until("nothing is left of it", async () => (await kept()).length === 0 || undefined);
  } catch (error) {
    throw new Error(`in the terminal was:\n${shell.said()}`, { cause: error });
  } finally {
    await shell.end();
  }
}

test("the README has a tutorial for each machine", () => {
  const text = parts.flatMap(({ lines }) => lines).join("\n");
  for (const vmType of ["halo2", "zkwasm", "risc0"]) expect(text).toContain(`--runtime ${vmType}`);
  expect(parts.map(({ risc0 }) => risc0)).toEqual([false, false, true]);
});

for (const { risc0, lines } of parts) {
  const [first = ""] = lines.filter((line) => line.includes("ws init"));
  const name = `README: ${first.slice(2)}`;
  const missing = risc0 && (!installedLibrary() || missingTools(crate, process.env).length > 0);
  if (missing) test.skip(`${name}: the prover is not built (bun run build:native)`, () => {});
  else test.skipIf(risc0 && !testedOn("bun"))(name, () => follow(lines), mostMs);
}
