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
import { type Hex, keccak256, type LocalAccount, parseTransaction } from "viem";
import { defaults } from "../../dispatch/deps.ts";
import { OutputError } from "../output.ts";
import { memoryJournal } from "../testing/journal.ts";
import { answer, down, refusal, startProxy } from "../testing/proxy.ts";
import { freshAccount, senderOf, startWorld, until, type World } from "../testing/world.ts";
import { costOf, parseSaved } from "./entry.ts";
import { RevertedError } from "./errors.ts";
import type { Sender } from "./sender.ts";
import { type ChainSettings, defaultSettings } from "./settings.ts";

setDefaultTimeout(300_000);

let world: World;
let proxy: ReturnType<typeof startProxy>;
let account: LocalAccount;
let journal: ReturnType<typeof memoryJournal>;
let senders: Sender[] = [];
const never = new AbortController().signal;

beforeAll(async () => {
  world = await startWorld();
  proxy = startProxy(world.url);
});
afterAll(async () => {
  await proxy?.stop();
  await world?.stop();
});
beforeEach(async () => {
  proxy.fault = undefined;
  account = await freshAccount(world);
  journal = memoryJournal();
});
afterEach(async () => {
  await Promise.all(senders.map((sender) => sender.stop()));
  senders = [];
});

function start(settings: Partial<ChainSettings> = {}): Sender {
  const sender = senderOf(proxy, account, journal, settings);
  senders.push(sender);
  return sender;
}

let nextId = 1n;
function callOf(id: bigint, data = world.take(id)) {
  return { key: `task-${id}/0`, projectId: 7n, to: world.target, data };
}

async function failureOf(sending: Promise<unknown>): Promise<OutputError> {
  const error = await sending.then(() => "it was sent", (e: unknown) => e);
  expect(error).toBeInstanceOf(OutputError);
  return error as OutputError;
}

describe("an RPC that", () => {
  test("is down at first and comes back: the job goes on", async () => {
    const id = nextId++;
    proxy.fault = down;
    const sending = start().send(callOf(id), () => {}, never);
    await new Promise((resolve) => setTimeout(resolve, 300));
    proxy.fault = undefined;
    await sending;
    expect(await world.seen(id)).toBe(1n);
  });

  test("stays down: the job is given back, and no URL is in the text", async () => {
    proxy.fault = down;
    const error = await failureOf(
      start({ giveUpMs: 200 }).send(callOf(nextId++), () => {}, never),
    );
    expect(error.state).toBe("retry");
    expect(error.message).toBe("chain 31337: the RPC answers HTTP 502");
    expect(journal.entries.size).toBe(0);
  });

  test("hangs: the job is given back, with the reason, before its grant ends without one", () => {
    const request = 3 * 10_000;
    expect(defaultSettings(1n).giveUpMs + request).toBeLessThan(defaults.grantMs);
  });

  test("goes down between any two requests: one transaction lands", async () => {
    const probe = nextId++;
    proxy.methods.length = 0;
    await start().send(callOf(probe), () => {}, never);
    const requests = proxy.methods.length;
    expect(requests).toBeGreaterThan(6);
    for (let at = 0; at < requests; at++) {
      account = await freshAccount(world);
      const id = nextId++;
      let seen = 0;
      // Half of them are lost on the way there, half on the way back.
      proxy.fault = async (method, params) => {
        const now = seen++;
        if (now < at || now > at + 3) return undefined;
        if (at % 2 === 0 && method === "eth_sendRawTransaction") {
          await world.client.request({ method, params } as never);
        }
        return new Response("", { status: 503 });
      };
      await start().send(callOf(id), () => {}, never);
      expect(await world.seen(id)).toBe(1n);
      expect(await world.client.getTransactionCount({ address: account.address })).toBe(1);
    }
  });

  test("says sent but did not send: it is sent again", async () => {
    const id = nextId++;
    let lies = 0;
    proxy.fault = (method, [raw]) => {
      if (method !== "eth_sendRawTransaction" || lies >= 3) return undefined;
      lies++;
      return answer(keccak256(raw as Hex));
    };
    await start().send(callOf(id), () => {}, never);
    expect(lies).toBe(3);
    expect(await world.seen(id)).toBe(1n);
  });

  test("drops one of 40: those behind it wait for one look at the chain", async () => {
    const ids = Array.from({ length: 40 }, () => nextId++);
    const dropped = 17;
    let sent = 0, offers = 0, looks = 0, looksBefore: number | undefined;
    proxy.fault = async (method, [first, block]) => {
      if (method === "eth_getTransactionCount" && block === "latest") {
        // No look counts that comes before all are sent.
        if (sent < ids.length) return refusal("limit exceeded", -32005);
        const { address } = account;
        if (await world.client.getTransactionCount({ address }) === dropped) looks++;
      }
      if (method !== "eth_sendRawTransaction") return undefined;
      sent++;
      if (parseTransaction(first as Hex).nonce !== dropped) return undefined;
      if (offers++ === 0) return answer(keccak256(first as Hex));
      looksBefore ??= looks;
      return undefined;
    };
    const sender = start();
    await Promise.all(ids.map((id) => sender.send(callOf(id), () => {}, never)));
    expect(looksBefore).toBe(1);
    for (const id of ids) expect(await world.seen(id)).toBe(1n);
    expect(await world.client.getTransactionCount({ address: account.address })).toBe(ids.length);
  });

  test("is of another chain than configured: nothing is signed", async () => {
    proxy.fault = (method) => method === "eth_chainId" ? answer("0x1") : undefined;
    const error = await failureOf(start().send(callOf(nextId++), () => {}, never));
    expect(error.message).toContain("is of chain 1");
    expect(journal.entries.size).toBe(0);
  });

  test("gives no revert data with estimates: the reason is asked of eth_call", async () => {
    proxy.fault = (method) =>
      method === "eth_estimateGas" ? refusal("execution reverted", 3) : undefined;
    await world.close(true);
    const error = await start().send(callOf(5n), () => {}, never).catch((e: unknown) => e);
    await world.close(false);
    expect(error).toBeInstanceOf(RevertedError);
    expect((error as RevertedError).data).toMatch(/^0x[0-9a-f]{72}$/);
  });

  test("is busy now and then: the job goes on", async () => {
    const id = nextId++;
    let turn = 0;
    proxy.fault = () => ++turn % 9 === 1 ? refusal("limit exceeded", -32005) : undefined;
    await start().send(callOf(id), () => {}, never);
    expect(await world.seen(id)).toBe(1n);
  });

  test("refuses the transaction for good: the job dies and its nonce is given up", async () => {
    const id = nextId++;
    proxy.fault = (method, [raw]) =>
      method === "eth_sendRawTransaction" && (raw as string).length > 250
        ? refusal("oversized data: see https://rpc.example/?key=secret")
        : undefined;
    const sender = start();
    const error = await failureOf(sender.send(callOf(id), () => {}, never));
    expect(error.state).toBe("dead");
    expect(error.message).toBe("the RPC refuses the transaction: oversized data: see <url>");
    // The nonce is used up by a transfer of nothing, so that the next job is not stuck.
    const stateOf = () => journal.entries.get(callOf(id).key)?.state;
    await until(() => stateOf() === "replaced", "the nonce is filled");
    proxy.fault = undefined;
    const next = nextId++;
    await sender.send(callOf(next), () => {}, never);
    expect(await world.seen(id)).toBe(0n);
    expect(await world.seen(next)).toBe(1n);
  });

  test("calls the fee too low: it is raised", async () => {
    const id = nextId++;
    let turn = 0;
    proxy.fault = (method) =>
      method === "eth_sendRawTransaction" && turn++ < 2
        ? refusal("replacement transaction underpriced")
        : undefined;
    await start().send(callOf(id), () => {}, never);
    expect(journal.entries.get(callOf(id).key)?.hashes).toHaveLength(3);
    expect(await world.seen(id)).toBe(1n);
  });

  test("answers slowly: the job goes on", async () => {
    const id = nextId++;
    proxy.fault = async (method) => {
      const ms = method === "eth_sendRawTransaction" ? 700 : 20;
      await new Promise((resolve) => setTimeout(resolve, ms));
      return undefined;
    };
    await start().send(callOf(id), () => {}, never);
    expect(await world.seen(id)).toBe(1n);
    expect(await world.client.getTransactionCount({ address: account.address })).toBe(1);
  });
});

describe("caps and funds", () => {
  test("without funds the job is given back, saying whom to send how much", async () => {
    await world.control.setBalance({ address: account.address, value: 1n });
    const error = await failureOf(start().send(callOf(nextId++), () => {}, never));
    expect(error.state).toBe("retry");
    expect(error.message).toMatch(
      new RegExp(`^out of funds: send ${account.address} on chain 31337 at least 0\\.000\\d+$`),
    );
    expect(journal.entries.size).toBe(0);
  });

  test("funds that go while it is under way: given back, and sent once when asked again", async () => {
    const id = nextId++;
    let turn = 0;
    proxy.fault = (method) =>
      method === "eth_sendRawTransaction" && turn++ === 0
        ? refusal("insufficient funds for gas * price + value")
        : undefined;
    const sender = start();
    const error = await failureOf(sender.send(callOf(id), () => {}, never));
    expect([error.state, error.message.slice(0, 12)]).toEqual(["retry", "out of funds"]);
    await sender.send(callOf(id), () => {}, never);
    expect(await world.seen(id)).toBe(1n);
    expect(await world.client.getTransactionCount({ address: account.address })).toBe(1);
  });

  test("a project's day has an end, jobs at the same time included", async () => {
    const sender = start();
    const id = nextId++;
    await sender.send(callOf(id), () => {}, never);
    const { saved } = { saved: parseSaved(journal.entries.get(callOf(id).key)?.request ?? "") };
    const day = new Date().toISOString().slice(0, 10);
    const room = await journal.spent(7n, day) + 3n * costOf(saved);
    const capped = start({ maxFeePerDay: room });
    const ids = Array.from({ length: 8 }, () => nextId++);
    const results = await Promise.allSettled(
      ids.map((id) => capped.send(callOf(id), () => {}, never)),
    );
    const done = results.filter((r) => r.status === "fulfilled").length;
    expect(done).toBeGreaterThanOrEqual(2);
    expect(done).toBeLessThanOrEqual(3);
    const refused = results.find((r) => r.status === "rejected");
    expect((refused?.reason as OutputError).state).toBe("retry");
    expect((refused?.reason as Error).message).toContain("project 7 has used up its gas for today");
    // Another project is not held up by that.
    await capped.send({ ...callOf(nextId++), projectId: 8n }, () => {}, never);
  });

  test("gas that is too dear is waited for", async () => {
    const error = await failureOf(
      start({ maxFeePerTransaction: 1_000n }).send(callOf(nextId++), () => {}, never),
    );
    expect(error.state).toBe("retry");
    expect(error.message).toContain("gas is too dear now");
  });

  test("a call that needs more gas than the cap is refused", async () => {
    const error = await failureOf(
      start({ maxGas: 30_000n }).send(callOf(nextId++), () => {}, never),
    );
    expect(error.state).toBe("dead");
    expect(error.message).toMatch(/^it needs \d+ gas, the cap is 30000$/);
  });

  test("a call that burns all gas is refused before anything is signed", async () => {
    const burn = world.call("burn", [1n]);
    const error = await failureOf(start().send(callOf(nextId++, burn), () => {}, never));
    expect(error.state).toBe("dead");
    expect(error.message).toBe("it needs more gas than the cap of 16000000");
    expect(journal.entries.size).toBe(0);
  });
});

test("a chain without a base fee gets legacy transactions", async () => {
  const old = await startWorld(["--hardfork", "istanbul"]);
  const sender = senderOf(old, await freshAccount(old), memoryJournal());
  try {
    const request = { key: "t/0", projectId: 1n, to: old.target, data: old.take(1n) };
    const { hash } = await sender.send(request, () => {}, never);
    expect((await old.client.getTransaction({ hash })).type).toBe("legacy");
    expect(await old.seen(1n)).toBe(1n);
  } finally {
    await sender.stop();
    await old.stop();
  }
});
