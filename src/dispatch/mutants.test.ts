/** Breaks the machine in one place at a time: a rule that nobody would miss is not tested. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { scenarios } from "./testing/scenarios.ts";
import { checkMachine, shapes } from "./testing/shapes.ts";
import type { Machine } from "./testing/world.ts";

const mutants: [name: string, file: string, from: string, to: string][] = [
  ["one lease too many", "leases", "attemptLimit(s) - s.attempts) -", "99) + 1 -"],
  ["no limit of attempts", "leases", "attemptLimit(s) - s.attempts)", "99)"],
  ["attempts never end", "leases", "s.attempts >= attemptLimit(s)", "false"],
  [
    "a task fails while a receipt is checked",
    "leases",
    "|| s.checks.length > 0) return",
    ") return",
  ],
  ["no pause", "leases", "|| at < s.notBefore", ""],
  ["a pause that does not grow", "leases", "backoff(s.attempts, ", "backoff(1, "],
  ["the same znode twice", "leases", "...s.leases.map((l) => l.prover),", ""],
  ["epochs stand still", "leases", "++s.epoch", "s.epoch"],
  [
    "a refusal is told each time",
    "leases",
    " && refusal !== before?.refusal",
    "",
  ],
  [
    "acceptance is not saved",
    "leases",
    'result: "" });\n    turn.durable = true;',
    'result: "" });',
  ],
  [
    "anyone accepts",
    "leases",
    "l.epoch === e.epoch && l.prover === e.prover)",
    "l.epoch === e.epoch)",
  ],
  [
    "an offer counts as a lease",
    "leases",
    'lease?.stage !== "leased" && !ended',
    "!lease && !ended",
  ],
  ["receipts need no lease", "leases", 'lease?.stage !== "leased" && !ended || ', ""],
  ["a receipt is judged again", "leases", "if (past) past.spent = true;", ""],
  ["late receipts are lost", "leases", '!== "leased" && !ended ||', '!== "leased" ||'],
  [
    "heartbeats renew for ever",
    "leases",
    "Math.min(at + s.rules.leaseMs, lease.deadline)",
    "at + s.rules.leaseMs",
  ],
  ["heartbeats renew nothing", "leases", "lease.until = Math.min(at + s", "Math.min(at + s"],
  [
    "leases never end",
    "leases",
    "min(lease.until, lease.deadline) > at) continue",
    "min(lease.until, lease.deadline) > 0) continue",
  ],
  ["a check does not protect its lease", "leases", "if (checking(s, lease.epoch) || ", "if ("],
  [
    "checks never end",
    "leases",
    "s.checks.filter((c) => c.until <= at)",
    "s.checks.filter((c) => c.until < 0)",
  ],
  ["a refusal ends the task", "leases", 'e.kind === "failure" && !e.retryable', "!e.retryable"],
  ["a failure never ends the task", "leases", 'e.kind === "failure" && !e.retryable', "false"],
  [
    "a busy znode costs an attempt",
    "leases",
    'if (lease.stage === "offered") {\n    return e.retryable',
    "if (false) {\n    return e.retryable",
  ],
  ["a busy znode is asked less and less", "leases", "busy ? 1 : ", ""],
  ["what is told twice is a return", "grants", ' && e.comment === ""', ' && e.comment !== ""'],
  [
    "what the chain lost stays confirmed",
    "grants",
    'o.state !== "confirmed" || !onRouter',
    "true || !onRouter",
  ],
  ["stdout is written again", "grants", " || !onRouter(s, index)) continue", ") continue"],
  [
    "a return to sent is not told",
    "grants",
    'note(turn, index, "dispatch", comment);\n    o.state = "waiting"',
    'o.state = "waiting"',
  ],
  [
    "what the chain lost is left to its holder",
    "grants",
    'o.state = "waiting";\n    o.current = null;\n    o.notBefore = at;',
    "",
  ],
  [
    "one znode's refusals end the task",
    "leases",
    "refusals.length < quorum",
    "refusals.length < 1",
  ],
  [
    "refusals end what somebody took",
    "leases",
    "s.leases.length > 0 || s.past.length > 0",
    "s.leases.length > 0",
  ],
  [
    "everybody's refusals never end the task",
    "leases",
    "fail(turn, `refused by",
    "void (`refused by",
  ],
  [
    "an ignored offer costs an attempt",
    "leases",
    'if (lease.stage === "offered") withdraw(turn, lease);\n    else if',
    "if",
  ],
  [
    "who is back is not asked again",
    "leases",
    'actions.push({ kind: "lease", prover: l.prover, epoch: l.epoch });',
    "",
  ],
  ["who forgot gets no payload again", "leases", "l.started = false;", ""],
  ["a restart costs an attempt", "leases", "else if (lease.excused) {", "else if (false) {"],
  ["an excuse never ends", "leases", "lease.excused = false;", ""],
  ["a lost lease costs nothing", "leases", "s.attempts++;", ""],
  [
    "an invalid receipt wins",
    "leases",
    'if (e.verdict === "invalid")',
    'if (e.verdict === ("x" as string))',
  ],
  [
    "losers go on",
    "leases",
    "end(turn, lease, lease.epoch !== e.epoch)",
    "end(turn, lease, false)",
  ],
  ["one liar ends what others work on", "leases", "!e.retryable && alone", "!e.retryable"],
  [
    "a winner without a grant keeps its receipt",
    "leases",
    "if (!told)",
    "if (false)",
  ],
  [
    "proved is not saved",
    "leases",
    "turn.durable = true;\n  beginOutputs(turn);",
    "beginOutputs(turn);",
  ],
  [
    "failed, yet leases live",
    "leases",
    "s.checks = [];\n  for (const lease of [...s.leases]) end(turn, lease, true);\n  const comment = s.attempts",
    "s.checks = [];\n  const comment = s.attempts",
  ],
  [
    "a lost link ends a lease",
    "leases",
    'l.prover !== prover || l.stage === "leased"',
    "l.prover !== prover",
  ],
  [
    "a restart forgets leases",
    "leases",
    's.leases = s.leases.filter((l) => l.stage === "leased");\n  s.checks',
    "s.leases = [];\n  s.checks",
  ],
  [
    "a restart keeps checks that nobody makes",
    "leases",
    's.leases = s.leases.filter((l) => l.stage === "leased");\n  s.checks = [];',
    "",
  ],
  ["no time to reconnect", "leases", "l.until = Math.min(l.deadline, at + s.rules.graceMs);", ""],
  [
    "the payload goes to whoever accepts late",
    "leases",
    'if (!lease) return stale(turn, { prover, epoch });\n  if (lease.stage === "offered")',
    'if (!lease) return void actions.push({ kind: "payload", prover, epoch });\n  if (lease.stage === "offered")',
  ],
  [
    "a grant before its time",
    "grants",
    'o.state === "waiting" && at >= o.notBefore',
    'o.state === "waiting"',
  ],
  ["two holders", "grants", 'o.state === "waiting" && at >= o.notBefore', 'o.state !== "dead"'],
  ["anybody does the enode's outputs", "grants", " || open.self !== (holder === self)", ""],
  ["grants share an epoch", "grants", "++s.epoch", "s.epoch"],
  ["any report is believed", "grants", "if (!granted) return;", ""],
  ["old holders are believed", "grants", "if (!current) return;", ""],
  [
    "the truth of old holders is lost",
    "grants",
    'if (e.state === "confirmed") return confirm(turn, e, o);\n  if (!current) return;',
    'if (!current) return;\n  if (e.state === "confirmed") return confirm(turn, e, o);',
  ],
  [
    "the other holder goes on",
    "grants",
    'turn.actions.push({ kind: "cancel", ...o.current });',
    "",
  ],
  [
    "the dead rise",
    "grants",
    'o.state === "confirmed" || o.state === "dead"',
    'o.state === "confirmed"',
  ],
  ["outputs are tried for ever", "grants", "tried >= outputAttempts", "false"],
  [
    "grants never end",
    "grants",
    "o.until > at || !o.current) continue",
    "true || !o.current) continue",
  ],
  [
    "no pause between grants",
    "grants",
    "reason, backoff(tried, backoffMs, outputBackoffCapMs))",
    "reason, 0)",
  ],
  [
    "outputted too early",
    "grants",
    'if (!s.outputs.every((o) => o.state === "confirmed")) return;',
    "",
  ],
  [
    "unverified results go anywhere",
    "grants",
    'rule?.verifiedOnly && s.winner?.verdict !== "valid"',
    "false",
  ],
  ["too early costs an attempt", "grants", "  o.pardoned++;\n", ""],
  ["too early makes a long pause", "grants", "turn.state.rules.earlyMs", "99_999"],
  [
    "anything may be too early",
    "grants",
    "s.rules.outputs[index]?.afterRouter === true &&\n  s.outputs.some((o, i) => onRouter(s, i) && o.state",
    "s.outputs.some((o, i) => onRouter(s, i) && o.state",
  ],
  [
    "too early for a dead output",
    "grants",
    'onRouter(s, i) && o.state !== "dead")',
    "onRouter(s, i))",
  ],
  ["what waits for the router sleeps on", "grants", "wakeHeld(turn);\n", ";\n"],
  ["what waits for the router goes out", "grants", " && !isHeld(s, index)\n", "\n"],
  [
    "what waits for the router waits for ever",
    "grants",
    "onRouter(s, i) && !ended(o)",
    "onRouter(s, i) && o !== undefined",
  ],
  ["what waits outlives the router's", "grants", "dieWithRouter(turn);\n}", "{}\n}"],
  ["a retry leaves what waits", "grants", "!== index && !goesOn", "!== index"],
  ["it is not said what an output waits for", "grants", "tellHeld(turn, s.outputs.keys());", ""],
  ["a retry does not say what it waits for", "grants", "tellHeld(turn, retried);", ""],
  ["barred outputs are tried", "grants", "if (rule?.barred !== undefined) return rule.barred;", ""],
  [
    "a retry lets out what may not go",
    "grants",
    "if (whyBarred(s, index) !== undefined) continue;",
    "",
  ],
  ["a retry has no attempts", "grants", "o.pardoned = o.attempt;", ""],
  ["a retry is of all", "grants", '"dead" || ((output ?? index) !== index && !goesOn)', '"dead"'],
  [
    "a retry is not saved",
    "grants",
    'is tried again`, result: "" });\n    turn.durable = true;',
    'is tried again`, result: "" });',
  ],
  ["a retry takes what lives", "grants", 'o.state !== "dead" || ((output', "((output"],
  [
    "a released grant is listened to",
    "grants",
    'o.state = "waiting";\n  o.current = null;',
    'o.state = "waiting";',
  ],
  [
    "an output's state is not recorded",
    "grants",
    "turn.outputs.push({ index",
    "([] as unknown[]).push({ index",
  ],
  [
    "an output's state is not saved",
    "grants",
    "comment: clip(comment) });\n  turn.durable = true;",
    "comment: clip(comment) });",
  ],
  [
    "a sleeper",
    "machine",
    "const ends = [...leases.leaseEnds(state), ...grantEnds(state)];",
    "const ends: number[] = [];",
  ],
  ["a sleeper between leases", "machine", "...leases.leasePauses(state), ", ""],
  ["a sleeper between grants", "machine", ", ...grantPauses(state)]", "]"],
  ["steps change what they are given", "machine", "copy(before)", "before"],
  ["time stands still", "machine", "leases.expireLeases(turn);", ""],
];

const folder = await mkdtemp(join(tmpdir(), "mutants-"));
afterAll(() => rm(folder, { recursive: true }));

async function mutate(file: string, from: string, to: string): Promise<Machine> {
  const path = fileURLToPath(new URL(`./${file}.ts`, import.meta.url));
  const source = await readFile(path, "utf8");
  expect(source.split(from).length, "the place is found, once").toBe(2);
  const built = await Bun.build({
    entrypoints: [fileURLToPath(new URL("./machine.ts", import.meta.url))],
    target: "bun",
    plugins: [{
      name: "mutant",
      setup(build) {
        build.onLoad({ filter: new RegExp(`/dispatch/${file}\\.ts$`) }, () => ({
          contents: source.replace(from, () => to),
          loader: "ts",
        }));
      },
    }],
  });
  const target = join(folder, `${crypto.randomUUID()}.mjs`);
  await writeFile(target, await built.outputs[0]?.text() ?? "");
  return await import(target) as Machine;
}

function survives(machine: Machine): boolean {
  try {
    // First, as they take the least time.
    for (const tell of Object.values(scenarios)) tell(machine);
    for (let seed = 1; seed <= 6; seed++) {
      for (const r of Object.values(shapes)) {
        checkMachine(machine, r, { numRuns: 40, seed, shrink: false });
      }
    }
    return true;
  } catch {
    return false;
  }
}

test("the machine as it is passes the same histories", async () => {
  expect(survives(await mutate("machine", "export function load", "export function load"))).toBe(
    true,
  );
});

describe("a machine is found out that", () => {
  for (const [name, file, from, to] of mutants) {
    test(name, async () => {
      expect(survives(await mutate(file, from, to))).toBe(false);
    }, 300_000);
  }
});
