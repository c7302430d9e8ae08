import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { defaults } from "../../dispatch/deps.ts";
import { memoryIntents } from "../testing/intents.ts";
import { contextOf, jobOf } from "../testing/jobs.ts";
import { defaultSettings } from "./settings.ts";
import { failure, startCluster } from "./testing/cluster.ts";
import type { Fault } from "./testing/validator.ts";

setDefaultTimeout(120_000);

const { validator, output, payer, config } = startCluster();

const rpcFault = (status: number, text: string): Fault => () => new Response(text, { status });

describe("an RPC", () => {
  test.each<[string, Fault]>([
    ["is down", rpcFault(502, "bad gateway")],
    ["answers garbage", rpcFault(200, "<html>")],
    ["answers something else", (_, __) => Response.json({ jsonrpc: "2.0", id: 1, result: [1] })],
    ["answers without end", rpcFault(200, "x".repeat(2_000_000))],
    [
      "refuses",
      () => Response.json({ error: { code: -32005, message: "slow down https://k.example/key" } }),
    ],
  ])("that %s for long gives the job back, with no URL", async (_, fault) => {
    const { key } = await payer();
    const of = config();
    validator.fault = fault;
    const error = await failure(output({ key }).run(await jobOf(of), of, contextOf()));
    expect(error.state).toBe("retry");
    expect(error.message).not.toMatch(/https?:|secret-access-key/);
  });

  test("that is away while a transaction is open does not make it two", async () => {
    const { key } = await payer();
    const of = config();
    const job = await jobOf(of);
    let left = 0;
    validator.fault = (method) => {
      // Sent, and then nothing is heard of it for a while.
      if (method === "sendTransaction" && left === 0) left = 20;
      else if (left > 1) return left--, new Response("", { status: 503 });
      return undefined;
    };
    expect((await output({ key }).run(job, of, contextOf())).state).toBe("confirmed");
    expect(validator.state(of.stateAccount).calls).toBe(1);
  });

  test("that says it sent and did not: sent again, and signed anew once it can't land", async () => {
    const { key } = await payer();
    const of = config();
    const job = await jobOf(of);
    const context = contextOf();
    validator.drops = true;
    validator.fault = (method) => {
      const signed = validator.methods.filter((m) => m === "getLatestBlockhash").length;
      if (method === "sendTransaction" && signed > 1) validator.drops = false;
      return undefined;
    };
    validator.methods.length = 0;
    const outcome = await output({ key }).run(job, of, context);
    const signatures = context.told.map(([signature]) => signature);
    expect(new Set(signatures).size).toBe(2);
    expect(context.told.at(-1)?.[1]).toBe("its blockhash had expired, signed anew");
    expect(outcome.reference).toBe(signatures.at(-1) as string);
    expect(validator.methods.filter((m) => m === "sendTransaction").length).toBeGreaterThan(1);
    expect(validator.state(of.stateAccount).calls).toBe(1);
  });

  test("that is away for long while a transaction is open is the reason; it is asked again", async () => {
    const { key } = await payer();
    const of = config();
    const job = await jobOf(of);
    const solana = output({ key, settings: { giveUpOpenMs: 100 } });
    validator.fault = (method) =>
      method === "getSignatureStatuses"
        ? Response.json({
          error: { code: -32011, message: "Transaction history is not available" },
        })
        : undefined;
    const error = await failure(solana.run(job, of, contextOf()));
    expect([error.state, error.message]).toEqual([
      "retry",
      `${validator.genesisHash}: the RPC refuses getSignatureStatuses: Transaction history is not ` +
      "available",
    ]);
    validator.fault = undefined;
    expect((await solana.run(job, of, contextOf())).state).toBe("confirmed");
    expect(validator.state(of.stateAccount).calls).toBe(1);
  });

  test("that sends nothing is told in the end, and of not too many transactions asked", async () => {
    const { key } = await payer();
    const of = config();
    const job = await jobOf(of);
    const intents = memoryIntents();
    const solana = output({ key, intents, settings: { mostAnew: 60 } });
    validator.drops = true;
    validator.slotsPerLook = 80;
    let asked = 0;
    const behind = { error: { code: -32005, message: "Node is behind by 42 slots" } };
    const cases: [() => Response | undefined, string][] = [
      [() => Response.json(behind), "the RPC refuses sendTransaction: Node is behind by 42 slots"],
      [() => undefined, "is SOLANA_PRIORITY_FEE (100000) too low?"],
    ];
    for (const [answer, hint] of cases) {
      validator.fault = (method, [first]) => {
        if (method === "getSignatureStatuses") asked = Math.max(asked, (first as string[]).length);
        return method === "sendTransaction" ? answer() : undefined;
      };
      const error = await failure(solana.run(job, of, contextOf()));
      expect([error.state, error.message]).toEqual([
        "retry",
        `${validator.genesisHash} took none of 61 transactions in a row: ${hint}`,
      ]);
    }
    expect(asked).toBe(100);
    [validator.drops, validator.fault, validator.slotsPerLook] = [false, undefined, 40];
    expect((await solana.run(job, of, contextOf())).state).toBe("confirmed");
    expect(validator.state(of.stateAccount).calls).toBe(1);
  });

  test("that hangs does not hold up a node that stops", async () => {
    const { key } = await payer();
    const of = config();
    const stop = new AbortController();
    const asked = Promise.withResolvers<void>();
    validator.fault = () => (asked.resolve(), new Promise(() => {}));
    const context = { ...contextOf(), signal: stop.signal };
    const running = output({ key }).run(await jobOf(of), of, context);
    await asked.promise;
    const began = performance.now();
    stop.abort(new Error("stopped"));
    await expect(running).rejects.toThrow("stopped");
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test("that tells no fees is paid the least", async () => {
    const { key, address } = await payer();
    const of = config();
    const before = validator.balance(address);
    validator.fault = (method) =>
      method === "getRecentPrioritizationFees"
        ? Response.json({ id: 1, error: { code: -32601, message: "Method not found" } })
        : undefined;
    await output({ key }).run(await jobOf(of), of, contextOf());
    expect(before - validator.balance(address)).toBe(5_000n);
  });

  test("that forgot the blocks in question is not believed that none has it", async () => {
    const { key } = await payer();
    const of = config();
    validator.drops = true;
    validator.firstSlot = Number.MAX_SAFE_INTEGER;
    const error = await failure(output({ key }).run(await jobOf(of), of, contextOf()));
    expect(error.state).toBe("dead");
    expect(error.message).toContain("no longer knows what became of");
  });

  test("that lags behind the one asked before is not believed that it is lost", async () => {
    const { key } = await payer();
    const of = config();
    const job = await jobOf(of);
    let lagging = 0;
    validator.fault = (method) => {
      if (method !== "getSignatureStatuses" || validator.landed() === 0 || lagging++ > 20) return;
      const result = { context: { slot: 5 }, value: [null] };
      return Response.json({ jsonrpc: "2.0", id: 1, result });
    };
    expect((await output({ key }).run(job, of, contextOf())).state).toBe("confirmed");
    expect(validator.state(of.stateAccount).calls).toBe(1);
  });
});

test("a job is given back, with its reason, before its grant ends without one", () => {
  const request = 10_000;
  expect(defaultSettings.giveUpMs + request).toBeLessThan(defaults.grantMs);
  expect(defaultSettings.giveUpOpenMs + request).toBeLessThan(defaults.sentMs);
});
