/**
 * A process for the tests to kill: reserves nonces for ever, and writes each to standard output.
 *
 * Arguments: the file, a prefix of the keys, the sender.
 */
import { writeSync } from "node:fs";
import process from "node:process";
import type { Address } from "viem";
import { openLocal } from "../local.ts";

const [file = "", prefix = "", sender] = process.argv.slice(2);
const { journal } = openLocal(file);
for (let i = 0;; i++) {
  const entry = { key: `${prefix}${i}`, chainId: 1n, sender: sender as Address, request: "{}" };
  const { nonce } = await journal.reserve(entry, 0);
  await journal.update(entry.key, { state: "sent" });
  writeSync(1, `${entry.key} ${nonce}\n`);
}
