/** The native library that wraps proofs. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheRoot, type Crate, type Env, installedLibrary as installed } from "../../crate.ts";

export const crate: Crate = {
  name: "wrap",
  what: "the prover of zkWasm proofs for chains",
  folder: fileURLToPath(new URL("../../../wasm/wrap", import.meta.url)),
  packages: ["wrap", "zkwasm"],
  library: "wrap",
  inputs: ["Cargo.toml", "src", "../Cargo.toml", "../zkwasm/Cargo.toml", "../zkwasm/src"],
  features: [],
  env: {},
  cxx: false,
  cost: "about 5 minutes on 2 cores, 2 GB of memory and 1 GB of disk in the cache",
};

/** The library of these sources, if it was built. */
export const installedLibrary = () => installed(crate);

/** Where setups and keys are kept, about 1 GB a class. */
export const keysFolder = (env?: Env): string => join(cacheRoot(env), "wrap-keys");

/** Where what is known of programs is kept, less than 1 KB a program. */
export const imagesFolder = (env?: Env): string => join(cacheRoot(env), "wrap-images");
