/** Builds the native library with cargo, from the Rust registry alone. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import process from "node:process";
import type { NativeSource } from "../native.ts";
import { cacheOf, installedLibrary, workspace } from "./installed.ts";

/** What it takes, for whoever waits. */
export const cost =
  "about 20 minutes on 2 cores, 3 GB of memory and 2 GB of disk in the cache; later builds reuse it";

/** Milliseconds between two lines of progress. */
const sayEvery = 15_000;

type Env = Readonly<Record<string, string | undefined>>;

const hasTool = (tool: string, env: Env = process.env) =>
  (env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, tool)));

/** Tools that building needs and this machine lacks, with what provides them. */
export function missingTools(env: Env): string[] {
  const missing: string[] = [];
  if (!hasTool("cargo", env)) missing.push("cargo (rustup.rs)");
  if (!env.CXX && !["c++", "g++", "clang++"].some((tool) => hasTool(tool, env))) {
    missing.push("a C++ compiler (g++)");
  }
  return missing;
}

export interface BuildOptions {
  /** Told what is going on, a line at a time. */
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * The library of these sources: as it was built, or built now.
 * @throws {Error} saying what is missing, or with the compiler's last lines
 */
export async function buildLibrary({ say, signal }: BuildOptions): Promise<NativeSource> {
  const cache = cacheOf();
  const built = installedLibrary(cache);
  if (built) return built;
  const missing = missingTools(process.env);
  if (missing.length > 0) {
    throw new Error(`the risc0 prover can't be built here: install ${missing.join(" and ")}`);
  }
  say(`building the risc0 prover: ${cost}`);
  const target = join(cache.directory, "target");
  await mkdir(target, { recursive: true });
  // Without rustup, the toolchain that there is is used as it is.
  if (hasTool("rustup")) await run("rustup", ["toolchain", "install"], {}, signal);
  // Cargo tells our crate of one clone from another's by the age of its files only.
  await run("cargo", ["clean", "--release", "--package", "w3bstream-risc0"], {
    CARGO_TARGET_DIR: target,
  }, signal);
  const began = performance.now();
  let compiled = 0, said = began;
  const minutes = () => ((performance.now() - began) / 60_000).toFixed(1);
  await run(
    "cargo",
    ["build", "--release", "--lib", "--features", "prove", "--locked"],
    {
      CARGO_TARGET_DIR: target,
      // A build script of risc0's would download programs that we do without.
      DOCS_RS: "1",
    },
    signal,
    (line) => {
      if (/^\s*Compiling /.test(line)) compiled++;
      if (performance.now() - said < sayEvery) return;
      said = performance.now();
      say(`${compiled} crates compiled or under way after ${minutes()} min`);
    },
  );
  const name = cache.library.endsWith("dylib")
    ? "libw3bstream_risc0.dylib"
    : "libw3bstream_risc0.so";
  await install(join(target, "release", name), cache.library, cache.hash);
  const library = installedLibrary(cache);
  if (!library) throw new Error(`${cache.hash} can't be read`);
  say(`built in ${minutes()} min`);
  return library;
}

/** Puts library and hash in place so that nobody sees half of them. */
async function install(from: string, library: string, hash: string): Promise<void> {
  const unfinished = `${library}.${process.pid}`;
  await copyFile(from, unfinished);
  const sum = createHash("sha256").update(await readFile(unfinished)).digest("hex");
  await rename(unfinished, library);
  await writeFile(unfinished, `${sum}\n`);
  await rename(unfinished, hash);
}

/** @throws {Error} with the last lines that the command wrote */
function run(
  command: string,
  args: string[],
  env: Record<string, string>,
  signal: AbortSignal | undefined,
  onLine: (line: string) => void = () => {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    // By the shell, which is all that a node may start under Deno; it becomes the command.
    const child: ChildProcess = spawn("/bin/sh", ["-c", 'exec "$0" "$@"', command, ...args], {
      cwd: workspace,
      env: { ...process.env, ...env },
      stdio: ["ignore", "ignore", "pipe"],
      ...(signal ? { signal } : {}),
    });
    const last: string[] = [];
    let rest = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        last.push(line);
        if (last.length > 30) last.shift();
        onLine(line);
      }
    });
    // Told by time as well: one file of C++ takes minutes without a word.
    const timer = setInterval(() => onLine(""), sayEvery);
    child.on("error", (error) => (clearInterval(timer), reject(error)));
    child.on("close", (code) => {
      clearInterval(timer);
      if (code === 0) resolve();
      else reject(new Error(`${command} ended with ${code}:\n${last.join("\n")}`));
    });
  });
}
