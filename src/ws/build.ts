/** Builds a project's programs of their sources. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { runtimeName } from "../platform.ts";
import { UserError } from "./cli.ts";
import { root, spawnRuntime } from "./dev/processes.ts";
import { readSource } from "./draft.ts";

/**
 * Builds each version's `code` of its `source`, where it has one; a program that comes out as it
 * was is left alone. Answers the paths of the programs. A source is an AssemblyScript file, or the
 * folder of a crate that is a risc0 guest.
 * @param path the project's file
 * @throws {UserError} with the compiler's messages
 */
export async function buildPrograms(path: string): Promise<string[]> {
  const { versions } = await readSource(path);
  const folder = dirname(path);
  const built: string[] = [];
  for (const [index, { source, code, vmType }] of versions.entries()) {
    const output = resolve(folder, code);
    if (source === undefined || built.includes(output)) continue;
    if (vmType !== "risc0" && !source.endsWith(".ts")) {
      throw new UserError(
        `${path}: versions.${index}.source: must be AssemblyScript (….ts), or a crate for risc0; ` +
          "build what is in another language with its own tools, and leave source out",
      );
    }
    const program = vmType === "risc0"
      ? await guest(resolve(folder, source))
      : await assemblyScript(folder, source);
    const before = await readFile(output).catch(() => undefined);
    if (!before || !before.equals(program)) {
      await mkdir(dirname(output), { recursive: true });
      await writeFile(output, program);
    }
    built.push(output);
  }
  return built;
}

/** As much of it as is used. Its own types declare globals anew, with AssemblyScript's signatures. */
interface Compiler {
  main(options: readonly string[], api: {
    readonly stdout: { write(text: string | Uint8Array): void };
    readonly stderr: { write(text: string | Uint8Array): void };
    readFile(name: string): Promise<string | null>;
    writeFile(name: string, contents: string | Uint8Array): void;
    listFiles(): readonly string[];
  }): Promise<{ readonly error: Error | null }>;
}
/** Not a literal, by which those types would come in. */
const compiler: string = "assemblyscript/asc";

/** @param source the entry, relative to `folder` as all that it imports */
async function assemblyScript(folder: string, source: string): Promise<Uint8Array> {
  const { main } = (await import(compiler)).default as Compiler;
  let program: Uint8Array | undefined, said = "";
  const stderr = {
    write: (text: string | Uint8Array) =>
      void (said += typeof text === "string" ? text : new TextDecoder().decode(text)),
  };
  const outFile = "program.wasm";
  const options = [source, "-O3", "--runtime", "stub", "-o", outFile];
  const { error } = await main(options, {
    stdout: stderr,
    stderr,
    readFile: (name) => readFile(join(folder, name), "utf8").catch(() => null),
    writeFile: (name, contents) => {
      if (name === outFile && typeof contents !== "string") program = contents;
    },
    listFiles: () => [],
  });
  if (error || !program) {
    throw new UserError(`${join(folder, source)} is not built:\n${said.trim() || error?.message}`);
  }
  return program;
}

/** Builds a crate with cargo, in a process that may start it under Deno as well. */
async function guest(crate: string): Promise<Uint8Array> {
  const directory = await mkdtemp(join(tmpdir(), "w3bstream-guest-"));
  try {
    const out = join(directory, "guest.bin");
    const permitted = runtimeName === "deno" ? ["run", "--no-prompt", "--allow-all"] : [];
    const child = spawnRuntime(
      [...permitted, join(root, "scripts/build/guest.ts"), crate, "--out", out],
      { cwd: root, env: process.env, stdio: ["ignore", "ignore", "pipe"] },
    );
    let said = "";
    child.stderr?.setEncoding("utf8").on(
      "data",
      (text: string) => said = (said + text).slice(-8000),
    );
    const code = await new Promise((done, reject) => child.on("error", reject).on("close", done));
    if (code !== 0) throw new UserError(`${crate} is not built:\n${said.trim()}`);
    return new Uint8Array(await readFile(out));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
