import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import type { Hex, LocalAccount } from "viem";
import { memoryJournal } from "../testing/journal.ts";
import { freshAccount, mortal, senderOf, startWorld, until, type World } from "../testing/world.ts";
import { parseSaved } from "./entry.ts";
import { RevertedError, revertText } from "./errors.ts";
import type { Sender } from "./sender.ts";
import type { ChainSettings } from "./settings.ts";

setDefaultTimeout(300_000);

let world: World;
let account: LocalAccount;
let journal: ReturnType<typeof memoryJournal>;
let senders: Sender[] = [];
const never = new AbortController().signal;

/** A chain that mines only when told. */
beforeAll(async () => {
  world = await startWorld();
  await world.control.setAutomine(false);
});
afterAll(() => world.stop());
beforeEach(async () => {
  await world.control.setNextBlockBaseFeePerGas({ baseFeePerGas: 10n ** 9n });
  await mine();
  account = await freshAccount(world);
  journal = memoryJournal();
});
afterEach(async () => {
  await Promise.all(senders.map((sender) => sender.stop()));
  senders = [];
  await world.control.mine({ blocks: 1 });
});

function start(settings: Partial<ChainSettings> = {}): Sender {
  const sender = senderOf(world, account, journal, settings);
  senders.push(sender);
  return sender;
}

let nextId = 1n;
function callOf(id: bigint) {
  return { key: `task-${id}/0`, projectId: 7n, to: world.target, data: world.take(id) };
}

/** Sends, and notes what it is told. */
function follow(sender: Sender, id: bigint) {
  const told: { hash: Hex; comment: string }[] = [];
  const landed = sender.send(callOf(id), (hash, comment) => told.push({ hash, comment }), never);
  landed.catch(() => "seen by the test");
  return { told, landed };
}

const entryOf = (id: bigint) => journal.entries.get(callOf(id).key);
const mine = (blocks = 1) => world.control.mine({ blocks });
const isPooled = async (hash: Hex | undefined) => {
  if (!hash) return false;
  const { pending } = await world.control.getTxpoolContent();
  return Object.values(pending).some((txs) => Object.values(txs).some((tx) => tx.hash === hash));
};

describe("a sender, where blocks are rare", () => {
  test("waits for its confirmations", async () => {
    const id = nextId++;
    const { told, landed } = follow(start({ confirmations: 3 }), id);
    await until(() => told.length > 0, "it is sent");
    await mine(2);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(entryOf(id)?.state).toBe("sent");
    await mine();
    expect((await landed).hash).toBe(told[0]?.hash as Hex);
    expect(entryOf(id)?.state).toBe("confirmed");
  });

  test("killed with its transaction in the pool, it does not send a second one", async () => {
    for (const step of ["record", "send"] as const) {
      const id = nextId++;
      account = await freshAccount(world);
      const doomed = mortal(world, account, journal, step);
      const first = senderOf(doomed, doomed.signer, doomed.journal);
      first.send(callOf(id), () => {}, never).catch(() => "lost");
      await doomed.death;
      await first.stop();
      const { landed } = follow(start(), id);
      const [hash] = entryOf(id)?.hashes ?? [];
      await until(() => isPooled(hash), "it is in the pool");
      await mine();
      expect((await landed).hash).toBe(hash as Hex);
      expect(entryOf(id)?.hashes).toHaveLength(1);
      expect(await world.seen(id)).toBe(1n);
    }
  });

  test("raises both fees by an eighth at least while it is stuck, and one of them lands", async () => {
    const id = nextId++;
    const offers: { tip: bigint; most: bigint }[] = [];
    const own = account;
    account = {
      ...own,
      signTransaction(transaction) {
        const { maxPriorityFeePerGas = 0n, maxFeePerGas = 0n } = transaction;
        offers.push({ tip: maxPriorityFeePerGas, most: maxFeePerGas });
        return own.signTransaction(transaction);
      },
    };
    const { told, landed } = follow(start({ bumpAfterMs: 60 }), id);
    await until(() => told.length >= 3, "it was raised twice");
    await mine();
    const { hash } = await landed;
    expect(told[1]?.comment).toContain("fee was raised");
    expect(new Set(told.slice(0, 3).map(({ hash }) => hash)).size).toBe(3);
    expect(entryOf(id)?.hashes).toContain(hash);
    for (let i = 1; i < 3; i++) {
      const [before, after] = [offers[i - 1], offers[i]];
      if (!before || !after) throw new Error("no offer");
      expect(after.tip * 1000n).toBeGreaterThanOrEqual(before.tip * 1125n);
      expect(after.most * 1000n).toBeGreaterThanOrEqual(before.most * 1125n);
    }
    expect(await world.seen(id)).toBe(1n);
  });

  test("follows a base fee that rose above its offer", async () => {
    const id = nextId++;
    const { told, landed } = follow(start({ bumpAfterMs: 60 }), id);
    await until(() => told.length > 0, "it is sent");
    await world.control.setNextBlockBaseFeePerGas({ baseFeePerGas: 50_000_000_000n });
    await mine();
    expect(await world.seen(id)).toBe(0n);
    const isDear = async () => {
      const { hash } = told.at(-1) as { hash: Hex };
      const tx = await world.client.getTransaction({ hash }).catch(() => undefined);
      return (tx?.maxFeePerGas ?? 0n) > 50_000_000_000n;
    };
    await until(isDear, "its fee follows");
    await mine();
    await landed;
    expect(await world.seen(id)).toBe(1n);
  });

  test("stops raising at the cap, and says so nowhere but in the log", async () => {
    const id = nextId++;
    const settings = { bumpAfterMs: 30, maxFeePerTransaction: 4n * 10n ** 14n };
    const { told, landed } = follow(start(settings), id);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const saved = parseSaved(entryOf(id)?.request ?? "");
    const price = saved.fees.type === "eip1559" ? saved.fees.maxFeePerGas : 0n;
    expect(saved.gas * price).toBeLessThanOrEqual(settings.maxFeePerTransaction);
    expect(told.length).toBeLessThan(20);
    await mine();
    await landed;
  });

  test("a reorganisation that drops it is seen, and it is sent again", async () => {
    const id = nextId++;
    const { told, landed } = follow(start({ confirmations: 3 }), id);
    await until(() => isPooled(told[0]?.hash), "it is in the pool");
    await mine();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await world.seen(id)).toBe(1n);
    await world.control.request({
      method: "anvil_reorg",
      params: [1, []],
    } as never);
    await until(async () => await world.seen(id) === 0n, "it is gone");
    await until(() => told.length > 1, "it is told");
    expect(told[1]?.comment).toContain("reorganisation");
    await until(() => isPooled(told[0]?.hash), "it is in the pool again");
    await mine(3);
    expect((await landed).hash).toBe(told[0]?.hash as Hex);
    expect(await world.seen(id)).toBe(1n);
  });

  test("somebody else's transaction under its nonce makes it take another nonce", async () => {
    const id = nextId++;
    const { told, landed } = follow(start(), id);
    await until(() => told.length > 0, "it is sent");
    const raw = await account.signTransaction({
      type: "eip1559",
      chainId: 31337,
      nonce: 0,
      to: world.target,
      gas: 100_000n,
      data: world.take(999n),
      maxFeePerGas: 10n ** 12n,
      maxPriorityFeePerGas: 10n ** 11n,
    });
    await world.client.sendRawTransaction({ serializedTransaction: raw });
    await mine();
    await until(() => journal.entries.has(`${callOf(id).key}~1`), "a second nonce is taken");
    expect(entryOf(id)?.state).toBe("replaced");
    await until(() => isPooled(told.at(-1)?.hash), "it is sent");
    await mine();
    const { hash } = await landed;
    expect((await world.client.getTransaction({ hash })).nonce).toBe(1);
    expect(await world.seen(id)).toBe(1n);
  });

  test("a nonce that was taken for a lost job is filled when later ones wait for it", async () => {
    const [lost, id] = [nextId++, nextId++];
    const doomed = mortal(world, account, journal, "reserve");
    const first = senderOf(doomed, doomed.signer, doomed.journal);
    first.send(callOf(lost), () => {}, never).catch(() => "lost");
    await doomed.death;
    await first.stop();
    const sender = start({ orphanMs: 150 });
    await sender.resume();
    const { told, landed } = follow(sender, id);
    await until(() => told.length > 0, "the later one is sent");
    expect(entryOf(id)?.nonce).toBe(1);
    await until(() => (entryOf(lost)?.hashes.length ?? 0) > 0, "the nonce is filled");
    await mine();
    await landed;
    const filler = await world.client.getTransaction({ hash: entryOf(lost)?.hashes[0] as Hex });
    expect(filler.to).toBe(account.address.toLowerCase() as Hex);
    expect([filler.input, filler.value]).toEqual(["0x", 0n]);
    await until(() => entryOf(lost)?.state === "replaced", "the filler is settled");
    expect(await world.seen(lost)).toBe(0n);
    // The job comes back after all: it gets a new nonce, and is sent once.
    const again = follow(sender, lost);
    await until(() => isPooled(again.told.at(-1)?.hash), "it is sent");
    await mine();
    await again.landed;
    expect(await world.seen(lost)).toBe(1n);
  });

  test("a nonce that was taken last, for a lost job, is given back", async () => {
    const lost = nextId++;
    const doomed = mortal(world, account, journal, "reserve");
    const first = senderOf(doomed, doomed.signer, doomed.journal);
    first.send(callOf(lost), () => {}, never).catch(() => "lost");
    await doomed.death;
    await first.stop();
    const sender = start({ orphanMs: 50 });
    await sender.resume();
    await until(() => entryOf(lost)?.state === "abandoned", "it is given back");
    const id = nextId++;
    const { told, landed } = follow(sender, id);
    await until(() => isPooled(told[0]?.hash), "it is sent");
    await mine();
    await landed;
    expect(entryOf(id)?.nonce).toBe(0);
  });

  test("a nonce that nobody has, below its own, is filled", async () => {
    const id = nextId++;
    const gap = await account.signTransaction({
      type: "eip1559",
      chainId: 31337,
      nonce: 0,
      to: account.address,
      gas: 21_000n,
      maxFeePerGas: 10n ** 11n,
      maxPriorityFeePerGas: 10n ** 9n,
    });
    const foreign = await world.client.sendRawTransaction({ serializedTransaction: gap });
    const { told, landed } = follow(start({ orphanMs: 100 }), id);
    await until(() => told.length > 0, "it is sent");
    expect(entryOf(id)?.nonce).toBe(1);
    // The pool forgets the stranger's transaction, on which the nonce was based.
    await world.control.dropTransaction({ hash: foreign });
    await until(() => isPooled(told[0]?.hash), "the gap is filled");
    await mine();
    await landed;
    const block = await world.client.getBlock({ includeTransactions: true });
    const filler = block.transactions.find((tx) => tx.nonce === 0);
    expect([filler?.to, filler?.value, filler?.input]).toEqual([filler?.from, 0n, "0x"]);
    expect(journal.entries.size).toBe(1);
    expect(await world.seen(id)).toBe(1n);
  });

  test("a chain that starts anew below the journal's nonces is caught up with", async () => {
    for (let i = 0; i < 3; i++) {
      const entry = { chainId: 31337n, sender: account.address, request: "{}" };
      await journal.reserve({ key: `old-${i}`, ...entry }, 0);
      await journal.update(`old-${i}`, { state: "confirmed" });
    }
    const id = nextId++;
    const { told, landed } = follow(start({ orphanMs: 100 }), id);
    await until(() => isPooled(told[0]?.hash), "the nonces below are filled");
    expect(entryOf(id)?.nonce).toBe(3);
    await mine();
    await landed;
    expect(await world.seen(id)).toBe(1n);
  });

  test("what the pool forgot is sent again", async () => {
    const id = nextId++;
    const { told, landed } = follow(start(), id);
    await until(() => isPooled(told[0]?.hash), "it is sent");
    await world.control.dropTransaction({ hash: told[0]?.hash as Hex });
    await until(async () => !await isPooled(told[0]?.hash), "it is forgotten").catch(() => "again");
    await until(() => isPooled(told[0]?.hash), "it is sent again");
    await mine();
    await landed;
    expect(entryOf(id)?.hashes).toHaveLength(1);
    expect(await world.seen(id)).toBe(1n);
  });

  test("what would revert by now is not sent after a restart, and its nonce goes back", async () => {
    const id = nextId++;
    const doomed = mortal(world, account, journal, "reserve");
    const first = senderOf(doomed, doomed.signer, doomed.journal);
    first.send(callOf(id), () => {}, never).catch(() => "lost");
    await doomed.death;
    await first.stop();
    await world.close(true);
    const { landed } = follow(start(), id);
    await expect(landed).rejects.toThrow("reverted");
    expect(entryOf(id)?.state).toBe("abandoned");
    expect(await world.client.getTransactionCount({ address: account.address })).toBe(0);
    await world.close(false);
  });

  test("what reverts in its block is told with the contract's reason", async () => {
    const id = nextId++;
    const { told, landed } = follow(start(), id);
    await until(() => isPooled(told[0]?.hash), "it is sent");
    await world.close(true);
    const error = await landed.catch((e: unknown) => e) as RevertedError;
    expect(error).toBeInstanceOf(RevertedError);
    expect(error.hash).toBe(told[0]?.hash as Hex);
    expect(revertText(error, world.targetAbi)).toBe(`Closed(${id})`);
    expect(entryOf(id)?.state).toBe("confirmed");
    await world.close(false);
  });
});
