/**
 * A process for the tests to kill: appends messages for ever, packs some, and writes each
 * acknowledged id to standard output at once.
 *
 * Arguments: the directory, and the DSN for PostgreSQL.
 */
import { writeSync } from "node:fs";
import process from "node:process";
import pino from "pino";
import { openDa } from "../index.ts";
import { build, bytes, group, idOf, message, wide } from "./make.ts";

/** Written before this returns: an id counts as acknowledged once it has left the process. */
function print(line: string): void {
  const bytes = new TextEncoder().encode(`${line}\n`);
  for (let sent = 0; sent < bytes.length;) {
    try {
      sent += writeSync(1, bytes, sent);
    } catch (error) {
      if ((error as { code?: string }).code !== "EAGAIN") throw error;
    }
  }
}

const [directory = "", dsn] = process.argv.slice(2);
const da = await openDa({ directory, dsn, log: pino({ level: "silent" }) });
print("open");

const appender = async (name: number) => {
  for (let i = 0;; i++) {
    const id = idOf(await da.messages.append(message({ data: bytes(`${name}/${i}`) })));
    print(id);
  }
};
const packer = async () => {
  while (true) {
    await da.packing.pack(group, { ...wide, maxCount: 7 }, build);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
await Promise.all([packer(), ...Array.from({ length: 32 }, (_, i) => appender(i))]);
