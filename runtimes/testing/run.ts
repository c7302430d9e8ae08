/** Runs the checks and prints one JSON line each. Argument: a compiled native.c, if there is one. */
import process from "node:process";
import { allChecks } from "./checks.ts";
import { nativeChecks } from "./native.ts";
import { weatherChecks } from "./weather.ts";

const library = process.argv[2];
const native = library ? nativeChecks(library) : [];
for (const { name, run } of [...allChecks(), ...weatherChecks(), ...native]) {
  try {
    await run();
    console.log(JSON.stringify({ name, ok: true }));
  } catch (error) {
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    console.log(JSON.stringify({ name, ok: false, error: text }));
  }
}
