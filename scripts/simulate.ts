/**
 * The network under a virtual clock: dispatch's own machine and ranking, with thousands of znodes
 * that come and go, are slow, lie or fall silent, cut off at times, over connections that fail.
 * Each step of each task is held against the rules; a broken one ends the run. The same options
 * give the same output.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { ownCpuMs } from "./bench/cpu.ts";
import { defaults, type Options } from "./simulate/options.ts";
import { report } from "./simulate/report.ts";
import { World } from "./simulate/world.ts";

const texts: Record<keyof Options, readonly [placeholder: string, text: string]> = {
  seed: ["n", "another number is another run"],
  znodes: ["n", "znodes"],
  enodes: ["n", "enodes, on one database"],
  projects: ["n", "projects; a few have most tasks"],
  tasks: ["n", "tasks"],
  rate: ["n", "tasks packed a second"],
  churn: ["share", "of the znodes, away at any moment"],
  slow: ["share", "a tenth as fast as others"],
  lazy: ["share", "accept and never answer"],
  liars: ["share", "send proofs that don't hold"],
  partition: ["share", "cut off from all enodes for a minute"],
  outage: ["share", "die at once, with an enode, for two minutes"],
  loss: ["share", "of the frames, lost with their connection"],
  proofMs: ["ms", "a proof at ordinary speed, in the median"],
  verifyMs: ["ms", "the check of a receipt; an enode does one at a time"],
  blockMs: ["ms", "between blocks; the next one's hash seeds a task's assignment"],
};
const names = Object.keys(texts) as (keyof Options)[];
const flagOf = (name: string): string => name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

const { values: flags } = parseArgs({
  options: {
    ...Object.fromEntries(names.map((name) => [flagOf(name), { type: "string" as const }])),
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (flags.help) {
  console.log("Usage: bun scripts/simulate.ts [options]\n");
  for (const name of names) {
    const [placeholder, text] = texts[name];
    console.log(
      `  ${`--${flagOf(name)} <${placeholder}>`.padEnd(22)}${text} (default ${defaults[name]})`,
    );
  }
  console.log(`  ${"--json".padEnd(22)}print one JSON object\n  ${"--help".padEnd(22)}this text`);
  process.exit(0);
}

function read(name: keyof Options): number {
  const text = new Map<string, unknown>(Object.entries(flags)).get(flagOf(name));
  if (typeof text !== "string") return defaults[name];
  const value = Number(text);
  const share = texts[name][0] === "share";
  const least = share || name === "seed" ? 0 : 1;
  const most = share ? 0.9 : 1_000_000;
  const whole = share || name === "rate" || Number.isSafeInteger(value);
  if (text.trim() !== "" && value >= least && value <= most && whole) return value;
  console.error(
    `--${flagOf(name)} must be ${share ? "a share" : "a number"} from ${least} to ${most}`,
  );
  process.exit(2);
}

const world = new World(Object.fromEntries(names.map((name) => [name, read(name)])) as never);
world.run();
const result = report(world);
if (flags.json) console.log(JSON.stringify(result));
else {
  for (const [part, values] of Object.entries(result)) {
    if (part !== "options") console.log(`${part.padEnd(18)} ${JSON.stringify(values)}`);
  }
}
// Not part of what is the same each time.
console.error(`${(ownCpuMs() / 1000).toFixed(1)} s of CPU`);
