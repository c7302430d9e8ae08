import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Hex } from "viem";
import { memoryJournal } from "../testing/journal.ts";
import {
  freshAccount,
  mortal,
  senderOf,
  startWorld,
  type Step,
  until,
  type World,
} from "../testing/world.ts";
import type { Sender } from "./sender.ts";

setDefaultTimeout(300_000);

let world: World;
const senders: Sender[] = [];
const never = new AbortController().signal;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  await Promise.all(senders.map((sender) => sender.stop()));
  await world.stop();
});

function keep(sender: Sender): Sender {
  senders.push(sender);
  return sender;
}

let nextId = 1n;
function callOf(id: bigint) {
  return { key: `task-${id}/0`, projectId: 7n, to: world.target, data: world.take(id) };
}

describe("a sender", () => {
  test("sends once, confirms, and answers the same again for the same key", async () => {
    const id = nextId++;
    const journal = memoryJournal();
    const account = await freshAccount(world);
    const sender = keep(senderOf(world, account, journal));
    const sent: Hex[] = [];
    const landed = await sender.send(callOf(id), (hash) => sent.push(hash), never);
    expect(sent).toEqual([landed.hash]);
    expect((await sender.send(callOf(id), () => {}, never)).hash).toBe(landed.hash);
    const again = keep(senderOf(world, account, journal));
    expect((await again.send(callOf(id), () => {}, never)).hash).toBe(landed.hash);
    expect(await world.seen(id)).toBe(1n);
    const tx = await world.client.getTransaction({ hash: landed.hash });
    expect(tx.type).toBe("eip1559");
    expect(tx.value).toBe(0n);
  });

  test("gives jobs at the same time consecutive nonces, and two jobs of one key one", async () => {
    const account = await freshAccount(world);
    const journal = memoryJournal();
    const sender = keep(senderOf(world, account, journal));
    const ids = Array.from({ length: 20 }, () => nextId++);
    const twice = [...ids, ...ids];
    await Promise.all(twice.map((id) => sender.send(callOf(id), () => {}, never)));
    for (const id of ids) expect(await world.seen(id)).toBe(1n);
    const nonces = [...journal.entries.values()].map((e) => e.nonce).sort((a, b) => a - b);
    expect(nonces).toEqual(ids.map((_, i) => i));
    expect(await world.client.getTransactionCount({ address: account.address })).toBe(20);
  });

  test("counts what a project spent", async () => {
    const account = await freshAccount(world);
    const journal = memoryJournal();
    const before = await world.client.getBalance({ address: account.address });
    await keep(senderOf(world, account, journal)).send(callOf(nextId++), () => {}, never);
    const after = await world.client.getBalance({ address: account.address });
    expect(await journal.spent(7n, new Date().toISOString().slice(0, 10))).toBe(before - after);
  });

  const steps: Step[] = ["reserve", "sign", "record", "send", "spent", "end"];
  for (const step of steps) {
    test(`killed after "${step}" and started again sends exactly one transaction`, async () => {
      const id = nextId++;
      const account = await freshAccount(world);
      const journal = memoryJournal();
      const doomed = mortal(world, account, journal, step);
      const first = keep(senderOf(doomed, doomed.signer, doomed.journal));
      const lost = first.send(callOf(id), () => {}, never).catch((error: Error) => error);
      await doomed.death;
      await first.stop();
      expect(await lost).toBeInstanceOf(Error);

      const second = keep(senderOf(world, account, journal));
      await second.resume();
      const landed = await second.send(callOf(id), () => {}, never);
      expect(await world.seen(id)).toBe(1n);
      expect(await world.client.getTransactionCount({ address: account.address })).toBe(1);
      const receipt = await world.client.getTransactionReceipt({ hash: landed.hash });
      expect(receipt.status).toBe("success");
      expect([...journal.entries.values()].map((e) => e.state)).toEqual(["confirmed"]);
    });
  }

  for (const step of steps) {
    test(`of another key takes over after "${step}": one call lands, under no nonce of the first's`, async () => {
      const id = nextId++;
      const journal = memoryJournal();
      const account = await freshAccount(world);
      // The nonce that the first one takes is none of the second's.
      await keep(senderOf(world, account, journal)).send(callOf(nextId++), () => {}, never);
      const doomed = mortal(world, account, journal, step);
      const first = keep(senderOf(doomed, doomed.signer, doomed.journal));
      first.send(callOf(id), () => {}, never).catch(() => "lost");
      await doomed.death;
      await first.stop();

      const heir = await freshAccount(world);
      const second = keep(senderOf(world, heir, journal));
      const landed = await second.send(callOf(id), () => {}, never);
      expect((await second.send(callOf(id), () => {}, never)).hash).toBe(landed.hash);
      expect(await world.seen(id)).toBe(1n);
      const { status, from } = await world.client.getTransactionReceipt({ hash: landed.hash });
      const wasSent = ["send", "spent", "end"].includes(step);
      expect(status).toBe("success");
      expect(from).toBe((wasSent ? account : heir).address.toLowerCase() as Hex);
      expect(await world.client.getTransactionCount({ address: heir.address }))
        .toBe(wasSent ? 0 : 1);
    });
  }

  test("without the job coming back, what was broadcast is still followed to its end", async () => {
    const id = nextId++;
    const account = await freshAccount(world);
    const journal = memoryJournal();
    const doomed = mortal(world, account, journal, "record");
    const first = keep(senderOf(doomed, doomed.signer, doomed.journal));
    first.send(callOf(id), () => {}, never).catch(() => "lost");
    await doomed.death;
    await first.stop();
    await keep(senderOf(world, account, journal)).resume();
    const stateOf = () => journal.entries.get(callOf(id).key)?.state;
    await until(() => stateOf() === "confirmed", "the entry is confirmed");
    expect(await world.seen(id)).toBe(1n);
  });
});
