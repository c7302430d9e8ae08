/**
 * Builds a native prover into the cache that nodes look in.
 *
 *   bun scripts/build/native.ts [risc0 | wrap]
 */
import process from "node:process";
import { buildLibrary } from "../../runtimes/crate_build.ts";
import { crate as risc0 } from "../../runtimes/risc0/installed.ts";
import { crate as wrap } from "../../runtimes/zkwasm/wrap/installed.ts";

const crates = { risc0, wrap };
const name = process.argv[2] ?? "risc0";

const usage = `usage: bun run build:native [risc0 | wrap]

Builds a native library, from the Rust registry alone, with cargo:
  risc0  proves risc0 programs; needs a C++ compiler as well;
         ${risc0.cost}
  wrap   makes proofs of zkWasm programs that contracts verify;
         ${wrap.cost}
Nodes and ws find it by themselves. The cache is in XDG_CACHE_HOME, or ~/.cache, under w3bstream.`;

if (process.argv.includes("--help")) {
  console.log(usage);
} else if (!(name in crates)) {
  console.error(usage);
  process.exit(2);
} else {
  try {
    const crate = crates[name as keyof typeof crates];
    const { path, sha256 } = await buildLibrary(crate, { say: (line) => console.error(line) });
    console.log(`${path}\nsha256 ${sha256}`);
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}
