/** What must hold of the child pool and its programs, on Bun and on Deno alike. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { carried } from "../../src/channel.ts";
import { childCommand, runtimeName } from "../../src/platform.ts";
import { overPipe } from "../child-carrier.ts";
import { halo2Runtime } from "../halo2/index.ts";
import { type Call, ChildPool } from "../pool.ts";
import type { Progress } from "../runtime.ts";
import { op } from "./assemble.ts";
import { hostileOriginals, original, originalWithReferences } from "./bindgen.ts";
import { hostile, loop } from "./programs.ts";
import { answer, hostImports, tiny, wordsAt } from "./tiny.ts";
import {
  bytes,
  type Check,
  context,
  cpuTicks,
  fails,
  inputOf,
  limits,
  mib,
  never,
  Rig,
  sleep,
  spec,
  works,
} from "./rig.ts";

/** Checks in order; those on hostile programs share one set of processes. */
export function childChecks(): Check[] {
  const rig = new Rig();
  const programs = Object.entries({ ...hostile, ...hostileOriginals });
  return [
    ...programs.map(([name, make]) => ({
      name: `refuses ${name}`,
      async run() {
        const { code, at, kind, message } = make();
        if (at === "load") {
          await fails(rig.load(code), kind, message);
        } else {
          const program = await rig.load(code);
          await fails(program.prove(inputOf("{}"), context, never), kind, message);
        }
        await works(await rig.load(tiny()));
      },
    })),
    {
      name: "one second after hostile programs failed, none uses CPU",
      async run() {
        await sleep(1000);
        await rig.quiet();
        await rig.close();
      },
    },
    ...checks,
  ];
}

const checks: Check[] = [];
function check(name: string, run: (rig: Rig) => Promise<void>): void {
  const withRig = async () => {
    const rig = new Rig();
    try {
      await run(rig);
    } finally {
      await rig.close();
    }
  };
  checks.push({ name, run: withRig });
}

const looping = () => tiny({ bodies: { ws_prove: loop } });

check("a cancelled proof ends at once, and its process with it", async (rig) => {
  const program = await rig.load(looping());
  const abort = new AbortController();
  const proof = program.prove(inputOf("{}"), context, abort.signal);
  await sleep(200);
  const reason = new Error("not wanted any more");
  abort.abort(reason);
  await assert.rejects(proof, reason);
  await works(await rig.load(tiny()));
  await sleep(300);
  await rig.quiet();
});

check("a cancelled call that waits leaves the queue", async (rig) => {
  const program = await rig.load(looping());
  const abort = new AbortController();
  const proofs = [never, never, abort.signal].map((signal) =>
    program.prove(inputOf("{}"), context, signal).catch((error) => error)
  );
  while (rig.provers.running < 2) await sleep(10);
  assert.equal(rig.provers.waiting, 1);
  abort.abort(new Error("gone"));
  assert.equal((await proofs[2]).message, "gone");
  assert.equal(rig.provers.waiting, 0);
  await Promise.all(proofs);
});

check("a process that is killed from outside is a crash, and the pool goes on", async (rig) => {
  const program = await rig.load(looping());
  const good = await rig.load(tiny());
  await works(good);
  const proof = program.prove(inputOf("{}"), context, never);
  await sleep(300);
  for (const pid of rig.provers.pids) process.kill(pid, "SIGKILL");
  await fails(proof, "crash", /was ended by SIGKILL/);
  for (let i = 0; i < 4; i++) await works(good);
});

check(
  "a module that does not start fails the calls that wait for it, with its words",
  async (rig) => {
    const kind = { name: "absent", module: new URL("./absent.ts", import.meta.url) };
    await fails(callOf(rig.provers, { kind }), "crash", /absent\.ts/);
  },
);

check("a child that breaks the protocol or sends too much is ended", async (rig) => {
  const small = new ChildPool({ size: 1, maxReplyBytes: 1000 });
  try {
    const kind = { name: "odd", module: new URL("./odd-child.ts", import.meta.url) };
    for (const method of ["garbage", "huge", "unasked", "unknown"]) {
      await fails(callOf(small, { kind, method }), "crash", /broke the protocol/);
    }
    await fails(callOf(small, { kind, method: "exit" }), "crash", /exit code 3/);
    assert.equal(await callOf(small, { kind, method: "good" }), "fine");
  } finally {
    await small.close();
  }
  await rig.quiet();
});

check("a process that rests is replaced, and its memory free", async (rig) => {
  const resting = new ChildPool({ size: 1, idleSeconds: 0.3 });
  try {
    const kind = { name: "odd", module: new URL("./odd-child.ts", import.meta.url) };
    const good = () => callOf(resting, { kind, method: "good" });
    assert.equal(await good(), "fine");
    const [first] = resting.pids;
    await sleep(200);
    assert.equal(await good(), "fine");
    await sleep(200);
    assert.deepEqual(resting.pids, [first]);
    await sleep(1000);
    const [second] = resting.pids;
    assert.notEqual(second, first);
    // One that had no call yet has nothing to give back.
    await sleep(600);
    assert.deepEqual(resting.pids, [second]);
    assert.equal(await good(), "fine");
  } finally {
    await resting.close();
  }
  await rig.quiet();
});

check(
  "a caged process sees no environment, and under Deno no files and no network",
  async (rig) => {
    const kind = { name: "nosy", module: new URL("./nosy-child.ts", import.meta.url) };
    process.env.NOSY_SECRET = "hunter2";
    const seen = await callOf(rig.provers, { kind }) as Record<string, string>;
    delete process.env.NOSY_SECRET;
    if (runtimeName === "bun") return assert.equal(seen.environment, "worked: {}");
    for (const way of ["environment", "file", "write", "network", "command"] as const) {
      assert.match(seen[way] ?? "", /NotCapable|denied|EPERM|EACCES/i, `${way}: ${seen[way]}`);
    }
  },
);

check("one program's many calls do not starve another's", async (rig) => {
  const [busy, other] = await Promise.all([rig.load(tiny()), rig.load(tiny({ memory: [4] }))]);
  const order: string[] = [];
  const done = (name: string) => (order.push(name), undefined);
  const flood = Array.from({ length: 60 }, () => works(busy).then(() => done("busy")));
  await Promise.all([...flood, works(other).then(() => done("other"))]);
  assert.ok(order.indexOf("other") < 50, order.join(" "));
});

check("another kind of process gets its turn while one kind is always wanted", async (rig) => {
  const busy = await rig.load(tiny());
  const kind = { name: "odd", module: new URL("./odd-child.ts", import.meta.url) };
  let stop = false;
  const floods = [1, 2, 3, 4].map(async () => {
    while (!stop) await works(busy);
  });
  await sleep(100);
  assert.equal(await callOf(rig.provers, { kind, method: "good" }), "fine");
  stop = true;
  await Promise.all(floods);
});

check("more programs than a process keeps all work, again and again", async (rig) => {
  const one = new ChildPool({ size: 1, programsPerChild: 2 });
  const runtime = halo2Runtime({ provers: one, checkers: one, limits });
  try {
    const programs = await Promise.all(
      [3, 4, 5, 6].map((pages) => runtime.load(spec(tiny({ memory: [pages] })), never)),
    );
    for (let i = 0; i < 3; i++) await Promise.all(programs.map(works));
    const [pid] = one.pids;
    for (const program of programs) await works(program);
    assert.deepEqual(one.pids, [pid]);
  } finally {
    await one.close();
  }
  await rig.quiet();
});

check("a process whose memory stays nearly full is not used again", async (rig) => {
  const pages = 200 * 16;
  const greedy = tiny({
    bodies: {
      ws_prove: [
        ...[...op.const(pages), ...op.grow, ...op.drop],
        ...[...op.const(65536), ...op.const(1), ...op.const(pages * 65536 - 65536), ...op.fill],
        ...answer(600, 6),
      ],
    },
  });
  // A busy machine takes its time to find so much memory.
  const patient = { ...rig, limits: { ...limits, timeoutSeconds: 20 } };
  const program = await halo2Runtime(patient).load(spec(greedy), never);
  const used = new Set<string>();
  for (let i = 0; i < 3; i++) {
    await works(program);
    // A sample is taken after a call.
    await sleep(300);
    used.add(String(rig.provers.pids));
  }
  assert.equal(used.size, 3);
});

check("a caller whose progress callback fails gets its own failure", async (rig) => {
  const program = await rig.load(tiny());
  const fail = () => {
    throw new Error("display is gone");
  };
  await assert.rejects(program.prove(inputOf("{}"), context, never, fail), /display is gone/);
  await works(program);
});

check("closing fails what runs and what waits, and leaves no process", async (rig) => {
  const program = await rig.load(looping());
  const proofs = [1, 2, 3].map(() => program.prove(inputOf("{}"), context, never));
  const failures = Promise.all(proofs.map((p) => fails(p, "crash", /stopping/)));
  await sleep(200);
  await rig.close();
  await failures;
  await fails(program.prove(inputOf("{}"), context, never), "crash", /stopping/);
});

/** Runs a module that prints the ids of processes which it leaves behind. */
async function abandoned(name: string) {
  const module = fileURLToPath(new URL(name, import.meta.url));
  const args = runtimeName === "deno" ? ["run", "-A", module] : [module];
  const parent = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<void>((resolve) => parent.once("exit", () => resolve()));
  const pids = await new Promise<number[]>((resolve, reject) => {
    parent.stdout.once("data", (line: Uint8Array) => resolve(JSON.parse(String(line))));
    void ended.then(() => reject(new Error("ended early")));
  });
  return { parent, pids, ended };
}

async function areGone(pids: readonly number[]): Promise<void> {
  for (let i = 0; i < 100 && pids.some((pid) => cpuTicks(pid) !== undefined); i++) await sleep(100);
  for (const pid of pids) assert.equal(cpuTicks(pid), undefined, "a prover outlived its node");
}

check("when this process is killed, its provers are too", async () => {
  const { parent, pids } = await abandoned("./abandon.ts");
  assert.ok(pids.length > 0 && pids.every((pid) => cpuTicks(pid) !== undefined));
  parent.kill("SIGKILL");
  await areGone(pids);
});

check("and also when it is killed while it asks how they are", async () => {
  const { pids, ended } = await abandoned("./abandon_answer.ts");
  await ended;
  await areGone(pids).catch((error) => {
    for (const pid of pids) process.kill(pid, "SIGKILL");
    throw error;
  });
});

check("progress comes out while the program runs, but not as fast as it likes", async (rig) => {
  const program = await rig.load(
    (hostile["a flood of progress"] as () => { code: Uint8Array })().code,
  );
  const seen: Progress[] = [];
  const proof = program.prove(inputOf("{}"), context, never, (progress) => seen.push(progress));
  await fails(proof, "timeout", /./);
  assert.deepEqual(seen.slice(0, 3).map(({ phase }) => phase), ["load", "commit", "prove"]);
  assert.ok(seen.length > 5 && seen.length < 25, `${seen.length} reports`);
  assert.equal(seen.at(-1)?.total, 0xffffffff);
});

check(
  "original programs get the input of their version, and what they return is the proof",
  async (rig) => {
    const messages = inputOf('{"private_a":3}', "ü");
    for (const version of ["v1", "v2"] as const) {
      const program = await rig.load(original(version));
      const { imageId, bindingKind, verifiable } = program.info;
      assert.equal(imageId, program.spec.programId);
      assert.equal(bindingKind, version === "v1" ? "none" : "tag");
      assert.equal(verifiable, false);
      const receipt = await program.prove(messages, context, never);
      const text = new TextDecoder().decode(receipt.proof);
      assert.equal(text, JSON.stringify(['{"private_a":3}', "ü"]));
      assert.equal(receipt.publicValues.length, 0);
      assert.deepEqual(await program.verify(receipt, never), { verdict: "unverifiable" });
      assert.equal(
        (await program.verify({ ...receipt, vmType: "risc0" }, never)).verdict,
        "invalid",
      );
      assert.equal(await program.commit(messages, never), undefined);
    }
  },
);

check("an original program that asks for an object gets its one message bare", async (rig) => {
  const program = await rig.load(original("v1"), '{"input":"object"}');
  const receipt = await program.prove(inputOf('{"a":1}'), context, never);
  assert.deepEqual(receipt.proof, bytes('{"a":1}'));
  await fails(
    program.prove(inputOf("1", "2"), context, never),
    "input",
    /one message a task, got 2/,
  );
  await fails(rig.load(original("v1"), '{"input":"list"}'), "load", /codeExpParam/);
  // What other tools put there is none of our business.
  await works(await rig.load(tiny(), "--k 13"));
});

check("an original program of newer tools, with external references, runs as well", async (rig) => {
  const program = await rig.load(originalWithReferences());
  for (let i = 0; i < 2; i++) {
    const receipt = await program.prove(inputOf("x"), context, never);
    // The table begins with 1 + 4 references; the first exception is the sixth.
    assert.deepEqual(receipt.proof.subarray(0, 5), bytes('["x"]'));
    assert.equal(receipt.proof.length, 5 + i);
  }
});

check("messages that are no text are refused before anything runs", async (rig) => {
  const program = await rig.load(tiny());
  const input = { ...inputOf("{}"), messages: [new Uint8Array([0xff])] };
  await fails(program.prove(input, context, never), "input", /message 0 is not UTF-8/);
});

check("a failing program's words come without the values of its input", async (rig) => {
  const words = "reading 1 of station-5: 37 (rounded from 36.98) is odd";
  const say = [...op.const(wordsAt), ...op.const(words.length)];
  const input = inputOf('{"station":"station-5","value":37}');
  const shown = /reading 1 of …: … \(rounded from …\) is odd/;
  const refusing = await rig.load(tiny({
    words,
    bodies: { ws_prove: [...answer(wordsAt, words.length), ...op.drop, ...op.const(1)] },
  }));
  await fails(refusing.prove(input, context, never), "input", shown);
  const trapping = await rig.load(tiny({
    words,
    imports: hostImports,
    bodies: { ws_prove: [...say, ...op.call(0), ...op.unreachable] },
  }));
  await fails(trapping.prove(input, context, never), "trap", shown);
});

check("a channel over a child's pipes has the same back-pressure as in-process", async () => {
  const module = fileURLToPath(new URL("./slow-child.ts", import.meta.url));
  const { file, args } = childCommand(module);
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
  const carrier = overPipe(child.stdout, child.stdin, mib);
  const { sink, source } = carried<unknown, unknown>(carrier, 4, (value) => value);
  let sent = 0;
  const writer = (async () => {
    for (; sent < 40; sent++) await sink.send({ n: BigInt(sent), bytes: new Uint8Array(sent) });
  })();
  await sleep(150);
  // 4 unread there, 4 in the outbox, and what the child has read so far.
  assert.ok(sent < 30, `${sent} sent`);
  const seen: unknown[] = [];
  while (seen.length < 40) seen.push((await source.receive()).value);
  await writer;
  sink.close();
  const expected = Array.from({ length: 40 }, (_, n) => ({ n: BigInt(n), length: n }));
  assert.deepEqual(seen, expected);
  await new Promise((resolve) =>
    child.exitCode === null ? child.once("exit", resolve) : resolve(0)
  );
});

function callOf(pool: ChildPool, call: Partial<Call>): Promise<unknown> {
  return pool.call({
    kind: { name: "none", module: new URL(import.meta.url) },
    programId: "0x01",
    source: {},
    method: "look",
    args: {},
    limits: { memoryBytes: 512 * mib, timeoutSeconds: 5 },
    signal: never,
    ...call,
  });
}
