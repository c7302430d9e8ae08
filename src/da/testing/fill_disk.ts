/** Appends until the disk is full, makes room, and reports as one line of JSON what became of it. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import pino from "pino";
import { openDa } from "../index.ts";
import { idOf, message } from "./make.ts";

const directory = process.argv[2] ?? "";
const ballast = join(directory, "ballast");
writeFileSync(ballast, new Uint8Array(20 << 20));
const da = await openDa({ directory, log: pino({ level: "silent" }) });
const data = crypto.getRandomValues(new Uint8Array(60_000));
const acknowledged: string[] = [];
let refused = 0;
while (refused < 3) {
  try {
    acknowledged.push(idOf(await da.messages.append(message({ data }))));
  } catch {
    refused++;
  }
}
rmSync(ballast);

const again = async <T>(work: () => Promise<T>): Promise<T> => {
  for (let tries = 0;; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
};
let lost = 0;
for (const id of acknowledged) if (!await again(() => da.messages.status(id))) lost++;
const storedAfterwards = "id" in await again(() => da.messages.append(message()));
console.log(JSON.stringify({
  acknowledged: acknowledged.length,
  refused,
  lost,
  storedAfterwards,
}));
await da.close();
// Waits to be killed, so that the reader sees the line.
setInterval(() => {}, 1000);
