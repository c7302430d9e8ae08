import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Hex } from "viem";
import { type Anvil, anvilAccount, startAnvil } from "../../chain/anvil.ts";
import { memoryJournal } from "../testing/journal.ts";
import { answer, down, refusal, startProxy } from "../testing/proxy.ts";
import { senderOf, startWorld, type World } from "../testing/world.ts";
import { remoteSigner } from "./remote_signer.ts";
import type { Sender } from "./sender.ts";

setDefaultTimeout(300_000);

const never = new AbortController().signal;
const key = anvilAccount(3);
/** An anvil that signs for its accounts and is no chain of ours. */
let holder: Anvil;
let world: World;
let proxy: ReturnType<typeof startProxy>;
const senders: Sender[] = [];

beforeAll(async () => {
  [holder, world] = await Promise.all([startAnvil(), startWorld()]);
  proxy = startProxy(holder.url);
});
afterAll(async () => {
  await Promise.all(senders.map((sender) => sender.stop()));
  await proxy?.stop();
  await Promise.all([holder?.stop(), world?.stop()]);
});

function start(on: World, address = key.address, timeoutMs = 2_000): Sender {
  const signer = remoteSigner({ address, url: proxy.url, timeoutMs });
  const sender = senderOf(on, signer, memoryJournal());
  senders.push(sender);
  return sender;
}
let id = 500n;
const call = (on: World) => ({
  key: `task-${++id}/0`,
  projectId: 1n,
  to: on.target,
  data: on.take(id),
});
const failure = (sending: Promise<unknown>) =>
  sending.then(
    () => "it was sent",
    (error: Error & { state?: string }) => `${error.state}: ${error.message}`,
  );

describe("an account whose key a remote signer holds", () => {
  test("sends on a chain with a base fee, and on one without", async () => {
    const landed = await start(world).send(call(world), () => {}, never);
    const tx = await world.client.getTransaction({ hash: landed.hash });
    expect([tx.type, tx.from]).toEqual(["eip1559", key.address.toLowerCase() as Hex]);
    expect(await world.seen(id)).toBe(1n);
    const old = await startWorld(["--hardfork", "istanbul"]);
    try {
      const sender = start(old);
      const { hash } = await sender.send(call(old), () => {}, never);
      await sender.stop();
      const legacy = await old.client.getTransaction({ hash });
      expect([legacy.type, legacy.from]).toEqual(["legacy", key.address.toLowerCase() as Hex]);
    } finally {
      await old.stop();
    }
  });

  test("waits for a signer that is away, and then sends once", async () => {
    const sender = start(world);
    const request = call(world);
    proxy.fault = down;
    const refused = await failure(sender.send(request, () => {}, never));
    expect(refused).toStartWith(`retry: ${key.address} signs no transaction: `);
    expect(refused).not.toContain("secret-access-key");
    proxy.fault = undefined;
    await sender.send(request, () => {}, never);
    expect(await world.seen(id)).toBe(1n);
  });

  test("says so of an account that the signer does not have", async () => {
    const address = anvilAccount(90).address;
    await world.control.setBalance({ address, value: 10n ** 18n });
    const refused = await failure(start(world, address).send(call(world), () => {}, never));
    expect(refused).toStartWith(`retry: ${address} signs no transaction: `);
  });

  test("sends nothing of a signer that signs something else, or not for it", async () => {
    const base = { ...{ chainId: 31337, gas: 21_000n, type: "legacy", gasPrice: 10n ** 10n } };
    const other = async (change: object, account = key) =>
      answer(await account.signTransaction({ ...base, nonce: 77, ...change } as never));
    const same = (params: readonly unknown[]) => {
      const { from: _, ...asked } = params[0] as Record<string, Hex>;
      return {
        ...{ chainId: 31337, type: "eip1559", to: asked.to, data: asked.data, value: 0n },
        ...{ nonce: Number(asked.nonce), gas: BigInt(asked.gas!) },
        maxFeePerGas: BigInt(asked.maxFeePerGas!),
        maxPriorityFeePerGas: BigInt(asked.maxPriorityFeePerGas!),
      } as const;
    };
    const lies: [string, (params: readonly unknown[]) => Promise<Response>][] = [
      ["nonce", () => other({ to: world.target })],
      ["to", (p) => other({ ...same(p), to: anvilAccount(9).address })],
      ["value", (p) => other({ ...same(p), value: 5n })],
      ["data", (p) => other({ ...same(p), data: "0x12345678" })],
      ["maxFeePerGas", (p) => other({ ...same(p), maxFeePerGas: 10n ** 15n })],
      ["from", (p) => other(same(p), anvilAccount(4))],
      ["form", () => Promise.resolve(answer("0x02f8aa"))],
    ];
    const sent = () => world.client.getTransactionCount({ address: key.address });
    const before = await sent();
    for (const [what, lie] of lies) {
      proxy.fault = (method, params) => method === "eth_signTransaction" ? lie(params) : undefined;
      const refused = await failure(start(world).send(call(world), () => {}, never));
      expect(refused).toContain(`signed another transaction than was asked for (${what})`);
    }
    proxy.fault = () => answer({ raw: 7 });
    expect(await failure(start(world).send(call(world), () => {}, never)))
      .toContain("answer is no signed transaction");
    proxy.fault = undefined;
    expect(await sent()).toBe(before);
  });

  test("asks clef by the one name it knows, and says what it refuses", async () => {
    const asked: string[] = [];
    proxy.fault = async (method, params) => {
      asked.push(method);
      const missing = `the method ${method} does not exist/is not available`;
      if (method !== "account_signTransaction") return refusal(missing, -32601);
      const call = { jsonrpc: "2.0", id: 1, method: "eth_signTransaction", params };
      const headers = { "content-type": "application/json" };
      const real = await fetch(holder.url, { method: "POST", body: JSON.stringify(call), headers });
      const { result: raw } = await real.json() as { result: Hex };
      return answer({ raw, tx: { hash: "0x00" } });
    };
    await start(world).send(call(world), () => {}, never);
    expect(await world.seen(id)).toBe(1n);
    expect(asked).toEqual(["eth_signTransaction", "account_signTransaction"]);
    proxy.fault = (method) =>
      method === "account_signTransaction"
        ? refusal("Request denied")
        : refusal("the method does not exist", -32601);
    expect(await failure(start(world).send(call(world), () => {}, never)))
      .toBe(`retry: ${key.address} signs no transaction: Request denied`);
    proxy.fault = undefined;
  });

  test("reads an answer with the transaction beside the signed bytes", async () => {
    proxy.fault = async (method, params) => {
      if (method !== "eth_signTransaction") return undefined;
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
      const headers = { "content-type": "application/json" };
      const real = await fetch(holder.url, { method: "POST", body, headers });
      return answer({ raw: (await real.json() as { result: Hex }).result, tx: {} });
    };
    await start(world).send(call(world), () => {}, never);
    proxy.fault = undefined;
    expect(await world.seen(id)).toBe(1n);
  });
});
