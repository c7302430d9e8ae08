/** Runs the checks and prints one JSON line each. Argument: what is compiled for them, as JSON. */
import process from "node:process";
import { everyCheck } from "./all.ts";

for (const { name, run } of everyCheck(JSON.parse(process.argv[2] ?? "{}"))) {
  try {
    await run();
    console.log(JSON.stringify({ name, ok: true }));
  } catch (error) {
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    console.log(JSON.stringify({ name, ok: false, error: text }));
  }
}
