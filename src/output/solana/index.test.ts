import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { concatBytes, hexToBytes } from "viem";
import type { Intents } from "../../da/da.ts";
import { memoryIntents } from "../testing/intents.ts";
import { contextOf, jobOf } from "../testing/jobs.ts";
import { publicClusters, type SolanaDeps } from "./index.ts";
import { failure, proof, startCluster } from "./testing/cluster.ts";

setDefaultTimeout(120_000);

const { validator, output, payer, config } = startCluster();

describe("the solanaProgram output", () => {
  test("calls the program with 0x00 and the proof; final, and once", async () => {
    const { key } = await payer();
    const of = config();
    const job = await jobOf(of, { proof: proof() });
    const context = contextOf();
    const solana = output({ key });
    const outcome = await solana.run(job, of, context);
    expect(outcome.state).toBe("confirmed");
    expect(context.told).toEqual([[outcome.reference, ""]]);
    expect(validator.state(of.stateAccount)).toEqual({ calls: 1, proof: job.receipt.proof });
    // Asked again it is not called again.
    expect(await solana.run(job, of, contextOf())).toEqual(outcome);
    expect(validator.state(of.stateAccount).calls).toBe(1);
  });

  test("without a state account the program gets none", async () => {
    const { key } = await payer();
    const of = config({ stateAccount: "" });
    const outcome = await output({ key }).run(await jobOf(of), of, contextOf());
    expect(outcome.state).toBe("confirmed");
  });

  test("two who ask for one result at once share its transaction", async () => {
    const { key } = await payer();
    const of = config();
    const job = await jobOf(of);
    const [solana, context] = [output({ key }), contextOf()];
    const [a, b] = await Promise.all([
      solana.run(job, of, contextOf()),
      solana.run(job, of, context),
    ]);
    expect(a).toEqual(b);
    expect(context.told.at(-1)?.[0]).toBe(a.reference);
    expect(validator.state(of.stateAccount).calls).toBe(1);
  });

  test("two processes over one database send one", async () => {
    const { key } = await payer();
    const of = config();
    const job = await jobOf(of);
    const intents = memoryIntents();
    const both = [output({ key, intents }), output({ key, intents })];
    const [a, b] = await Promise.all(both.map((one) => one.run(job, of, contextOf())));
    expect(a?.reference).toBe(b?.reference as string);
    expect(validator.state(of.stateAccount).calls).toBe(1);
  });

  test("pays what others pay, up to the cap, for what the simulation used and some more", async () => {
    const { key, address } = await payer();
    const of = config();
    const spent = async (maxPriorityFee: number) => {
      const before = validator.balance(address);
      const intents = memoryIntents();
      const solana = output({ key, intents, settings: { maxPriorityFee } });
      await solana.run(await jobOf(of), of, contextOf());
      const paid = before - validator.balance(address);
      // What was set aside for it is what it cost.
      expect(await intents.spent(1n, new Date().toISOString().slice(0, 10))).toBe(paid);
      return Number(paid) - 5_000;
    };
    expect(await spent(1_000_000)).toBe(0);
    validator.fees = [5, 3_000_000, 4_000_000, 1];
    const capped = await spent(1_000_000);
    expect(capped).toBeGreaterThan(300);
    expect(capped).toBeLessThan(5_000);
    expect(await spent(8_000_000)).toBeGreaterThanOrEqual(capped * 4 - 4);
  });

  test("a proof that fits no transaction is dead at once, and light it is not", async () => {
    const { key } = await payer();
    const of = config();
    const largest = await jobOf(of, { proof: proof(968) });
    expect((await output({ key }).run(largest, of, contextOf())).state).toBe("confirmed");
    for (const size of [969, 1_200, 807_720]) {
      const error = await failure(
        output({ key }).run(await jobOf(of, { proof: proof(size) }), of, contextOf()),
      );
      expect(error.state).toBe("dead");
      expect(error.message).toMatch(/does not fit a Solana transaction: \d+ bytes, of 1232/);
    }

    const light = config({ light: true });
    const many = await jobOf(light);
    const receipt = { ...many.receipt, publicValues: proof(1_300) };
    const isAccepted = () => Promise.resolve(true);
    const tooMany = await failure(
      output({ key, isAccepted }).run({ ...many, receipt }, light, contextOf()),
    );
    expect(tooMany.message).toMatch(/^the public values do not fit a Solana transaction: 13/);
    const job = await jobOf(light, { proof: proof(1_200) });
    const solana = (accepted: boolean) =>
      output({ key, isAccepted: () => Promise.resolve(accepted) }).run(job, light, contextOf());
    expect((await failure(solana(false))).state).toBe("early");
    await solana(true);
    const { publicValues, programId } = job.receipt;
    const said = concatBytes([hexToBytes(job.taskId), hexToBytes(programId), publicValues]);
    expect(validator.state(light.stateAccount)).toEqual({ calls: 1, proof: said });
  });
});

test("many results at once are followed by few requests, each sent once", async () => {
  const { key } = await payer();
  const solana = output({ key, settings: { pollMs: 40, resendMs: 1_000 } });
  validator.methods.length = 0;
  const count = 60;
  const all = await Promise.all(
    Array.from({ length: count }, async () => {
      const of = config();
      const job = await jobOf(of);
      await solana.run(job, of, contextOf());
      return validator.state(of.stateAccount).calls;
    }),
  );
  expect(all).toEqual(all.map(() => 1));
  const asked = (method: string) => validator.methods.filter((m) => m === method).length;
  expect(asked("sendTransaction")).toBe(count);
  expect(asked("getSignatureStatuses")).toBeLessThan(count);
  expect(asked("getEpochInfo")).toBeLessThan(count);
});

test("results with one proof in one block are as many transactions", async () => {
  const { key } = await payer();
  const of = config();
  // All within one slot, which has one blockhash.
  validator.slotsPerLook = 0;
  validator.methods.length = 0;
  const same = proof();
  const solana = output({ key });
  const running = await Promise.all(Array.from({ length: 3 }, () => jobOf(of, { proof: same })))
    .then((jobs) => jobs.map((job) => solana.run(job, of, contextOf())));
  const sends = () => validator.methods.filter((m) => m === "sendTransaction").length;
  while (sends() < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  validator.slotsPerLook = 40;
  const ends = await Promise.all(running);
  expect(new Set(ends.map(({ reference }) => reference)).size).toBe(3);
  expect(validator.state(of.stateAccount).calls).toBe(3);
});

test("a day's limit holds for results that come at once", async () => {
  const { key } = await payer();
  const of = config();
  const solana = output({ key, settings: { maxLamportsPerDay: 25_000n } });
  const ends = await Promise.allSettled(
    await Promise.all(Array.from({ length: 10 }, () => jobOf(of)))
      .then((jobs) => jobs.map((job) => solana.run(job, of, contextOf()))),
  );
  expect(ends.filter(({ status }) => status === "fulfilled").length).toBeLessThanOrEqual(5);
  expect(validator.state(of.stateAccount).calls).toBeGreaterThan(0);
  expect(validator.state(of.stateAccount).calls).toBeLessThanOrEqual(5);
});

describe("who may call", () => {
  test("a stranger's project gets no signature, nor does a cluster that is not configured", async () => {
    const { key } = await payer();
    const of = config();
    validator.methods.length = 0;
    const clusters = [
      { name: "devnet", endpoint: validator.url },
      { name: "testnet", endpoint: validator.url },
    ];
    const cases: [Partial<SolanaDeps>, string, string][] = [
      [{ mayCall: () => Promise.resolve(false) }, of.chainEndpoint, `adds solana:${of.programId}`],
      [{ key: undefined }, of.chainEndpoint, "set OPERATOR_PRIVATE_KEY_ED25519"],
      [{ clusters: [] }, of.chainEndpoint, "no cluster is configured: set SOLANA_ENDPOINTS"],
      [{ clusters }, of.chainEndpoint, "does not say which cluster"],
      [{ clusters }, "https://api.mainnet-beta.solana.com/", "add mainnet-beta=<url> to SOLANA"],
    ];
    for (const [deps, chainEndpoint, text] of cases) {
      const wanted = { ...of, chainEndpoint };
      const running = output({ key, ...deps }).run(await jobOf(wanted), wanted, contextOf());
      const error = await failure(running);
      expect(error.state).toBe("dead");
      expect(error.message).toContain(text);
    }
    expect(validator.methods).toEqual([]);
  });

  test("an address that is none is dead at once", async () => {
    const { key } = await payer();
    const short = validator.programId.slice(0, 40);
    for (const change of [{ programId: short }, { stateAccount: short }]) {
      const of = config(change);
      const error = await failure(output({ key }).run(await jobOf(of), of, contextOf()));
      expect([error.state, error.message]).toEqual(["dead", `${short} is no address on Solana`]);
    }
  });

  test("the payer's own account is given to no program", async () => {
    const { key, address } = await payer();
    const before = validator.balance(address);
    const of = config({ stateAccount: address });
    const error = await failure(output({ key }).run(await jobOf(of), of, contextOf()));
    expect([error.state, error.message]).toEqual([
      "dead",
      `${address} is this node's own; name another account`,
    ]);
    expect(validator.balance(address)).toBe(before);
  });

  test("an RPC of another cluster than configured is not believed", async () => {
    const { key } = await payer();
    const of = config({ chainEndpoint: "https://api.devnet.solana.com" });
    const clusters = [{ name: "devnet", endpoint: validator.url }];
    const error = await failure(output({ key, clusters }).run(await jobOf(of), of, contextOf()));
    expect([error.state, error.message]).toEqual([
      "retry",
      "the RPC configured for devnet is of another cluster; correct SOLANA_ENDPOINTS",
    ]);
    expect(Object.values(publicClusters)).not.toContain(validator.genesisHash as never);
    expect(validator.state(of.stateAccount).calls).toBe(0);
  });

  test("a project costs no more than its day's limit", async () => {
    const { key } = await payer();
    const of = config();
    const solana = output({ key, settings: { maxLamportsPerDay: 12_000n } });
    for (let i = 0; i < 2; i++) await solana.run(await jobOf(of), of, contextOf());
    const error = await failure(solana.run(await jobOf(of), of, contextOf()));
    expect([error.state, error.message]).toEqual([
      "retry",
      "project 1 has used up its lamports for today (12000, SOLANA_LIMIT_PER_DAY)",
    ]);
    const other = await jobOf(of, { projectId: 2n });
    expect((await solana.run(other, of, contextOf())).state).toBe("confirmed");
  });
});

describe("refusals", () => {
  test("the program's error and logs are shown, and nothing is sent", async () => {
    const { key, address } = await payer();
    const of = config({ stateAccount: validator.stateAccount(32) });
    const before = validator.balance(address);
    const error = await failure(
      output({ key }).run(await jobOf(of, { proof: proof() }), of, {
        ...contextOf(),
      }),
    );
    expect(error.state).toBe("dead");
    expect(error.message).toBe(
      `the program refuses it: custom program error 0x4 (Program ${of.programId} failed: custom ` +
        `program error: 0x4)`,
    );
    expect(validator.balance(address)).toBe(before);
  });

  test("what fails on the chain is dead, and can be tried again by hand", async () => {
    const { key } = await payer();
    const of = config();
    const job = await jobOf(of);
    const solana = output({ key });
    // By the time it is included, somebody has made the account too small.
    validator.fault = (method) => {
      if (method === "sendTransaction") validator.resize(of.stateAccount, 1);
      return undefined;
    };
    const context = contextOf();
    const error = await failure(solana.run(job, of, context));
    expect(error.state).toBe("dead");
    expect(error.message).toContain(
      `the transaction ${context.told[0]?.[0]} failed: custom program`,
    );
    validator.fault = undefined;
    validator.resize(of.stateAccount, 1_300);
    expect((await solana.run(job, of, contextOf())).state).toBe("confirmed");
    expect(validator.state(of.stateAccount).calls).toBe(1);
  });

  test("out of funds is told with the address, and goes on when there are some", async () => {
    const { key, address } = await payer(0n);
    const of = config();
    const job = await jobOf(of);
    const solana = output({ key });
    const error = await failure(solana.run(job, of, contextOf()));
    expect(error.state).toBe("retry");
    expect(error.message).toContain(
      `out of funds: send ${address} on ${validator.genesisHash} some`,
    );
    validator.fund(address);
    expect((await solana.run(job, of, contextOf())).state).toBe("confirmed");
  });

  test("nothing is signed under a grant that has ended", async () => {
    const { key } = await payer();
    const of = config();
    const intents = memoryIntents();
    const job = { ...await jobOf(of), live: () => false };
    expect((await failure(output({ key, intents }).run(job, of, contextOf()))).state).toBe("retry");
    expect(await intents.get(`${job.taskId}/0`)).toBeUndefined();
  });
});

test("a fork that loses takes its transaction with it, which is sent again", async () => {
  const { key } = await payer();
  const of = config();
  const job = await jobOf(of);
  const context = contextOf();
  validator.slotsPerLook = 2;
  let seen = 0;
  validator.fault = (method) => {
    const isOpen = method === "getSignatureStatuses" && validator.landed() > 0 &&
      validator.state(of.stateAccount).calls > 0;
    if (isOpen && ++seen === 4) validator.forkAway();
    return undefined;
  };
  const outcome = await output({ key }).run(job, of, context);
  expect(context.told).toEqual([
    [outcome.reference, ""],
    [outcome.reference, "left the chain with its fork, sent again"],
  ]);
  expect(validator.state(of.stateAccount)).toEqual({ calls: 1, proof: job.receipt.proof });
});

describe("a restart", () => {
  /** Stops the node at a request, as it is sent or after it was answered. */
  const steps = [
    "getGenesisHash",
    "simulateTransaction",
    "getLatestBlockhash",
    "sendTransaction",
    "getEpochInfo",
    "getSignatureStatuses",
  ];
  test.each(steps)("at %s gives exactly one transaction", async (step) => {
    for (const isAnswered of [false, true]) {
      for (const isExpired of [false, true]) {
        const { key } = await payer();
        const of = config();
        const job = await jobOf(of);
        const intents = memoryIntents();
        const stop = new AbortController();
        validator.slotsPerLook = 1;
        validator.fault = (method) => {
          if (method !== step) return undefined;
          if (isAnswered) setTimeout(() => stop.abort(new Error("stopped")), 0);
          else stop.abort(new Error("stopped"));
          return isAnswered ? undefined : new Response("", { status: 503 });
        };
        const context = { ...contextOf(), signal: stop.signal };
        await output({ key, intents }).run(job, of, context).catch(() => undefined);
        expect(stop.signal.aborted).toBe(true);
        validator.fault = undefined;
        validator.slotsPerLook = 40;
        // The node was away for longer than its blockhash is good.
        if (isExpired) validator.slot += 500;
        const outcome = await output({ key, intents }).run(job, of, contextOf());
        expect(outcome.state).toBe("confirmed");
        expect(validator.state(of.stateAccount)).toEqual({ calls: 1, proof: job.receipt.proof });
      }
    }
  });

  test.each<[string, (intents: Intents) => Intents]>([
    ["before what was signed is kept", (intents) => ({
      ...intents,
      save: () => Promise.reject(new Error("killed")),
    })],
    ["after it is kept, before it is sent", (intents) => ({
      ...intents,
      save: async (...args) => (await intents.save(...args), Promise.reject(new Error("killed"))),
    })],
  ])("%s gives exactly one transaction", async (_, dying) => {
    const { key } = await payer();
    const of = config();
    const job = await jobOf(of);
    const intents = memoryIntents();
    const first = output({ key, intents: dying(intents) }).run(job, of, contextOf());
    await expect(first).rejects.toThrow("killed");
    expect(validator.state(of.stateAccount).calls).toBe(0);
    await output({ key, intents }).run(job, of, contextOf());
    expect(validator.state(of.stateAccount).calls).toBe(1);
  });
});
