/**
 * A program of our Halo2 form whose proof costs next to nothing, and its contracts: the whole way
 * of a task is walked hundreds of times in a test. Only the circuit is missing.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Address, Hex } from "viem";
import type { Sender } from "../../src/chain/clients.ts";
import type { GeneratedVerifier } from "../../src/chain/deploy.ts";
import { transact } from "../../src/chain/transact.ts";

const root = join(import.meta.dirname, "../..");

/** Compiles `tally.as`. */
export function tallyModule(): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), "w3bstream-tally-"));
  try {
    copyFileSync(join(import.meta.dirname, "tally.as"), join(directory, "tally.ts"));
    const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
    const flags = ["-O3", "--runtime", "minimal", "--use", "abort=", "--maximumMemory", "256"];
    execFileSync("node", [asc, "tally.ts", ...flags, "-o", "tally.wasm"], {
      cwd: directory,
      stdio: ["ignore", "ignore", "inherit"],
    });
    return new Uint8Array(readFileSync(join(directory, "tally.wasm")));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What puts `runtime` on the chain. */
const deploying = (runtime: string): Hex =>
  `0x60${(runtime.length / 2).toString(16).padStart(2, "0")}8060093d393df3${runtime}`;

/**
 * Like a verifier that snark-verifier generates, for this program: only a fallback, which reverts
 * unless the last 32 bytes of what it is given are the keccak of all before.
 */
export const keccakVerifier: GeneratedVerifier = {
  name: "KeccakVerifier",
  unsafeTestSetup: true,
  // n = calldatasize - 32; keccak(calldata[..n]) == calldata[n..] or revert
  bytecode: deploying("60203603805f5f37805f2090351460145" + "75f5ffd5b00"),
};

/** A receiver that takes whatever the router tells it. */
export async function deployReceiver(sender: Sender): Promise<Address> {
  const { contractAddress } = await transact(sender, {
    data: deploying("00"),
    abi: [],
    what: "deploying the receiver",
  });
  if (!contractAddress) throw new Error("the receiver is not there");
  return contractAddress;
}
