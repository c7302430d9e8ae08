/**
 * Proves one run with the native library and writes the receipt in risc0's own encoding, for a
 * prover service of tests: `risc0_prove.ts <program> <stdin> <receipt>`, all paths.
 */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { Engine } from "../risc0/engine.ts";
import { installedLibrary } from "../risc0/installed.ts";
import { openNativeRisc0 } from "../risc0/native.ts";
import { proveRun } from "../risc0/proving.ts";

const [program = "", stdin = "", receipt = ""] = process.argv.slice(2);
const library = installedLibrary();
if (!library) throw new Error("the prover is not built");
const engine = new Engine(await openNativeRisc0(library));
const binary = new Uint8Array(readFileSync(program));
const { proof, execution: { journal } } = proveRun(engine, binary, engine.imageId(binary), {
  stdin: new Uint8Array(readFileSync(stdin)),
  journalPrefix: new Uint8Array(0),
  segmentPo2: 18,
  cycles: 2 ** 24,
  succinct: false,
  memoryBytes: Infinity,
  timeoutSeconds: Infinity,
}, () => {});

// After the inner receipt come the journal, with its length in 8 bytes, and a digest of parameters.
const length = new Uint8Array(8);
new DataView(length.buffer).setBigUint64(0, BigInt(journal.length), true);
writeFileSync(receipt, Buffer.concat([proof, length, journal, new Uint8Array(32)]));
