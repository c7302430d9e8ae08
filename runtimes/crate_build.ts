/** Builds native libraries with cargo, from the Rust registry alone. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import process from "node:process";
import { cacheOf, type Crate, type Env, installedLibrary } from "./crate.ts";
import type { NativeSource } from "./native.ts";

/** Milliseconds between two lines of progress. */
const sayEvery = 15_000;

const hasTool = (tool: string, env: Env = process.env) =>
  (env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, tool)));

/** Tools that building needs and this machine lacks, with what provides them. */
export function missingTools({ cxx }: Crate, env: Env): string[] {
  const missing: string[] = [];
  if (!hasTool("cargo", env)) missing.push("cargo (rustup.rs)");
  if (cxx && !env.CXX && !["c++", "g++", "clang++"].some((tool) => hasTool(tool, env))) {
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
export async function buildLibrary(
  crate: Crate,
  { say, signal }: BuildOptions,
): Promise<NativeSource> {
  const { what, folder, packages, features, env } = crate;
  const cache = cacheOf(crate);
  const built = installedLibrary(crate, cache);
  if (built) return built;
  const missing = missingTools(crate, process.env);
  if (missing.length > 0) {
    throw new Error(`${what} can't be built here: install ${missing.join(" and ")}`);
  }
  say(`building ${what}: ${crate.cost}`);
  const target = join(cache.directory, "target");
  await mkdir(target, { recursive: true });
  // Without rustup, the toolchain that there is is used as it is.
  if (hasTool("rustup")) await run(folder, "rustup", ["toolchain", "install"], {}, signal);
  // Cargo tells our crates of one clone from another's by the age of their files only.
  const names = packages.flatMap((name) => ["--package", name]);
  await run(folder, "cargo", ["clean", "--release", ...names], {
    CARGO_TARGET_DIR: target,
  }, signal);
  const began = performance.now();
  let compiled = 0, said = began;
  const minutes = () => ((performance.now() - began) / 60_000).toFixed(1);
  await run(
    folder,
    "cargo",
    ["build", "--release", "--lib", "--locked", ...features.flatMap((it) => ["--features", it])],
    { CARGO_TARGET_DIR: target, ...env },
    signal,
    (line) => {
      if (/^\s*Compiling /.test(line)) compiled++;
      if (performance.now() - said < sayEvery) return;
      said = performance.now();
      say(`${compiled} crates compiled or under way after ${minutes()} min`);
    },
  );
  const suffix = cache.library.endsWith("dylib") ? "dylib" : "so";
  const made = join(target, "release", `lib${crate.library}.${suffix}`);
  await install(made, cache.library, cache.hash);
  const library = installedLibrary(crate, cache);
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
  folder: string,
  command: string,
  args: string[],
  env: Record<string, string>,
  signal: AbortSignal | undefined,
  onLine: (line: string) => void = () => {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    // By the shell, which is all that a node may start under Deno; it becomes the command.
    const child: ChildProcess = spawn("/bin/sh", ["-c", 'exec "$0" "$@"', command, ...args], {
      cwd: folder,
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
