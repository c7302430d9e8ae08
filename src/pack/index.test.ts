import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { concat, keccak256, toHex, zeroHash } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { type Program, ProgramError, type ProgramErrorKind } from "../../runtimes/runtime.ts";
import { silent, useDatabase } from "../da/testing/databases.ts";
import { build, bytes, idOf, message, wide } from "../da/testing/make.ts";
import { projectVersion, testProgram, until } from "../dispatch/testing/bench.ts";
import type { PackingRule, Project, ProjectVersion } from "../project/types.ts";
import { inputSalt, merkleRoot, taskIdOf, taskSigner } from "../protocol/index.ts";
import { type PackDeps, Packers, startPack } from "./index.ts";
import { babbling, handMade, looping, packer, trapping } from "./program/testing.ts";
import { createMetrics } from "../metrics.ts";

const db = useDatabase("pglite");
const operator = privateKeyToAccount(`0x${"11".repeat(32)}`);
const network = { chainId: 5n, router: "0x00000000000000000000000000000000000000AA" } as const;
const stops: (() => Promise<void>)[] = [];
const packers = new Packers({ fuel: 2_000_000n });
afterAll(() => packers.close());
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A project whose parts a test may change while the stage runs. */
/** A project of one version, as far as packing asks for it. */
const projectOf = (version: ProjectVersion | undefined, paused = false) =>
  ({
    paused,
    versions: new Map(version ? [[version.version, version]] : []),
  }) as unknown as Project;

class World {
  rule: PackingRule = { count: 4, windowMs: undefined, bytes: undefined, groupBy: undefined };
  paused = false;
  operates = true;
  known = true;
  retired = false;
  program: Program | Error = testProgram();
  loads = 0;
  looks = 0;
  problems: (string | undefined)[] = [];
  readonly #listeners = new Set<(project: Project) => void>();

  start(change: Partial<PackDeps> = {}): () => Promise<void> {
    const { packing } = db.da;
    const stop = startPack({
      store: {
        pending: () => (this.looks++, packing.pending()),
        pack: (...a) => packing.pack(...a),
        packEach: (...a) => packing.packEach(...a),
        onAppended: (listener) => packing.onAppended(listener),
      },
      projects: {
        get: () =>
          projectOf(
            this.known ? { ...this.version, retired: this.retired } : undefined,
            this.paused,
          ),
        canOperate: () => Promise.resolve(this.operates),
        onChange: (listener) => {
          this.#listeners.add(listener);
          return () => this.#listeners.delete(listener);
        },
      },
      runtimes: {
        load: () => {
          this.loads++;
          return this.program instanceof Error
            ? Promise.reject(this.program)
            : Promise.resolve(this.program);
        },
      },
      signing: { network, signer: operator },
      packers,
      now: () => db.da.now(),
      log: silent,
      metrics: createMetrics(),
      onProblem: (_group, problem) => this.problems.push(problem),
      idleMs: 200,
      problemMs: 60,
      ...change,
    });
    stops.push(stop);
    return stop;
  }

  get version(): ProjectVersion {
    return projectVersion({ packing: this.rule });
  }

  change(): void {
    for (const listener of this.#listeners) listener({} as Project);
  }
}

const send = async (data: readonly string[], group = ""): Promise<string[]> =>
  (await db.da.messages.appendMany(
    data.map((d) => message({ data: bytes(d), group, clientId: group })),
  )).map(idOf);

/** All tasks, oldest first, as the data of their messages. */
async function tasks(): Promise<string[][]> {
  const rows = await db.database.query<{ task: bigint; data: Uint8Array }>(
    `select task_serial as task, data from w3bstream.messages
      where task_serial is not null order by task_serial, task_index`,
  );
  const all = new Map<bigint, string[]>();
  for (const { task, data } of rows) {
    all.set(task, [...(all.get(task) ?? []), new TextDecoder().decode(data)]);
  }
  return [...all.values()];
}

async function records() {
  return await db.da.tasks.claim("test", 60_000, 1_000);
}

const packs = async (expected: string[][]) => {
  await until(async () => (await tasks()).flat().length >= expected.flat().length);
  expect(await tasks()).toEqual(expected);
};

describe("messages become tasks", () => {
  test("by count; leftovers wait", async () => {
    new World().start();
    await send(["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    await packs([["1", "2", "3", "4"], ["5", "6", "7", "8"]]);
    await send(["10", "11", "12"]);
    await packs([["1", "2", "3", "4"], ["5", "6", "7", "8"], ["9", "10", "11", "12"]]);
  });

  test("by window: leftovers are packed when it ends", async () => {
    const world = new World();
    world.rule = { ...world.rule, windowMs: 300 };
    world.start();
    const at = performance.now();
    await send(["1", "2", "3", "4", "5"]);
    await packs([["1", "2", "3", "4"], ["5"]]);
    expect(performance.now() - at).toBeGreaterThan(290);
  });

  test("at once when an update has removed their version", async () => {
    const world = new World();
    world.retired = true;
    world.start();
    await send(["1", "2"]);
    await packs([["1", "2"]]);
  });

  test("by bytes, never mixing groups", async () => {
    const world = new World();
    world.rule = { ...world.rule, bytes: 6 };
    world.start();
    await send(["aaa", "aaa", "aaa"], "a");
    await send(["bbbbbbbbbb", "b"], "b");
    await until(async () => (await tasks()).length === 2);
    expect((await tasks()).toSorted()).toEqual([["aaa", "aaa"], ["bbbbbbbbbb"]]);
  });

  test("that were there before the stage started, too", async () => {
    await send(["1", "2", "3", "4"]);
    new World().start();
    await packs([["1", "2", "3", "4"]]);
  });

  test("signed by the operator, with root, salt and commitment of exactly these", async () => {
    new World().start();
    await send(["1", "2", "3", "4"]);
    await packs([["1", "2", "3", "4"]]);
    const [record] = await records();
    if (!record) throw new Error("no task");
    const { task, taskId, signature } = record;
    expect(taskIdOf(task)).toBe(taskId);
    expect(await taskSigner(task, signature)).toBe(operator.address);
    expect(task).toMatchObject({ ...network, projectId: 1n, version: "0.1" });
    expect(task.messagesRoot).toBe(merkleRoot(await db.da.tasks.leaves(taskId)));
    const messages = await db.da.tasks.messages(taskId);
    expect(task.inputCommitment).toBe(keccak256(concat(messages.map((m) => toHex(m.data)))));
    const salt = await db.da.tasks.inputSalt(taskId);
    expect(salt).toEqual(inputSalt(messages.map((m) => m.salt)));
  });

  test("with a zero commitment where the program's form has none", async () => {
    const world = new World();
    world.program = testProgram({ bindingKind: "none" }, {
      commit: () => Promise.resolve(undefined),
    });
    world.start();
    await send(["1", "2", "3", "4"]);
    await packs([["1", "2", "3", "4"]]);
    expect((await records())[0]?.task.inputCommitment).toBe(zeroHash);
  });

  test("once, whoever packs: two nodes, and one that is restarted", async () => {
    const world = new World();
    world.start();
    const restarted = world.start();
    const all: string[] = [];
    for (let i = 0; i < 30; i++) {
      const data = Array.from({ length: 8 }, (_, j) => `${i}/${j}`);
      all.push(...data);
      await send(data);
      if (i === 15) await restarted();
    }
    await until(async () => (await tasks()).flat().length === 240);
    expect((await tasks()).flat().toSorted()).toEqual(all.toSorted());
    expect((await tasks()).every((task) => task.length === 4)).toBe(true);
  });
});

describe("messages wait", () => {
  const waits = async (world: World, problem: RegExp | undefined, mend: () => void) => {
    world.start();
    await send(["1", "2", "3", "4"]);
    if (problem) await until(() => world.problems.length > 0);
    const looks = world.looks;
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await tasks()).toEqual([]);
    // Neither at full speed, nor said again and again.
    expect(world.looks - looks).toBeLessThan(15);
    expect(world.problems.length).toBe(problem ? 1 : 0);
    if (problem) expect(world.problems[0]).toMatch(problem);
    mend();
    world.change();
    await packs([["1", "2", "3", "4"]]);
    expect(world.problems.length).toBe(problem ? 2 : 0);
    expect(world.problems.at(1)).toBeUndefined();
  };

  test("and no longer once another node has packed them", async () => {
    const world = new World();
    world.operates = false;
    world.start();
    await send(["1", "2", "3", "4"]);
    await until(() => world.problems.length > 0);
    await db.da.packing.pack({ projectId: 1n, version: "0.1", group: "" }, wide, build);
    await until(() => world.problems.length > 1);
    expect(world.problems.at(1)).toBeUndefined();
  });

  test("while the project is paused", async () => {
    const world = new World();
    world.paused = true;
    await waits(world, undefined, () => world.paused = false);
  });

  test("while their version is not known", async () => {
    const world = new World();
    world.known = false;
    await waits(world, undefined, () => world.known = true);
  });

  test("while this node's key may not operate the project", async () => {
    const world = new World();
    world.operates = false;
    await waits(world, /may not operate the project/, () => world.operates = true);
  });

  test("while the rule asks for more than the program takes", async () => {
    const world = new World();
    world.program = testProgram({ maxMessages: 3 });
    await waits(
      world,
      /packing.count is 4, but the program takes at most 3/,
      () => world.program = testProgram(),
    );
  });

  test("while the machine is not offered", async () => {
    const world = new World();
    world.program = new ProgramError("unsupported", "zkwasm is not offered");
    await waits(world, /not offered/, () => world.program = testProgram());
  });

  test("while the config can't be read", async () => {
    const world = new World();
    world.program = new Error("disk full");
    await waits(world, /^this node can't pack it now$/, () => world.program = testProgram());
  });
});

describe("a message that the program can't take", () => {
  const refusing = (kind: ProgramErrorKind) =>
    testProgram({}, {
      commit: ({ messages }) => {
        if (messages.some((m) => new TextDecoder().decode(m).startsWith("bad"))) {
          return Promise.reject(new ProgramError(kind, "as scripted"));
        }
        return Promise.resolve(keccak256("0x01"));
      },
    });

  for (const kind of ["input", "trap", "timeout", "crash"] as const) {
    test(`(${kind}) is alone in a task without commitment; its neighbours are not lost`, async () => {
      const world = new World();
      world.program = refusing(kind);
      world.start();
      await send(["1", "2", "bad", "4", "5", "6", "7"]);
      await packs([["1", "2"], ["bad"], ["4", "5", "6", "7"]]);
      const commitments = (await records()).map((r) => r.task.inputCommitment === zeroHash);
      expect(commitments).toEqual([false, true, false]);
    });
  }

  test("at the head, and several of them", async () => {
    const world = new World();
    world.program = refusing("input");
    world.start();
    await send(["bad1", "bad2", "1", "2", "bad3", "3", "4", "5", "6"]);
    await packs([["bad1"], ["bad2"], ["1", "2"], ["bad3"], ["3", "4", "5", "6"]]);
  });

  test("only together with others fails with them", async () => {
    const world = new World();
    world.program = testProgram({}, {
      commit: ({ messages }) =>
        messages.length > 1
          ? Promise.reject(new ProgramError("input", "not in this order"))
          : Promise.resolve(keccak256("0x01")),
    });
    world.start();
    await send(["1", "2", "3", "4"]);
    await packs([["1", "2", "3", "4"]]);
    expect((await records())[0]?.task.inputCommitment).toBe(zeroHash);
  });

  test("once, because its process died, is tried again", async () => {
    const world = new World();
    let died = false;
    world.program = testProgram({}, {
      commit: () => {
        if (died) return Promise.resolve(keccak256("0x01"));
        died = true;
        return Promise.reject(new ProgramError("crash", "killed"));
      },
    });
    world.start();
    await send(["1", "2", "3", "4"]);
    await packs([["1", "2", "3", "4"]]);
    expect((await records())[0]?.task.inputCommitment).toBe(keccak256("0x01"));
  });
});

describe("a project's own packer", () => {
  const sample = join(import.meta.dirname, "../../wasm/dist/guests/packer_device.wasm");
  const own = async () => packer(new Uint8Array(await readFile(sample)));

  test("makes a task a device, whose program reads each reading once", async () => {
    const world = new World();
    world.rule = { ...world.rule, program: await own() };
    world.start();
    await db.da.messages.appendMany(
      [["a", "1"], ["b", "2"], ["a", "1"], ["a", "3"]].map(([clientId = "", data = ""]) =>
        message({ clientId, data: bytes(data) })
      ),
    );
    await packs([["1", "1", "3"], ["2"]]);
    const [first, second] = await records();
    const inputs = [first, second].map(async (record) => ({
      task: record?.task,
      input: await db.da.tasks.input(record?.taskId ?? "0x"),
    }));
    for (const { task, input } of await Promise.all(inputs)) {
      expect(task?.inputCommitment).toBe(keccak256(concat(input.map((item) => toHex(item)))));
    }
    expect(await db.da.tasks.input(first?.taskId ?? "0x")).toEqual([bytes("1"), bytes("3")]);
  });

  test("is asked again, not at once, about messages that it left", async () => {
    const world = new World();
    world.rule = { ...world.rule, count: 1, program: handMade() };
    let asked = 0;
    world.start({
      packers: { run: (...args) => (asked++, packers.run(...args)) },
    });
    await send(["1"]);
    await until(() => asked === 2, undefined, 20_000);
    expect(await tasks()).toEqual([]);
    expect(world.problems).toEqual([]);
    expect(world.looks).toBeGreaterThan(asked);
  });

  test.each([["traps", trapping], ["loops", looping], ["babbles", babbling]])(
    "that %s stalls its project alone, which is told why, and goes on when it is mended",
    async (_, bad) => {
      const world = new World();
      const { version } = world;
      let program = bad, asked = 0;
      const packing = () => ({ ...world.rule, program });
      world.start({
        packers: { run: (...args) => (asked++, packers.run(...args)) },
        projects: {
          get: (id) => projectOf(id === 1n ? version : { ...version, packing: packing() }),
          canOperate: () => Promise.resolve(true),
          onChange: () => () => {},
        },
      });
      await db.da.messages.appendMany(
        ["a", "b", "c", "d"].map((d) => message({ projectId: 2n, data: bytes(d) })),
      );
      await send(["1", "2", "3", "4"]);
      await packs([["1", "2", "3", "4"]]);
      await until(() => asked >= 3);
      for (const problem of world.problems) expect(problem).toContain("the project's packer: ");
      program = await own();
      await packs([["1", "2", "3", "4"], ["a", "b", "c", "d"]]);
      expect(world.problems.at(-1)).toBeUndefined();
    },
  );
});

test("tasks of what is no program are made, so that they fail with the reason", async () => {
  const world = new World();
  world.program = new ProgramError("load", "not a WASM module");
  world.start();
  await send(["1", "2", "3", "4", "5", "6", "7", "8"]);
  await packs([["1", "2", "3", "4"], ["5", "6", "7", "8"]]);
  expect(world.loads).toBe(1);
});

test("one project's trouble does not hold up another group", async () => {
  const world = new World();
  const { version } = world;
  let stuck = false;
  const load = (): Promise<Program> => {
    stuck = true;
    return new Promise(() => {});
  };
  world.start({
    runtimes: {
      load: (spec) => spec.param === "stuck" ? load() : Promise.resolve(testProgram()),
    },
    projects: {
      get: (id) =>
        projectOf(
          id === 1n ? version : { ...version, program: { ...version.program, param: "stuck" } },
        ),
      canOperate: () => Promise.resolve(true),
      onChange: () => () => {},
    },
  });
  await db.da.messages.appendMany(
    ["a", "b", "c", "d"].map((d) => message({ projectId: 2n, data: bytes(d) })),
  );
  await until(() => stuck);
  await send(["1", "2", "3", "4"]);
  await packs([["1", "2", "3", "4"]]);
  stops.length = 0;
});
