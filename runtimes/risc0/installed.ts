/** The native library of risc0's prover. */
import { fileURLToPath } from "node:url";
import * as crates from "../crate.ts";
import type { Crate, Env } from "../crate.ts";

export const crate: Crate = {
  name: "risc0",
  what: "the risc0 prover",
  folder: fileURLToPath(new URL("../../wasm/risc0", import.meta.url)),
  packages: ["w3bstream-risc0"],
  library: "w3bstream_risc0",
  inputs: ["Cargo.toml", "src"],
  features: ["prove"],
  // A build script of risc0's would download programs that we do without.
  env: { DOCS_RS: "1" },
  cxx: true,
  cost:
    "about 20 minutes on 2 cores, 3 GB of memory and 2 GB of disk in the cache; later builds reuse it",
};

/** The crate that it is built from. */
export const workspace = crate.folder;

export const cacheOf = (env?: Env) => crates.cacheOf(crate, env);

/** The library of these sources, if it was built. */
export const installedLibrary = () => crates.installedLibrary(crate);
