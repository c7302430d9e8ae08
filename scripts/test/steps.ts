/** The checks of the project. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { cacheOf } from "../../runtimes/risc0/installed.ts";
import { slow } from "../../tests/slow.ts";
import { libraryName } from "../build/cargo.ts";
import { bunCounts, cargoCounts, type Counts, forgeCounts } from "./output.ts";

export const root = join(import.meta.dirname, "../..");

export interface Step {
  readonly name: string;
  readonly command: readonly string[];
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** Skipped, loudly, when this is not to be had. */
  readonly needs?: { readonly tools: readonly string[]; readonly why: string };
  /** Steps of a lane run one after the other, beside those of other lanes. */
  readonly lane?: string;
  /** Gives way to other lanes: it computes all the time, where tests wait. */
  readonly background?: true;
  /** Names of steps that must have ended. */
  readonly after?: readonly string[];
  /**
   * The command without its files. The files with a failure are run once more when all else has
   * ended, and both runs are shown: a machine that is busy with other things fails what waits.
   */
  readonly again?: readonly string[];
  /**
   * All files that its outcome hangs on, folders of them, npm packages: one that passed is not run again on
   * this machine while they are the same, unless `SLOW=1` asks for everything.
   */
  readonly inputs?: readonly string[];
  /** The file that it makes and others need. */
  readonly makes?: string;
  /** Reads the tool's own counts; a step without them counts as one. */
  readonly count?: (output: string) => Counts;
}

const needsRust = {
  tools: ["cargo"],
  why: "Rust is not installed: the crates in wasm/ go untested",
};
const needsCxx = {
  tools: ["cargo", "c++"],
  why: "Rust or a C++ compiler is not installed: risc0 programs are not proven",
};
const rustScript = { lane: "rust", background: true, needs: needsRust } as const;
const workspace = [
  ...["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "rustfmt.toml", "halo2", "zkwasm"],
].map((path) => `wasm/${path}`);

/** What the circuit's crate hangs on. */
const wrap = ["wasm/wrap", "wasm/zkwasm", "wasm/Cargo.toml"];

/** What `scripts/build/wrap.ts` makes, beside the keys in the crate. */
const wrapMakes = [
  ...["wasm/dist/wrap.wasm", "wasm/dist/wrap.wasm.sha256", "wasm/dist/guests"],
  ...["scripts/build/halo2_axiom.ts", "contracts/src/generated", "contracts/test/vectors"],
];

/** A check by cargo of the crates of a folder. */
const crates = (cwd: string) => {
  const inputs = { wasm: workspace, "wasm/wrap": wrap }[cwd] ?? [cwd];
  return { ...rustScript, cwd, inputs } as const;
};

/** What the example of wasm/wrap makes for the contracts' tests. */
const wrapFixtures = [
  "contracts/test/generated/UnsafeTestSetupToyWrapVerifier.sol",
  "contracts/test/vectors/wrap-toy.json",
];

/** Whether what is committed is what a build script makes. */
const rebuild = (script: string, inputs: readonly string[]) => ({
  ...rustScript,
  command: ["bun", `scripts/build/${script}.ts`, "--check"],
  inputs: [
    ...[script, "cargo", "committed", "riscv", "risc0_program"].map((name) =>
      `scripts/build/${name}.ts`
    ),
    ...inputs,
  ],
});

/** With a limit that only what hangs will meet, in milliseconds. */
const bunTest = ["bun", "test", "--timeout", slow ? "3600000" : "600000"];

/** One choice of features for all that cargo builds to be run, so that each crate is built once. */
const cargoTest = ["cargo", "test", "--workspace", "--features", "zkwasm/parallel,zkwasm/wrap"];

/** Where that leaves the native prover, which the crate's tests are linked with as well. */
const nativeProver = join(root, "wasm/target/debug/deps", libraryName("zkwasm"));

/** Files of end-to-end tests, in two halves: these wait more than they compute. */
const halves = [0, 1].map((half) =>
  readdirSync(join(root, "tests"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".test.ts")).sort()
    .filter((_, i) => i % 2 === half).map((path) => join("tests", path))
);

const endToEnd = ["bun", "deno"].flatMap((runtime) =>
  halves.map((files, half): Step => ({
    name: `end to end, nodes on ${runtime}, ${half + 1} of ${halves.length}`,
    command: [...bunTest, ...files],
    after: ["unit tests: src", "unit tests: runtimes, scripts"],
    env: { NODE_RUNTIME: runtime },
    count: bunCounts,
    again: bunTest,
    lane: `${runtime} ${half}`,
  }))
);

/** @param withRust whether there is cargo */
export const steps = (withRust: boolean): Step[] => [
  { name: "format", command: ["deno", "fmt", "--check", "--quiet"] },
  { name: "lint", command: ["deno", "lint", "--quiet"] },
  { name: "types", command: ["tsc", "--noEmit"] },
  { name: "contracts: format", command: ["node", "contracts/forge.mjs", "fmt", "--check"] },
  {
    name: "contracts: ABIs are current",
    command: ["bun", "scripts/build/contracts.ts", "--check"],
  },
  {
    name: "contracts: tests",
    command: ["node", "contracts/forge.mjs", "test"],
    count: forgeCounts,
  },
  {
    name: "shared vectors are current",
    command: ["bun", "scripts/build/vectors.ts", "--check"],
  },
  {
    name: "risc0: committed receipts are of the committed guest",
    command: ["bun", "scripts/build/risc0_fixtures.ts", "--check"],
  },
  ...[["src"], ["runtimes", "scripts"]].map((folders): Step => ({
    name: `unit tests: ${folders.join(", ")}`,
    command: [...bunTest, ...folders],
    after: ["wasm: tests and native prover are built", "risc0: native prover is built"],
    again: bunTest,
    env: withRust ? { ZKWASM_NATIVE: nativeProver } : {},
    count: bunCounts,
    ...(folders[0] === "src" ? {} : { lane: "unit" }),
  })),
  ...endToEnd,
  {
    ...rustScript,
    name: "wasm: toolchain is installed",
    command: ["rustup", "toolchain", "install"],
    cwd: "wasm",
    needs: { tools: ["rustup"], why: "rustup is not installed: cargo is used as it is" },
  },
  {
    ...crates("wasm"),
    name: "wasm: tests and native prover are built",
    command: [...cargoTest, "--no-run"],
    makes: nativeProver,
  },
  {
    ...rustScript,
    name: "risc0: native prover is built",
    command: ["bun", "scripts/build/native.ts"],
    needs: needsCxx,
  },
  { ...crates("wasm"), name: "wasm: format", command: ["cargo", "fmt", "--check"] },
  {
    ...crates("wasm"),
    name: "wasm: tests",
    command: [...cargoTest, ...(slow ? ["--", "--include-ignored"] : [])],
    count: cargoCounts,
  },
  {
    ...crates("wasm"),
    name: "wasm: clippy",
    command: [
      ...["cargo", "clippy", "--workspace", "--all-targets", "--features", "zkwasm/wrap"],
      ...["--quiet", "--", "-D", "warnings"],
    ],
  },
  {
    ...crates("wasm/risc0"),
    name: "risc0: clippy",
    command: ["cargo", "clippy", "--release", "--features", "prove", "--", "-D", "warnings"],
    // As the prover was built, so that its C++ is not compiled once more.
    env: { CARGO_TARGET_DIR: join(cacheOf().directory, "target"), DOCS_RS: "1" },
    needs: needsCxx,
  },
  { ...crates("wasm/risc0"), name: "risc0: format", command: ["cargo", "fmt", "--check"] },
  {
    ...crates("wasm/guests/risc0"),
    name: "risc0 guests: format",
    command: ["cargo", "fmt", "--all", "--check"],
  },
  {
    ...crates("wasm/guests/risc0"),
    name: "risc0 guests: clippy",
    command: ["cargo", "clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"],
  },
  {
    ...crates("wasm/guests/risc0"),
    name: "risc0 guests: tests",
    command: ["cargo", "test", "--workspace"],
    count: cargoCounts,
  },
  {
    ...rebuild("risc0", ["wasm/risc0", "wasm/dist/risc0.wasm"]),
    name: "risc0: committed checker is current",
  },
  {
    ...rebuild("risc0_guests", ["wasm/guests/risc0", "wasm/dist/guests"]),
    name: "risc0: committed guests are current",
  },
  {
    ...rebuild("risc0_kernel", ["wasm/risc0_kernel", "wasm/dist/risc0_kernel_sprout.elf"]),
    name: "risc0: committed kernel is current",
  },
  {
    ...rebuild("halo2", [
      ...workspace,
      "scripts/build/halo2_axiom.ts",
      "wasm/dist/weather_halo2.wasm",
      "contracts/src/generated",
      "contracts/test/vectors/halo2-weather.json",
    ]),
    name: "wasm: committed modules are current",
  },
  {
    ...rebuild("zkwasm", [...workspace, "wasm/dist/zkwasm.wasm", "wasm/dist/zkwasm.wasm.sha256"]),
    name: "wasm: committed prover is current",
  },
  {
    ...rebuild("wrap", [...wrap, ...wrapMakes]),
    name: "wrap: committed module, contracts and proofs are current",
  },
  {
    ...rebuild("packer", ["wasm/packer", "wasm/dist/packer.wasm", "wasm/dist/packer.wasm.sha256"]),
    name: "wasm: committed interpreter of packers is current",
  },
  {
    ...crates("wasm/packer"),
    name: "packers' interpreter: tests",
    command: ["cargo", "test"],
    count: cargoCounts,
  },
  {
    ...crates("wasm/packer"),
    name: "packers' interpreter: format",
    command: ["cargo", "fmt", "--check"],
  },
  {
    ...crates("wasm/packer"),
    name: "packers' interpreter: clippy",
    command: ["cargo", "clippy", "--all-targets", "--quiet", "--", "-D", "warnings"],
  },
  {
    ...crates("wasm/wrap"),
    name: "wrap: tests",
    command: ["cargo", "test", ...(slow ? ["--", "--include-ignored"] : [])],
    count: cargoCounts,
  },
  {
    ...crates("wasm/wrap"),
    name: "wrap: committed verifier is current",
    command: [
      ...["cargo", "run", "--quiet", "--example", "toy", "--", "check"],
      ...wrapFixtures.map((path) => join(root, path)),
    ],
    inputs: [...wrap, ...wrapFixtures],
  },
  { ...crates("wasm/wrap"), name: "wrap: format", command: ["cargo", "fmt", "--check"] },
  {
    ...crates("wasm/wrap"),
    name: "wrap: clippy",
    command: ["cargo", "clippy", "--all-targets", "--quiet", "--", "-D", "warnings"],
  },
  {
    ...rebuild("guests", [
      "wasm/guests",
      "wasm/dist/guests",
      "tests/fixtures/original-zkwasm.json",
      "npm:assemblyscript",
    ]),
    name: "wasm: committed guests are current",
  },
];
