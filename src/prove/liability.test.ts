/** An enode that wants a znode's stake: whatever it does, nothing that is a fault gets signed. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Address, concatBytes, zeroAddress } from "viem";
import type { Program } from "../../runtimes/runtime.ts";
import { OwnStatements } from "../da/own_statements.ts";
import { testProgram, text, until } from "../dispatch/testing/bench.ts";
import { keccakHex } from "../keccak.ts";
import type { ReceiptClaim, WireBody } from "../protocol/index.ts";
import { data, leaseOf, payloadOf, prove, World } from "./testing/world.ts";

const verifier: Address = `0x${"11".repeat(20)}`;
const others = [text("3"), text("4")];
/** As of an original program: its public values are what it was given, bound to no task. */
const unbound = testProgram({ bindingKind: "none" }, {
  prove: async (input, context, signal, onProgress) => ({
    ...await prove(input, context, signal, onProgress),
    publicValues: concatBytes(input.messages),
  }),
  statement: () => undefined,
});

let world: World, directory: string, statements: OwnStatements;
let whyRefused: () => Promise<string | undefined>;
/** What the verifier was asked about. */
const asked: Address[] = [];

/** Another process with the same files. */
async function open(program: Program = testProgram({}, { prove })): Promise<void> {
  statements = new OwnStatements(join(directory, "signed.sqlite"));
  world = new World(join(directory, "receipts"));
  world.program = program;
  world.verifierOf = () => Promise.resolve(verifier);
  world.stake = {
    statements,
    whyRefused: (who) => {
      asked.push(who);
      return whyRefused();
    },
  };
  await world.start();
}

async function close(): Promise<void> {
  await world.stop();
  await statements.close();
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "w3bstream-liability-"));
  whyRefused = () => Promise.resolve(undefined);
  asked.length = 0;
});
afterEach(async () => {
  await close();
  await rm(directory, { recursive: true });
});

const claims = (): ReceiptClaim[] =>
  world.heard.flatMap((m) => m.kind === "receipt" ? [m.signed.statement] : []);

/** Leases, and sends the payload when it is accepted; what was heard before is forgotten. */
async function assign(lease: WireBody<"lease">, messages = data): Promise<void> {
  world.heard.length = 0;
  await world.link.send("lease", lease);
  await world.first("accept");
  await world.link.send("payload", payloadOf(lease, messages));
}

/** As the enode says that it has a receipt: the znode forgets it. */
async function end({ taskId, epoch }: WireBody<"lease">): Promise<void> {
  await world.link.send("cancel", { taskId, epoch, ended: true });
}

describe("a lease given twice", () => {
  test("with other data is signed for once, by this process and the next", async () => {
    await open(unbound);
    const lease = await leaseOf();
    await assign(lease);
    await world.first("receipt");
    await end(lease);
    await assign(lease, others);
    expect(await world.first("failure")).toMatchObject({ retryable: true });
    expect(world.got("failure")[0]?.reason).toContain("other public values were signed");
    expect(claims()).toEqual([]);
    await end(lease);
    await close();
    await open(unbound);
    await assign(lease, others);
    await world.first("failure");
    expect(claims()).toEqual([]);
    expect(await world.refused("equivocation")).toBe(1);
    // The same again is no fault, and under another epoch there is none.
    await assign(lease);
    await world.first("receipt");
    await end(lease);
    await assign({ ...lease, epoch: 2n }, others);
    await world.first("receipt");
  });

  test("by two enodes at once is signed for once", async () => {
    const go = Promise.withResolvers<void>();
    await open({
      ...unbound,
      prove: async (...given) => {
        await go.promise;
        return await unbound.prove(...given);
      },
    });
    const lease = await leaseOf();
    await assign(lease);
    const first = world.link;
    world.connect();
    // The second takes over; a third payload is of who has lost it.
    await assign(lease, others);
    await first.send("payload", payloadOf(lease, others));
    go.resolve();
    await world.first("receipt");
    await until(async () => await world.refused("payload") >= 1);
    expect(new Set(claims().map((c) => c.publicValuesHash)).size).toBe(1);
    expect(world.proofs).toBe(1);
  });

  test("is kept to after a crash between the note and the signature", async () => {
    const lease = await leaseOf();
    await open(unbound);
    const noted = { ...lease, height: 0n };
    await statements.accept(noted, verifier);
    await statements.claim(noted, keccakHex(concatBytes(data)));
    await close();
    await open(unbound);
    await assign(lease, others);
    await world.first("failure");
    expect(claims()).toEqual([]);
    await assign(lease);
    await world.first("receipt");
  });

  test("names the first verifier, and asks that one, when the route has become another", async () => {
    await open();
    const lease = await leaseOf();
    await world.link.send("lease", lease);
    await world.first("accept");
    await close();
    await open();
    world.verifierOf = () => Promise.resolve(zeroAddress);
    await assign(lease);
    await world.first("receipt");
    expect(world.got("accept").map((a) => a.verifier)).toEqual([verifier]);
    expect(asked).toEqual([verifier]);
    await assign({ ...lease, epoch: 2n });
    await world.first("receipt");
    expect(world.got("accept").map((a) => a.verifier)).toEqual([zeroAddress]);
  });
});

describe("a lease", () => {
  test("is refused for now, and its place freed, while the verifier is not known", async () => {
    await open();
    world.verifierOf = () => Promise.reject(new Error("the chain is away"));
    const lease = await leaseOf();
    await world.link.send("lease", lease);
    expect(await world.first("refuse")).toMatchObject({ retryable: true });
    world.verifierOf = () => Promise.resolve(verifier);
    await assign(await leaseOf());
    await world.first("receipt");
  });

  test("has no payload taken before its acceptance is signed", async () => {
    await open();
    const known = Promise.withResolvers<Address>();
    world.verifierOf = () => known.promise;
    const lease = await leaseOf();
    await world.link.send("lease", lease);
    await world.link.send("payload", payloadOf(lease));
    await until(async () => await world.refused("payload") === 1);
    known.resolve(verifier);
    await world.first("accept");
    expect(world.proofs).toBe(0);
    await world.link.send("payload", payloadOf(lease));
    await world.first("receipt");
  });

  test("of a task as old as what was forgotten is refused", async () => {
    await open();
    await statements.close();
    statements = new OwnStatements(join(directory, "few.sqlite"), 4);
    Object.assign(world.stake as object, { statements });
    for (const height of [5n, 6n, 7n, 8n, 9n, 9n]) {
      const lease = await leaseOf({ nonce: height << 192n });
      await assign(lease);
      await world.first("receipt");
    }
    world.heard.length = 0;
    await world.link.send("lease", await leaseOf({ nonce: 5n << 192n | 1n }));
    expect((await world.first("refuse")).reason).toContain("older than");
  });
});

describe("a receipt that its verifier", () => {
  test("refuses is not signed; the attempt fails, and the next one proves again", async () => {
    whyRefused = () => Promise.resolve("the verifier does not take the proof");
    await open();
    const lease = await leaseOf();
    await assign(lease);
    const failure = await world.first("failure");
    expect(failure).toMatchObject({ retryable: true });
    expect(failure.reason).toContain("does not take the proof");
    expect(claims()).toEqual([]);
    expect(await world.refused("verifier")).toBe(1);
    whyRefused = () => Promise.resolve(undefined);
    await assign({ ...lease, epoch: 2n });
    await world.first("receipt");
    expect(world.proofs).toBe(2);
  });

  test("can't be asked about waits under its lease, and goes on", async () => {
    whyRefused = () => Promise.reject(new Error("the chain is away"));
    await open();
    const lease = await leaseOf({}, { leaseMs: 300 });
    await assign(lease);
    // Longer than the lease lasts by itself.
    await until(() => world.got("progress").length > 5);
    expect(claims()).toEqual([]);
    whyRefused = () => Promise.resolve(undefined);
    await world.first("receipt");
    expect(world.proofs).toBe(1);
  });

  test("can't be asked about for too long is kept for the next lease, or process", async () => {
    whyRefused = () => Promise.reject(new Error("the chain is away"));
    await open();
    const lease = await leaseOf({}, { timeoutMs: 300 });
    await assign(lease);
    expect(await world.first("failure")).toMatchObject({ retryable: true });
    await close();
    whyRefused = () => Promise.resolve(undefined);
    await open();
    await assign({ ...lease, epoch: 2n, timeoutMs: 5_000 });
    await world.first("receipt");
    expect(world.proofs).toBe(0);
  });

  test("is not there is signed without", async () => {
    await open();
    world.verifierOf = () => Promise.resolve(zeroAddress);
    await assign(await leaseOf());
    await world.first("receipt");
    expect(asked).toEqual([]);
  });
});
