/**
 * A process for the tests to kill: notes statements for ever, many at once, and writes each to
 * standard output before it would be signed.
 *
 * Arguments: the file, the first epoch.
 */
import { writeSync } from "node:fs";
import process from "node:process";
import { keccak256, zeroAddress, zeroHash } from "viem";
import { OwnStatements } from "../own_statements.ts";

const [file = "", first = ""] = process.argv.slice(2);
const statements = new OwnStatements(file);
for (let epoch = BigInt(first);; epoch += 8n) {
  await Promise.all(Array.from({ length: 8 }, async (_, i) => {
    const lease = { taskId: zeroHash, epoch: epoch + BigInt(i), height: 1n };
    await statements.accept(lease, zeroAddress);
    await statements.claim(lease, keccak256(`0x${lease.epoch.toString(16).padStart(4, "0")}`));
    writeSync(1, `${lease.epoch}\n`);
  }));
}
