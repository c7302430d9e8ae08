/**
 * What ZkWasm proofs cost in processor time, natively and as a module, beside the proof engine alone
 * on tables of the shape of a small virtual machine (`wasm/zkwasm/src/peer.rs`), in the same run.
 */
import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { zeroHash } from "viem";
import { z } from "zod";
import { Engine } from "../../runtimes/zkwasm/engine.ts";
import { WasmLibrary } from "../../runtimes/zkwasm/module.ts";
import { type StarkProfile, starkProfiles } from "../../runtimes/zkwasm/profile.ts";
import { runtimeName } from "../../src/platform.ts";
import { ownCpuMs } from "./cpu.ts";
import { cargo, cargoModule, simd, sourceOf, target } from "../build/cargo.ts";
import { flagsOf, wrong } from "./options.ts";

const help = `Usage: bun scripts/bench/zkwasm.ts [options]

Rows (instructions of the register form) proven a cpu-second, beside steps of the proof engine alone;
WebAssembly instructions a row; and what the smallest guest costs from its bytes to a verified
receipt. Needs rustup: it builds the prover with what it is measured against (some minutes once).

  --native         only the native prover, one core
  --module         only the module, in this runtime
  --profile <p>    fast or zk (default fast); the engine alone always proves as fast does
  --cpu <name>     processor that the native prover is built for (default native)
  --json           print one JSON object
  --help           this text`;

const flags = flagsOf(help, {
  native: false,
  module: false,
  profile: "fast",
  cpu: "native",
});
const profile = starkProfiles.find((known) => known === flags.profile);
if (!profile) wrong(`--profile must be one of ${starkProfiles.join(", ")}`);

const workspace = join(dirname(fileURLToPath(import.meta.url)), "../../wasm");
const folder = join(workspace, "target/bench");

const guestSchema = z.object({
  guest: z.string(),
  instructions: z.number().optional(),
  rows: z.number(),
  /** Processor time of a proof. */
  seconds: z.number(),
  /** Rows a cpu-second, to the engine's steps. */
  ratio: z.number(),
  /** Bytes. */
  proof: z.number(),
  verifyMs: z.number(),
  /** Time of a dry run, to that of wasmi. */
  dryRun: z.number().optional(),
});
type Guest = z.infer<typeof guestSchema>;
interface Figures {
  readonly on: string;
  /** Steps that the engine alone proves in a cpu-second. */
  readonly peer: number;
  readonly guests: readonly Guest[];
}

function native(cpu: string, profile: StarkProfile): Figures {
  const args = ["bench", "--package", "zkwasm", "--features", "bench", "--locked"];
  const options = ["--json", ...(profile === "zk" ? ["--zk"] : [])];
  const output = cargo(workspace, [...args, "--bench", "prove", "--", ...options], {
    CARGO_ENCODED_RUSTFLAGS: `-Ctarget-cpu=${cpu}`,
    CARGO_TARGET_DIR: folder,
    RAYON_NUM_THREADS: "1",
  });
  const [first, ...rest] = output.trim().split("\n").map((line) => JSON.parse(line));
  const { peer } = z.object({ peer: z.number() }).parse(first);
  return { on: `native, ${cpu}`, peer, guests: z.array(guestSchema).parse(rest) };
}

/** Seconds of processor time that the work takes, and what it gives. */
function timed<T>(work: () => T): [number, T] {
  const began = ownCpuMs();
  const given = work();
  return [(ownCpuMs() - began) / 1000, given];
}

const range = (count: number) => Array.from({ length: count }, (_, i) => BigInt(i));
const guests = [
  { guest: "sum of two numbers", file: "sum", public: [2n], private: range(2) },
  { guest: "Fibonacci of 10,000", file: "fibonacci", public: [10_000n], private: [] },
  { guest: "SHA-256 of 1,480 bytes", file: "sha256", public: [185n], private: range(185) },
];

/** The module, built with what it is measured against. */
function build(): WebAssembly.Module {
  const registry = dirname(sourceOf(workspace, "p3-field"));
  const args = ["--package", "zkwasm", "--locked", "--features", "bench"];
  cargoModule(workspace, registry, args, [simd], { folder });
  return new WebAssembly.Module(readFileSync(join(folder, target, "release/zkwasm.wasm")));
}

function proveOne(module: WebAssembly.Module, peer: number, one: typeof guests[number]): Guest {
  const engine = new Engine(new WasmLibrary(module));
  const code = readFileSync(new URL(`../../wasm/dist/guests/${one.file}.wasm`, import.meta.url));
  const { handle } = engine.load(code, profile as StarkProfile);
  const request = { public: one.public, private: one.private, binding: zeroHash };
  const rows = Number(engine.execute(handle, request).steps);
  const [seconds, proven] = timed(() => engine.prove(handle, request));
  const began = performance.now();
  const reason = engine.verify(proven, profile);
  if (reason !== undefined) throw new Error(`${one.guest}: ${reason}`);
  const verifyMs = performance.now() - began;
  const ratio = rows / seconds / peer;
  return { guest: one.guest, rows, seconds, ratio, proof: proven.proof.length, verifyMs };
}

const logSteps = 16;

function asModule(): Figures {
  const module = build();
  const library = new WasmLibrary(module);
  library.call("zk_peer_fill", logSteps);
  const runs = [0, 1, 2].map(() => timed(() => library.call("zk_peer_prove", 0))[0]);
  const peer = 2 ** logSteps / (runs.sort((a, b) => a - b)[1] ?? Number.NaN);
  // The first proof of an instance also waits for the engine's compiler.
  proveOne(module, peer, guests[0] as typeof guests[number]);
  return {
    on: `module, ${runtimeName}`,
    peer,
    guests: guests.map((one) => proveOne(module, peer, one)),
  };
}

const both = flags.native === flags.module;
const results = [
  ...(both || flags.native ? [native(flags.cpu, profile)] : []),
  ...(both || flags.module ? [asModule()] : []),
];
if (flags.json) {
  console.log(JSON.stringify({ profile, load: loadavg(), results }));
} else {
  for (const { on, peer, guests } of results) {
    console.log(
      `\n${on}, profile ${profile}: the engine alone proves ${peer.toFixed(0)} steps/cpu-s`,
    );
    console.table(guests.map((one) => ({
      guest: one.guest,
      rows: one.rows,
      "cpu-s": one.seconds.toFixed(2),
      "rows/cpu-s": (one.rows / one.seconds).toFixed(0),
      beside: one.ratio.toFixed(2),
      "proof, KB": (one.proof / 1000).toFixed(0),
      "verify, ms": one.verifyMs.toFixed(0),
      ...(one.instructions === undefined ? {} : {
        "instructions a row": (one.instructions / one.rows).toFixed(2),
        "dry run beside wasmi": one.dryRun?.toFixed(1),
      }),
    })));
  }
}
