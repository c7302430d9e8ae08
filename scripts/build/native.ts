/**
 * Builds the native prover of risc0 into the cache that nodes look in.
 *
 *   bun scripts/build/native.ts
 */
import process from "node:process";
import { buildLibrary, cost } from "../../runtimes/risc0/build.ts";

const usage = `usage: bun run build:native

Builds the native library that proves risc0 programs, from the Rust registry alone, with cargo and a
C++ compiler: ${cost}.
Nodes and ws find it by themselves. The cache is in XDG_CACHE_HOME, or ~/.cache, under w3bstream.`;

if (process.argv.includes("--help")) {
  console.log(usage);
} else {
  try {
    const { path, sha256 } = await buildLibrary({ say: (line) => console.error(line) });
    console.log(`${path}\nsha256 ${sha256}`);
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}
