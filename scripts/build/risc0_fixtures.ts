/**
 * Makes the risc0 receipts that tests check, composite and succinct, of the sample guest:
 *
 *   bun scripts/build/risc0_fixtures.ts            prove, and write tests/fixtures/risc0
 *   bun scripts/build/risc0_fixtures.ts --check    check that they are of the committed guest
 *
 * Needs the native library (`bun run build:native`), which --check does without.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { bytesToHex, concat, type Hex, hexToBytes } from "viem";
import { Engine } from "../../runtimes/risc0/engine.ts";
import { commitmentOf, stdinOf } from "../../runtimes/risc0/input.ts";
import { installedLibrary } from "../../runtimes/risc0/installed.ts";
import { WasmRisc0 } from "../../runtimes/risc0/module.ts";
import { openNativeRisc0 } from "../../runtimes/risc0/native.ts";
import type { TaskInput } from "../../runtimes/runtime.ts";

const ROOT = join(import.meta.dirname, "../..");
const GUEST = join(ROOT, "wasm/dist/guests/risc0_meter.bin");
const FIXTURES = join(ROOT, "tests/fixtures/risc0");
const kinds = ["composite", "succinct"] as const;

const read = (path: string) => new Uint8Array(readFileSync(path));
const input: TaskInput = {
  messages: ["21.5", "-3.25", "44"].map((reading) => new TextEncoder().encode(reading)),
  salt: new Uint8Array(32).fill(7),
};
const binding: Hex = `0x${"09".repeat(32)}`;
/** One segment, however large a run the guest makes of so little: only that can be made succinct. */
const limits = { segmentPo2: 18, cycles: 2 ** 18 };

const checker = new Engine(
  new WasmRisc0(new WebAssembly.Module(read(join(ROOT, "wasm/dist/risc0.wasm")))),
);

function check(): void {
  const { imageId, journal } = JSON.parse(readFileSync(join(FIXTURES, "meter.json"), "utf8"));
  const guest = bytesToHex(checker.imageId(read(GUEST)));
  if (imageId !== guest) throw new Error(`the receipts are of ${imageId}, the guest is ${guest}`);
  if (!journal.startsWith(concat([commitmentOf(input), binding]))) {
    throw new Error("the receipts are of another input");
  }
  for (const kind of kinds) {
    const proof = read(join(FIXTURES, `${kind}.bin`));
    const reason = checker.verify(proof, hexToBytes(journal), hexToBytes(imageId));
    if (reason !== undefined) throw new Error(`the ${kind} proof ${reason}`);
    console.log(`${kind}.bin: ${proof.length} bytes, a proof of the committed guest`);
  }
}

async function build(): Promise<void> {
  const library = installedLibrary();
  if (!library) throw new Error("the risc0 prover is not built: bun run build:native builds it");
  const engine = new Engine(await openNativeRisc0(library));
  const guest = read(GUEST);
  const stdin = stdinOf("committed", input, binding);
  engine.run(guest, stdin, limits, ({ journal, segments, provenCycles }, run) => {
    console.log(`proving ${provenCycles} cycles in ${segments.length} segment`);
    while (run.proveSegment());
    const composite = run.proof();
    const proofs = { composite, succinct: engine.lift(composite) };
    mkdirSync(FIXTURES, { recursive: true });
    for (const kind of kinds) writeFileSync(join(FIXTURES, `${kind}.bin`), proofs[kind]);
    const statement = {
      imageId: bytesToHex(engine.imageId(guest)),
      journal: bytesToHex(journal),
    };
    writeFileSync(join(FIXTURES, "meter.json"), `${JSON.stringify(statement, null, 2)}\n`);
  });
  check();
}

const usage = `usage: bun scripts/build/risc0_fixtures.ts [--check]

Makes tests/fixtures/risc0: proofs of wasm/dist/guests/risc0_meter.bin, composite and succinct, and
what they prove. Takes about two minutes on two cores and the native library, which
\`bun run build:native\` builds. With --check, verifies that they are of the committed guest.`;

if (process.argv.includes("--help")) console.log(usage);
else if (process.argv.includes("--check")) check();
else await build();
