/** What `ws doctor` says of the machine and of what is checked out here. */
import { createHash } from "node:crypto";
import { access, constants, readdir, readFile, stat } from "node:fs/promises";
import { arch, availableParallelism, platform, totalmem } from "node:os";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { zeroHash } from "viem";
import type { NativeSource } from "../../runtimes/native.ts";
import type { Crate } from "../../runtimes/crate.ts";
import { missingTools } from "../../runtimes/crate_build.ts";
import { commitmentOf, stdinOf } from "../../runtimes/risc0/input.ts";
import { crate, installedLibrary } from "../../runtimes/risc0/installed.ts";
import { loadProgram } from "../../runtimes/risc0/load.ts";
import { segmentPo2For } from "../../runtimes/risc0/size.ts";
import { leastBytes } from "../../runtimes/zkwasm/wrap/index.ts";
import {
  crate as wrapCrate,
  installedLibrary as installedWrapper,
} from "../../runtimes/zkwasm/wrap/installed.ts";
import { type Config, loadConfig, settings } from "../config.ts";
import { errorText } from "../log.ts";
import { runtimeName } from "../platform.ts";
import { journalOf, openChecker } from "./risc0.ts";
import { Prover } from "./risc0_prover.ts";

export interface Finding {
  readonly check: string;
  /** `note`: works, or is not configured, but is worth knowing. */
  readonly state: "ok" | "note" | "wrong";
  /** For people; holds no secret. */
  readonly text: string;
}

export type Env = Readonly<Record<string, string | undefined>>;

export const found = (check: string, state: Finding["state"], text: string): Finding => ({
  check,
  state,
  text,
});

const dist = fileURLToPath(new URL("../../wasm/dist/", import.meta.url));
const sample = "guests/risc0_hash_chain.bin";
const sampleSeconds = 60;
const gib = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;

export async function inspectMachine(env: Env): Promise<Finding[]> {
  return [
    found("runtime", "ok", runtimes()),
    memory(env),
    ...await modules(),
    await dataDirectory(env),
    ...await natives(env),
  ];
}

function runtimes(): string {
  const { bun, deno, node } = process.versions as Readonly<Record<string, string | undefined>>;
  const own = runtimeName === "bun" ? `Bun ${bun}` : `Deno ${deno}`;
  return `${own} (as Node ${node}) on ${platform()} ${arch()}`;
}

/** What the settings that concern a machine are, where they can be read. */
function limitsOf(env: Env): Pick<Config, "PROVER_MEMORY_MB" | "WORKERS"> | undefined {
  const { PROVER_MEMORY_MB, WORKERS } = env;
  try {
    return loadConfig("all", {}, { PROVER_MEMORY_MB, WORKERS });
  } catch {
    return undefined; // Told as the configuration's fault.
  }
}

function memory(env: Env): Finding {
  const total = totalmem();
  const limits = limitsOf(env);
  const text = `${availableParallelism()} cores, ${gib(total)} of memory`;
  const wanted = limits ? limits.WORKERS * limits.PROVER_MEMORY_MB * 1024 * 1024 : 0;
  if (wanted <= total) return found("machine", "ok", text);
  const more = `${limits?.WORKERS} provers (WORKERS) of up to ${limits?.PROVER_MEMORY_MB} MiB ` +
    "(PROVER_MEMORY_MB) may use more";
  return found("machine", "note", `${text}; ${more}`);
}

/** The committed modules, against the hashes that are committed beside them. */
async function modules(): Promise<Finding[]> {
  const hashes = (await readdir(dist)).filter((name) => name.endsWith(".sha256")).sort();
  return await Promise.all(hashes.map(async (name) => {
    const module = name.slice(0, -".sha256".length);
    const check = `wasm/dist/${module}`;
    try {
      const [bytes, text] = await Promise.all([
        readFile(join(dist, module)),
        readFile(join(dist, name), "utf8"),
      ]);
      const same = createHash("sha256").update(bytes).digest("hex") === text.slice(0, 64);
      return same
        ? found(check, "ok", "has its committed hash")
        : found(check, "wrong", `its hash is not that of ${name}: check it out again`);
    } catch (error) {
      return found(check, "wrong", `can't be read (${(error as NodeJS.ErrnoException).code})`);
    }
  }));
}

async function dataDirectory(env: Env): Promise<Finding> {
  const directory = resolve(env.DATA_DIRECTORY || settings.DATA_DIRECTORY.fallback);
  const check = "data directory";
  for (let at = directory;; at = dirname(at)) {
    try {
      const { isDirectory } = await stat(at).then((s) => ({ isDirectory: s.isDirectory() }));
      if (!isDirectory) return found(check, "wrong", `${at} is no directory`);
      await access(at, constants.W_OK | constants.X_OK);
      const text = at === directory ? "can be written" : "will be made";
      return found(check, "ok", `${directory} ${text}`);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" && at !== dirname(at)) continue;
      return found(check, "wrong", `${directory} can't be written (${code} at ${at})`);
    }
  }
}

/** Native libraries: those that are configured, and risc0's. */
async function natives(env: Env): Promise<Finding[]> {
  const { NATIVE_LIBRARIES } = env;
  let configured: Readonly<Record<string, NativeSource>>;
  try {
    configured = loadConfig("all", {}, { NATIVE_LIBRARIES }).NATIVE_LIBRARIES;
  } catch {
    configured = {};
  }
  const others = Object.entries(configured).filter(([name]) => name !== "risc0" && name !== "wrap");
  return [
    ...await Promise.all(others.map(([name, source]) => native(name, source))),
    await wrap(configured.wrap ?? installedWrapper(), env),
    await risc0(configured.risc0 ?? installedLibrary(), env),
  ];
}

async function native(name: string, { path, sha256 }: NativeSource): Promise<Finding> {
  const check = `native ${name}`;
  try {
    const hash = `0x${createHash("sha256").update(await readFile(path)).digest("hex")}`;
    return hash === sha256
      ? found(check, "ok", `${path} has the configured hash`)
      : found(check, "wrong", `${path} has hash ${hash}, not the configured one`);
  } catch (error) {
    return found(
      check,
      "wrong",
      `${path} can't be read (${(error as NodeJS.ErrnoException).code})`,
    );
  }
}

async function wrap(source: NativeSource | undefined, env: Env): Promise<Finding> {
  const check = "native wrap";
  if (!source) {
    return found(check, "note", unbuilt(wrapCrate, "zkwasm's proofs for chains are", env));
  }
  const hash = await native("wrap", source);
  if (hash.state !== "ok") return hash;
  const needs = leastBytes / 1024 ** 2;
  const memory = limitsOf(env)?.PROVER_MEMORY_MB ?? needs;
  return memory < needs
    ? found(check, "wrong", `a proof takes more than ${memory} MiB: PROVER_MEMORY_MB=${needs}`)
    : hash;
}

/** What it takes to have a library that is not there. */
function unbuilt(crate: Crate, what: string, env: Env): string {
  const missing = missingTools(crate, env);
  const first = missing.length > 0 ? `needs ${missing.join(" and ")}, ` : "";
  return `not built, so ${what} checked but not made here; bun run build:native ${crate.name} ` +
    `(or ws doctor --build ${crate.name}) ${first}takes ${crate.cost}`;
}

async function risc0(source: NativeSource | undefined, env: Env): Promise<Finding> {
  const check = "native risc0";
  if (!source) return found(check, "note", unbuilt(crate, "risc0's proofs are", env));
  const hash = await native("risc0", source);
  if (hash.state !== "ok") return hash;
  try {
    const seconds = await runSample(source, env);
    return found(check, "ok", `${source.path} ran a sample in ${seconds.toFixed(1)} s`);
  } catch (error) {
    return found(check, "wrong", `${source.path}: ${errorText(error)}`);
  }
}

/** Runs a committed guest without proving. @throws when it did not do what it must */
async function runSample(source: NativeSource, env: Env): Promise<number> {
  const memoryBytes = (limitsOf(env)?.PROVER_MEMORY_MB ?? 4096) * 1024 * 1024;
  const code = new Uint8Array(await readFile(join(dist, sample)));
  const input = { salt: new Uint8Array(32), messages: [new TextEncoder().encode("sample")] };
  const prover = new Prover(
    source,
    await loadProgram(await openChecker(), code, ""),
    memoryBytes,
    sampleSeconds,
  );
  const began = performance.now();
  try {
    const { journal } = await prover.execute({
      stdin: stdinOf("committed", input, zeroHash),
      segmentPo2: segmentPo2For(memoryBytes),
      journalPrefix: new Uint8Array(0),
      succinct: false,
    });
    const said = journalOf(journal, true).json;
    if ((said as { inputCommitment?: string }).inputCommitment !== commitmentOf(input)) {
      throw new Error("ran a sample, but its journal is wrong");
    }
    return (performance.now() - began) / 1000;
  } finally {
    await prover.close();
  }
}
