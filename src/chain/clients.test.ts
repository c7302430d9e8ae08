import { afterAll, beforeAll, expect, test } from "bun:test";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type Anvil, anvilAccount, startAnvil } from "./anvil.ts";
import { connectChain, createChains } from "./clients.ts";
import { transact } from "./transact.ts";

let local: Anvil, other: Anvil;

beforeAll(async () => {
  [local, other] = await Promise.all([startAnvil(), startAnvil({ chainId: 4690 })]);
});
afterAll(() => Promise.all([local.stop(), other.stop()]));

/** Answers each request by `reply`, which may cut the connection by giving nothing. */
async function fakeRpc(reply: (count: number) => string | undefined) {
  let count = 0;
  const server: Server = createServer((request, response) => {
    request.resume().on("end", () => {
      const body = reply(++count);
      if (body === undefined) response.destroy();
      else response.setHeader("content-type", "application/json").end(body);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v3/secret-key?token=hidden`,
    requests: () => count,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
const chainIdReply = (id: string) => JSON.stringify({ jsonrpc: "2.0", id: 1, result: id });

test("learns the chain from its endpoint and sends to it", async () => {
  const chain = await connectChain(other.url, { pollMs: 50 });
  expect(chain.id).toBe(4690n);
  const sender = chain.sender(anvilAccount(0));
  const to = anvilAccount(1).address;
  const before = await chain.reader.getBalance({ address: to });
  const receipt = await transact(sender, { to, data: "0x", value: 5n, what: "paying" });
  expect(receipt.status).toBe("success");
  expect(await chain.reader.getBalance({ address: to })).toBe(before + 5n);
});

test("finds chains by id, the main one included", async () => {
  const chains = createChains({
    CHAIN_ENDPOINT: local.url,
    CHAIN_ENDPOINTS: new Map([[4690n, other.url]]),
  });
  expect((await chains.main()).id).toBe(31337n);
  expect((await chains.get(31337n)).id).toBe(31337n);
  expect((await chains.get(4690n)).id).toBe(4690n);
  expect(await chains.get(4690n)).toBe(await chains.get(4690n));
  await expect(chains.get(1n)).rejects.toThrow("no endpoint of chain 1: add it to CHAIN_ENDPOINTS");
});

test("an endpoint of another chain than it is listed for is refused", async () => {
  const chains = createChains({
    CHAIN_ENDPOINT: undefined,
    CHAIN_ENDPOINTS: new Map([[1n, other.url]]),
  });
  await expect(chains.get(1n)).rejects.toThrow("the endpoint of 1 is of chain 4690");
  await expect(chains.main()).rejects.toThrow("CHAIN_ENDPOINT is not set");
});

test("a request that fails on its way is tried again", async () => {
  const rpc = await fakeRpc((count) => count < 3 ? undefined : chainIdReply("0x7b"));
  try {
    expect((await connectChain(rpc.url)).id).toBe(123n);
    expect(rpc.requests()).toBe(3);
  } finally {
    await rpc.stop();
  }
});

test("a chain that is down fails in time, and without the endpoint's secrets", async () => {
  const rpc = await fakeRpc(() => undefined);
  const error = await connectChain(rpc.url, { retries: 1 }).catch((e) => e);
  await rpc.stop();
  expect(error.name).toBe("ChainError");
  expect(error.message).toStartWith("the chain at 127.0.0.1:");
  expect(error.message).toContain("can't be reached");
  expect(`${error.message}${error.stack}`).not.toMatch(/secret-key|hidden/);
});

test("a silent endpoint does not hang", async () => {
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const began = Date.now();
  const connection = connectChain(`http://127.0.0.1:${port}`, { timeoutMs: 200, retries: 1 });
  await expect(connection).rejects.toThrow("can't be reached");
  await connection.catch(() => undefined);
  expect(Date.now() - began).toBeLessThan(5000);
  silent.closeAllConnections();
  silent.close();
});

test("a failed connection is tried anew by the next call", async () => {
  const rpc = await fakeRpc((count) => count === 1 ? undefined : chainIdReply("0x1"));
  const chains = createChains(
    { CHAIN_ENDPOINT: rpc.url, CHAIN_ENDPOINTS: new Map() },
    { retries: 0 },
  );
  await expect(chains.main()).rejects.toThrow("can't be reached");
  expect((await chains.main()).id).toBe(1n);
  await rpc.stop();
});
