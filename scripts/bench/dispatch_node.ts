/**
 * One process of the dispatch bench: an enode, a znode, or an end of the bare stream. Reads one
 * line of JSON settings, prints JSON lines, and ends when its input does.
 */
import { createInterface } from "node:readline";
import { join } from "node:path";
import process from "node:process";
import type { Libp2p } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import pino from "pino";
import { type Address, concat, hexToBytes, keccak256, toHex, zeroAddress } from "viem";
import type { Program, ProgramSpec } from "../../runtimes/runtime.ts";
import type { Seeds } from "../../src/chain/seeds.ts";
import { Channel } from "../../src/channel.ts";
import type { Database } from "../../src/da/database.ts";
import { byteaArray, fromHex, plainArray } from "../../src/da/encode.ts";
import { storesOn } from "../../src/da/index.ts";
import { newIdentity } from "../../src/da/ids.ts";
import { OwnStatements } from "../../src/da/own_statements.ts";
import { migrate } from "../../src/da/migrate.ts";
import { openPglite } from "../../src/da/pglite.ts";
import { layPglite } from "../../tests/pglite.ts";
import { openPostgres } from "../../src/da/postgres.ts";
import { createDispatch } from "../../src/dispatch/index.ts";
import { createMetrics } from "../../src/metrics.ts";
import { createHost } from "../../src/network/host.ts";
import { linkPeers } from "../../src/network/libp2p.ts";
import { runOutputs } from "../../src/output/index.ts";
import type { OutputJob, OutputReport } from "../../src/output/types.ts";
import type { ProjectVersion } from "../../src/project/types.ts";
import { bindingOf, signTask, type Task, taskIdOf } from "../../src/protocol/index.ts";
import { startProver } from "../../src/prove/index.ts";
import { Receipts } from "../../src/prove/receipts.ts";
import { accountOf } from "../../src/secp256k1.ts";
import { ownCpuMs } from "./cpu.ts";

export interface NodeSettings {
  readonly role: "enode" | "znode" | "pong" | "ping";
  readonly directory: string;
  /** Undefined: PGlite in `directory`. */
  readonly dsn?: string | undefined;
  readonly depth: number;
  /** Among which each task is ranked, the znodes of the bench with them; 0: no ranking. */
  readonly stakers: number;
  /** Who keeps what znodes sign. */
  readonly evidence: "none" | "enode" | "both";
  readonly tasks: number;
  readonly znodes: number;
  /** Which znode this is, from 1. */
  readonly number: number;
  readonly capacity: number;
  readonly seconds: number;
  readonly dial: readonly string[];
}

export interface EnodeReport {
  /** Without those that warm up. */
  readonly tasks: number;
  readonly seconds: number;
  readonly memory: number;
  /** Longest that the enode's thread did not come round to what was due, ms. */
  readonly stallMs: number;
}

/** Of one end of the bare stream. */
export interface Trips {
  readonly perSecond: number;
  /** CPU time a trip; the other end does as much. */
  readonly cpuMs: number;
}

const protocol = "/w3bstream/bench/1.0.0";
/** Between looks at whether the thread is held up, ms. */
const lookMs = 10;
/** About what a lease takes. */
const frameBytes = 768;
const log = pino({ level: "silent" });
const network = { chainId: 31337n, router: "0x00000000000000000000000000000000000000AA" } as const;
const account = (n: number) => accountOf(keccak256(toHex(`bench ${n}`)));
const operator = account(0);
const programId = keccak256("0x01");
const imageId = keccak256("0x02");
const data = new TextEncoder().encode('{"temperature":21.5}');
const inputCommitment = keccak256(data);
const spec: ProgramSpec = { vmType: "halo2", code: new Uint8Array(), param: "", programId };
const version: ProjectVersion = {
  projectId: 1n,
  version: "0.1",
  vmType: "halo2",
  program: spec,
  outputs: [{ type: "stdout" }],
  packing: { count: 1, windowMs: undefined, bytes: undefined, groupBy: undefined },
  redundancy: 1,
  timeoutSeconds: 60,
  attempts: 3,
  retentionSeconds: undefined,
  provers: { allow: undefined, remote: false },
};

/** Proves at once; only this file can hand it to a stage. */
const instant: Program = {
  spec,
  info: {
    name: "instant",
    imageId,
    bindingKind: "data",
    maxMessages: 1,
    verifiable: true,
    publicValues: [],
    proofBytes: undefined,
    unsafeTestSetup: false,
  },
  commit: () => Promise.resolve(inputCommitment),
  prove: (_input, { taskId, prover }) =>
    Promise.resolve({
      vmType: "halo2",
      programId,
      imageId,
      bindingKind: "data",
      publicValues: hexToBytes(concat([inputCommitment, bindingOf(taskId, prover)])),
      proof: new Uint8Array(32).fill(1),
    }),
  verify: () => Promise.resolve({ verdict: "valid" }),
  statement: ({ publicValues }) => ({
    inputCommitment: toHex(publicValues.subarray(0, 32)),
    binding: toHex(publicValues.subarray(32, 64)),
  }),
};
const projects = {
  get: () => undefined,
  forTask: () => Promise.resolve(version),
  canOperate: () => Promise.resolve(true),
};
const runtimes = {
  offered: ["halo2"] as const,
  unavailable: {},
  unable: () => undefined,
  room: () => undefined,
  load: () => Promise.resolve(instant),
  usage: () => ({ running: 0, waiting: 0, peakMemory: 0 }),
  close: () => Promise.resolve(),
};

const say = (value: unknown) => console.log(JSON.stringify(value));
const addressesOf = (host: Libp2p) => host.getMultiaddrs().map(String);

/** Tasks as packing leaves them, with their message. */
async function queue(database: Database, count: number): Promise<void> {
  const insert = `
    with t as (
      insert into w3bstream.tasks (task_hash, chain_id, router, project_id, version, program_id,
        messages_root, input_commitment, nonce, signature, input_salt, message_count)
      select hash, $5::numeric, $6::bytea, 1, '0.1', $7::bytea, $8::bytea, $9::bytea, nonce,
             signature, $8::bytea, 1
        from unnest($1::bytea[], $2::bytea[], $3::int8[]) as row(hash, signature, nonce)
      returning serial, nonce
    )
    insert into w3bstream.messages (id, project_id, project_version, client_id, group_key, data,
      size, salt, hash, task_serial, task_index)
    select id, 1, '0.1', '', '', $10::bytea, octet_length($10::bytea), $8::bytea, $8::bytea,
           t.serial, 0
      from unnest($4::uuid[], $3::int8[]) as row(id, nonce) join t using (nonce)`;
  for (let from = 0; from < count; from += 1_000) {
    const nonces = Array.from({ length: Math.min(1_000, count - from) }, (_, i) => from + i);
    const rows = await Promise.all(nonces.map(async (nonce) => {
      const task: Task = {
        ...network,
        ...{ projectId: 1n, version: "0.1", programId, inputCommitment },
        ...{ messagesRoot: imageId, nonce: BigInt(nonce) },
      };
      return { hash: fromHex(taskIdOf(task)), signature: fromHex(await signTask(task, operator)) };
    }));
    await database.query(insert, [
      byteaArray(rows.map((row) => row.hash)),
      byteaArray(rows.map((row) => row.signature)),
      plainArray(nonces),
      plainArray(nonces.map(() => newIdentity().id)),
      network.chainId.toString(),
      fromHex(network.router),
      fromHex(programId),
      fromHex(imageId),
      fromHex(inputCommitment),
      data,
    ]);
  }
  await database.query("analyze");
}

/** One seed for all tasks: a chain has one for each block, and many tasks in it. */
function seedsOf(stakers: number, linked: readonly Address[]): Seeds {
  const staked = Array.from({ length: Math.max(stakers, linked.length) }, (_, i) => ({
    prover: linked[i] ?? account(1_000 + i).address,
    stake: 1n,
  }));
  return {
    of: () => ({ kind: "ranked", block: 1n, hash: programId, staked }),
    onChange: () => () => {},
  };
}

async function enode(settings: NodeSettings): Promise<() => Promise<void>> {
  const { directory, dsn, depth, stakers, tasks, znodes, seconds } = settings;
  if (dsn === undefined) await layPglite(directory);
  const database = dsn === undefined
    ? await openPglite({ directory, log })
    : await openPostgres({ dsn, log });
  await migrate(database, log);
  await queue(database, depth);
  const da = storesOn(database);
  const host = await createHost({ directory, listen: ["/ip4/127.0.0.1/tcp/0"] });
  const identity = { network, signer: operator };
  const provers = Array.from({ length: znodes }, (_, i) => account(i + 1).address);
  const links = await linkPeers({
    ...{ host, identity, role: "enode", log },
    mayLink: (remote) => Promise.resolve(provers.includes(remote)),
  });
  say({ addresses: addressesOf(host) });
  while (links.list().length < znodes) await new Promise((resolve) => setTimeout(resolve, 20));

  // The first tenth warms up: modules load, code is compiled.
  const warm = Math.max(1, Math.floor(tasks / 10));
  let confirmed = 0, startedAt = 0;
  const confirm = () => {
    if (++confirmed === warm) {
      startedAt = performance.now();
      say({ warm: true });
    }
    if (confirmed === tasks) report();
  };
  const report = () => {
    clearTimeout(timer);
    if (startedAt === 0) return say({ error: `${confirmed} tasks in ${seconds} s` });
    const { rss: memory } = process.memoryUsage();
    const took = (performance.now() - startedAt) / 1000;
    say({ report: { tasks: confirmed - warm, seconds: took, memory, stallMs } });
  };
  const timer = setTimeout(report, seconds * 1000);
  let stallMs = 0, due = performance.now() + lookMs;
  const look = setInterval(() => {
    const now = performance.now();
    if (startedAt > 0) stallMs = Math.max(stallMs, now - due);
    due = now + lookMs;
  }, lookMs);
  const dispatch = createDispatch({
    store: {
      ...da.tasks,
      save: async (update) => {
        const saved = await da.tasks.save(update);
        // Counted when it is durable.
        if (saved && update.outputs?.some(({ state }) => state === "confirmed")) {
          confirm();
        }
        return saved;
      },
    },
    ...{ projects, runtimes, links, network, log, metrics: createMetrics() },
    ...(settings.evidence === "none" ? {} : { evidence: da.evidence }),
    now: () => da.now(),
    isEligible: (prover) => provers.includes(prover),
    ...(stakers > 0 ? { seeds: seedsOf(stakers, provers), signer: operator } : {}),
  });
  return async () => {
    clearInterval(look);
    await dispatch.stop();
    await links.close();
    await host.stop();
    await da.close();
  };
}

async function znode(settings: NodeSettings): Promise<() => Promise<void>> {
  const { directory, dial, number, capacity } = settings;
  const identity = { network, signer: account(number) };
  const jobs = new Channel<OutputJob>(256);
  const reports = new Channel<OutputReport>(256);
  const stop = new AbortController();
  const outputs = runOutputs(jobs, reports, { ethereum: undefined, log }, stop.signal);
  const host = await createHost({ directory, listen: [] });
  const links = await linkPeers({
    ...{ host, identity, role: "znode", dial: dial.map((d) => multiaddr(d)), log },
    mayLink: () => Promise.resolve(true),
  });
  const statements = settings.evidence === "both"
    ? new OwnStatements(join(directory, "signed.sqlite"))
    : undefined;
  const stopProver = startProver({
    ...(statements ? { stake: { statements, whyRefused: () => Promise.resolve(undefined) } } : {}),
    ...{ links, runtimes, identity, capacity, log, metrics: createMetrics() },
    projects: projects as never,
    mayAssign: (by) => Promise.resolve(by === operator.address),
    verifierOf: () => Promise.resolve(zeroAddress),
    outputs: { jobs, reports },
    receipts: await Receipts.open({
      directory: join(directory, "receipts"),
      prover: identity.signer.address,
      log,
    }),
  });
  return async () => {
    jobs.close();
    stop.abort();
    await outputs;
    reports.close();
    await stopProver();
    await statements?.close();
    await links.close();
    await host.stop();
  };
}

async function pong({ directory }: NodeSettings): Promise<() => Promise<void>> {
  const host = await createHost({ directory, listen: ["/ip4/127.0.0.1/tcp/0"] });
  await host.handle(protocol, (stream) => {
    stream.addEventListener("message", ({ data }) => void stream.send(data));
  });
  say({ addresses: addressesOf(host) });
  return async () => await host.stop();
}

/** Sends the next frame when the last came back: one is under way at a time. */
async function ping({ directory, dial, seconds }: NodeSettings): Promise<() => Promise<void>> {
  const host = await createHost({ directory, listen: [] });
  const connection = await host.dial(dial.map((d) => multiaddr(d)));
  const stream = await connection.newStream(protocol);
  let unread = 0, wake = () => {};
  stream.addEventListener("message", ({ data }) => {
    unread += data.byteLength;
    if (unread >= frameBytes) wake();
  });
  const trip = async () => {
    const back = new Promise<void>((resolve) => wake = resolve);
    stream.send(new Uint8Array(frameBytes));
    await back;
    unread -= frameBytes;
  };
  for (let i = 0; i < 500; i++) await trip();
  const [start, startCpu] = [performance.now(), ownCpuMs()];
  let trips = 0;
  for (; performance.now() - start < seconds * 1000; trips++) await trip();
  const perSecond = trips / ((performance.now() - start) / 1000);
  say({ trips: { perSecond, cpuMs: (ownCpuMs() - startCpu) / trips } });
  return async () => await host.stop();
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const settings = JSON.parse((await lines.next()).value ?? "") as NodeSettings;
const stop = await { enode, znode, pong, ping }[settings.role](settings);
await lines.next();
await stop();
process.exit(0);
