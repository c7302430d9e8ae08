/** What must hold when everything is quiet again. */
import { expect } from "bun:test";
import process from "node:process";
import postgres from "postgres";
import { bytesToHex, getAddress, type Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { createRuntimes } from "../../runtimes/index.ts";
import type { BindingKind, Program } from "../../runtimes/runtime.ts";
import { routerAbi } from "../../src/chain/abi/router.ts";
import { until } from "../e2e/node.ts";
import type { Cluster } from "./cluster.ts";
import { type FaultsNetwork, znodeKeys } from "./network.ts";

type Sql = postgres.Sql<Record<string, never>>;

/** What a task's log may say after each entry (DESIGN R6). */
const follows: Readonly<Record<string, readonly string[]>> = {
  "": ["packed"],
  // A refusal is noted; the task stays where it is.
  packed: ["packed", "dispatched", "failed"],
  dispatched: ["dispatched", "packed", "proved", "failed"],
  // An output that left the chain again is noted.
  proved: ["proved", "outputted", "failed"],
  outputted: ["proved"],
  failed: [],
};
const outputFollows: Readonly<Record<string, readonly string[]>> = {
  "": ["granted", "waiting"],
  // For the router, of what goes without its proof.
  waiting: ["granted"],
  granted: ["granted", "sent", "confirmed"],
  sent: ["sent", "granted", "confirmed"],
  // A reorganisation returns it.
  confirmed: ["sent"],
};

/** Waits until each acknowledged message's task is output, and nothing is left to do. */
export async function settled(
  { dsn }: Cluster,
  messages: ReadonlyMap<string, number>,
): Promise<void> {
  const sql: Sql = postgres(dsn, { max: 1, onnotice: () => {} });
  let left = "";
  try {
    await until("all is output", async () => {
      const [row] = await sql`
        select (select count(*)::int from w3bstream.messages where task_serial is null) as loose,
               (select count(*)::int from w3bstream.messages) as messages,
               (select count(*)::int from w3bstream.tasks) as tasks,
               (select count(*)::int from w3bstream.tasks where phase = 'failed') as failed,
               (select count(*)::int from w3bstream.tasks where wake_at is not null) as open`;
      left = JSON.stringify(row);
      if (process.env.CHAOS_LOG) console.log(new Date().toISOString(), left);
      if (row?.failed > 0) {
        const failed = await sql`
          select t.task_hash, s.comment from w3bstream.tasks t
            join w3bstream.task_states s on s.task_serial = t.serial
           where t.phase = 'failed' and s.state = 'failed' limit 5`;
        throw new Error(`tasks failed: ${JSON.stringify(failed.map(({ comment }) => comment))}`);
      }
      return row?.loose === 0 && row.open === 0 && row.messages >= messages.size || undefined;
    });
  } catch (error) {
    const open = await sql`
      select serial, driver, phase, wake_at::text, machine from w3bstream.tasks
       where wake_at is not null limit 3`.catch(() => []);
    throw new Error(`${(error as Error).message}\n${left}\n${JSON.stringify(open)}`);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

const acceptances = ({ chain, deployment }: FaultsNetwork) =>
  chain.reader.getContractEvents({
    address: deployment.router,
    abi: routerAbi,
    eventName: "Accepted",
    fromBlock: 0n,
    strict: true,
  });

/** Takes the last results from the chain, final as they are, and waits until they are there again. */
export async function takeBack({ network }: Cluster): Promise<void> {
  const { chain } = network;
  const before = await acceptances(network);
  const { blockNumber } = before[Math.max(0, before.length - 4)] as typeof before[0];
  const head = await chain.reader.getBlockNumber();
  await network.reorg(Number(head - blockNumber) + 1);
  expect((await acceptances(network)).length).toBeLessThan(before.length);
  await until(
    "the router has them again",
    async () => (await acceptances(network)).length >= before.length || undefined,
  );
}

export interface Verdicts {
  readonly messages: number;
  readonly tasks: number;
  readonly attempts: number;
  readonly returned: number;
}

export async function judge(
  cluster: Cluster,
  messages: ReadonlyMap<string, number>,
): Promise<Verdicts> {
  const { network, dsn } = cluster;
  const sql: Sql = postgres(dsn, { max: 1, onnotice: () => {} });
  try {
    // Every acknowledged message is in exactly one task, of its project; and no other is.
    const stored = await sql`
      select m.id::text, m.project_id::int as project, t.project_id::int as task_project,
             t.serial::int as serial, t.message_count as count
        from w3bstream.messages m left join w3bstream.tasks t on t.serial = m.task_serial`;
    expect(new Set(stored.map(({ id }) => id))).toEqual(new Set(messages.keys()));
    const members = new Map<number, number>();
    for (const { id, project, task_project: own, serial } of stored) {
      expect([project, own]).toEqual([messages.get(id) as number, project]);
      members.set(serial, (members.get(serial) ?? 0) + 1);
    }
    for (const { serial, count } of stored) expect(members.get(serial)).toBe(count);

    // The final chain's router took each task once, and nothing else.
    const accepted = await acceptances(network);
    const twice = [...Map.groupBy(accepted, ({ args }) => args.taskId).values()]
      .filter((events) => events.length > 1)
      .map((events) => events.map((e) => [e.args.taskId, e.blockNumber, e.transactionHash]));
    expect(twice).toEqual([]);
    const tasks = await sql`select serial::int, task_hash, phase from w3bstream.tasks`;
    const ids = new Map(tasks.map(({ serial, task_hash }) => [bytesToHex(task_hash), serial]));
    expect(accepted.map(({ args }) => args.taskId as string).sort()).toEqual(
      [...ids.keys()].sort(),
    );
    const honest = new Set(znodeKeys.map((key) => privateKeyToAccount(key).address));
    const provers = await verified(sql, network, honest);
    for (const { args } of accepted) {
      expect([...provers.get(ids.get(args.taskId) as number) ?? []]).toContain(args.prover);
    }

    const { attempts, returned, held } = await legal(sql);
    const last = [...network.programs.keys()].at(-1);
    const light = await sql`
      select task_hash from w3bstream.tasks where project_id = ${`${last}`}`;
    // Each that waited is one of those, whose results arrived, each once by its id.
    expect(light.length).toBeGreaterThan(0);
    expect(held).toBe(light.length);
    expect([...network.receiver.hooks.keys()].sort())
      .toEqual(light.map(({ task_hash }) => `${bytesToHex(task_hash)}_1`).sort());
    expect(network.receiver.refused).toBe(0);
    // Nothing is leased, held or due.
    expect(tasks.filter(({ phase }) => phase !== "proved")).toEqual([]);
    const busy = await sql`
      select machine from w3bstream.tasks where wake_at is not null or exists (
        select from json_array_elements((machine::json)->'leases'))`;
    expect(busy.map(({ machine }) => machine)).toEqual([]);
    return { messages: stored.length, tasks: tasks.length, attempts, returned };
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Each stored receipt is verified here once more; answers who proved, by task. */
async function verified(
  sql: Sql,
  { programs }: FaultsNetwork,
  honest: ReadonlySet<string>,
): Promise<Map<number, Set<string>>> {
  const runtimes = createRuntimes({ workers: 1, allowTestSetups: true });
  const loaded = new Map<Hex, Program>();
  const provers = new Map<number, Set<string>>();
  try {
    for (const { file } of programs.values()) {
      const spec = [...file.versions.values()][0]?.program;
      if (spec && !loaded.has(spec.programId)) {
        loaded.set(spec.programId, await runtimes.load(spec, AbortSignal.timeout(60_000)));
      }
    }
    const rows = await sql`select * from w3bstream.receipts`;
    for (const row of rows) {
      const prover = getAddress(bytesToHex(row.prover));
      expect(row.verdict).toBe("valid");
      expect([...honest]).toContain(prover);
      const programId = bytesToHex(row.program_id);
      const receipt = {
        vmType: "halo2" as const,
        programId,
        imageId: bytesToHex(row.image_id),
        bindingKind: row.binding_kind as BindingKind,
        publicValues: new Uint8Array(row.public_values),
        proof: new Uint8Array(row.proof),
      };
      const program = loaded.get(programId) as Program;
      const verdict = await program.verify(receipt, AbortSignal.timeout(60_000));
      expect(verdict).toEqual({ verdict: "valid" });
      const serial = Number(row.task_serial);
      provers.set(serial, (provers.get(serial) ?? new Set()).add(prover));
    }
    return provers;
  } finally {
    await runtimes.close();
  }
}

/** The states of all tasks and outputs came in an order that they may, each with when and by whom. */
async function legal(
  sql: Sql,
): Promise<{ attempts: number; returned: number; held: number }> {
  const entries = await sql`
    select task_serial::int as serial, state, by, comment, extract(epoch from at)::float8 as at
      from w3bstream.task_states order by task_serial, entry`;
  let last = { serial: 0, state: "", at: 0 };
  let attempts = 0, returned = 0;
  const ends = new Map<number, string>();
  const leased = new Set<string>();
  for (const { serial, state, by, comment, at } of entries) {
    if (serial !== last.serial) last = { serial, state: "", at: 0 };
    const where = `task ${serial}: ${last.state} → ${state} (${comment})`;
    if (!follows[last.state]?.includes(state)) throw new Error(where);
    if (by === "" || at < last.at) throw new Error(`${where} by "${by}" at ${at} after ${last.at}`);
    if (state === "dispatched") leased.add(`${serial} ${by}`), attempts++;
    // Whoever is credited had a lease.
    if (state === "proved" && last.state === "dispatched" && !leased.has(`${serial} ${by}`)) {
      throw new Error(where);
    }
    if (["proved", "outputted"].includes(last.state) && state === "proved") {
      if (!comment.includes("returned to sent")) throw new Error(where);
      returned++;
      if (process.env.CHAOS_LOG) console.log(where, by, new Date(at * 1000).toISOString());
    }
    last = { serial, state, at };
    ends.set(serial, state);
  }
  expect(new Set(ends.values())).toEqual(new Set(["outputted"]));
  const outputs = await sql`
    select task_serial::int as serial, index, attempt, state from w3bstream.outputs
     order by task_serial, index, entry`;
  let before = { serial: 0, index: 0, attempt: 0, state: "" }, held = 0;
  for (const { serial, index, attempt, state } of outputs) {
    if (serial !== before.serial || index !== before.index) {
      before = { serial, index, attempt: 0, state: "" };
    }
    const legal = outputFollows[before.state]?.includes(state) &&
      attempt === (state === "granted" ? before.attempt + 1 : before.attempt);
    if (!legal) {
      throw new Error(
        `output ${serial}/${index}: ${before.state} ${before.attempt} → ${state} ${attempt}`,
      );
    }
    if (state === "waiting") held++;
    before = { serial, index, attempt, state };
  }
  return { attempts, returned, held };
}
