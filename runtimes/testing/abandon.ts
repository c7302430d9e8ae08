/** Starts proofs that never end, prints the provers' process ids, and waits to be killed. */
import { halo2Runtime } from "../halo2/index.ts";
import { ChildPool } from "../pool.ts";
import { loop } from "./programs.ts";
import { context, inputOf, spec } from "./rig.ts";
import { tiny } from "./tiny.ts";

const provers = new ChildPool({ size: 2 }), checkers = new ChildPool({ size: 1 });
const limits = { memoryBytes: 1 << 28, timeoutSeconds: 60 };
const { signal } = new AbortController();
const runtime = halo2Runtime({ provers, checkers, limits });
const code = tiny({ bodies: { ws_prove: loop } });
const program = await runtime.load(spec(code), signal);
for (let i = 0; i < 2; i++) {
  program.prove(inputOf("{}"), context, signal).catch((error) => console.error(error));
}
setTimeout(() => console.log(JSON.stringify([...provers.pids, ...checkers.pids])), 500);
