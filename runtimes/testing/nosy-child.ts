/** A caged module that tries what a cage must not allow. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { serveCalls } from "../child.ts";

async function attempt(way: () => unknown): Promise<string> {
  try {
    return `worked: ${await way()}`;
  } catch (error) {
    return String(error);
  }
}

serveCalls(() => ({
  call: async () => ({
    environment: await attempt(() => JSON.stringify(process.env)),
    file: await attempt(() => readFileSync("/etc/hostname")),
    write: await attempt(() => writeFileSync("/nonexistent/nosy", "")),
    network: await attempt(() => fetch("http://127.0.0.1:65001")),
    command: await attempt(() => execFileSync("true")),
  }),
}));
