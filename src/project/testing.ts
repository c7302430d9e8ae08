/** What the tests of this folder share: a chain behind a proxy, a view in memory, a log. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { Address } from "viem";
import { type Anvil, anvilAccount, startAnvil } from "../chain/anvil.ts";
import { connectChain, type Sender } from "../chain/clients.ts";
import { deployCore } from "../chain/deploy.ts";
import type { ChainProject, ChainView } from "../da/da.ts";
import type { Log } from "../log.ts";

export interface RpcCall {
  readonly id: number;
  readonly method: string;
  // Each method has its own shape, and tests pick what they look at.
  readonly params: readonly unknown[];
}

type Answer = { readonly result: unknown } | { readonly error: unknown } | undefined;

/** A JSON-RPC endpoint that can go away, lie, refuse and count. */
export class RpcProxy {
  readonly calls: RpcCall[] = [];
  /** Answers in the chain's place, or undefined to pass the call on. */
  intercept: (call: RpcCall) => Answer | Promise<Answer> = () => undefined;
  #server: http.Server | undefined;
  #port = 0;

  private constructor(public target: string) {}

  static async start(target: string): Promise<RpcProxy> {
    const proxy = new RpcProxy(target);
    await proxy.up();
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  count(method: string): number {
    return this.calls.filter((call) => call.method === method).length;
  }

  async up(): Promise<void> {
    const server = http.createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      const call = JSON.parse(body) as RpcCall;
      this.calls.push(call);
      const own = await this.intercept(call);
      response.setHeader("content-type", "application/json");
      if (own) return void response.end(JSON.stringify({ jsonrpc: "2.0", id: call.id, ...own }));
      try {
        const answer = await fetch(this.target, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body,
        });
        response.end(await answer.text());
      } catch {
        response.destroy();
      }
    });
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }
}

export interface TestChain {
  readonly anvil: Anvil;
  readonly proxy: RpcProxy;
  readonly sender: Sender;
  readonly registrar: Address;
  /** Calls anvil itself, past the proxy. */
  rpc(method: string, ...params: unknown[]): Promise<unknown>;
  connect(): ReturnType<typeof connectChain>;
  stop(): Promise<void>;
}

/** Anvil with the registrar deployed, and a proxy before it. */
export async function startTestChain(chainId = 31337): Promise<TestChain> {
  const anvil = await startAnvil({ chainId });
  const proxy = await RpcProxy.start(anvil.url);
  const sender = (await connectChain(anvil.url)).sender(anvilAccount(0));
  const { projectRegistrar } = await deployCore(sender);
  return {
    anvil,
    proxy,
    sender,
    registrar: projectRegistrar,
    async rpc(method, ...params) {
      const response = await fetch(anvil.url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
      });
      return (await response.json() as { result: unknown }).result;
    },
    connect: () => connectChain(proxy.url, { retries: 0, timeoutMs: 2000 }),
    async stop() {
      await proxy.down();
      await anvil.stop();
    },
  };
}

/** The view's least implementation. */
export class MemoryView implements ChainView {
  readonly cursors = new Map<string, { block: bigint; hash: `0x${string}` }>();
  readonly rows = new Map<string, Map<bigint, ChainProject>>();

  cursor(contract: string) {
    return Promise.resolve(this.cursors.get(contract));
  }
  save(
    contract: string,
    cursor: { block: bigint; hash: `0x${string}` },
    projects: readonly ChainProject[],
  ) {
    this.cursors.set(contract, cursor);
    const rows = this.rows.get(contract) ?? new Map<bigint, ChainProject>();
    for (const row of projects) rows.set(row.id, row);
    this.rows.set(contract, rows);
    return Promise.resolve();
  }
  projects(contract: string) {
    return Promise.resolve([...this.rows.get(contract)?.values() ?? []]);
  }
  reset(contract: string) {
    this.cursors.delete(contract);
    this.rows.delete(contract);
    return Promise.resolve();
  }
}

/** Keeps its lines, as `level message {fields}`. */
export function memoryLog(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const write = (level: string) => (fields: unknown, message?: string) => {
    lines.push(
      message === undefined
        ? `${level} ${fields}`
        : `${level} ${message} ${JSON.stringify(fields)}`,
    );
  };
  const levels = ["debug", "info", "warn", "error"];
  const log = Object.fromEntries(levels.map((level) => [level, write(level)]));
  return { log: log as unknown as Log, lines };
}

/** Waits until `condition` holds; fails after `ms`. */
export async function until(condition: () => unknown, ms = 5000): Promise<void> {
  const end = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
