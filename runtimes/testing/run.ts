/** Runs the checks and prints one JSON line each. */
import { allChecks } from "./checks.ts";

for (const { name, run } of allChecks()) {
  try {
    await run();
    console.log(JSON.stringify({ name, ok: true }));
  } catch (error) {
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    console.log(JSON.stringify({ name, ok: false, error: text }));
  }
}
