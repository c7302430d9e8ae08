import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Hex, type LocalAccount, zeroAddress } from "viem";
import { OutputError } from "../output.ts";
import { contextOf, counted, type JobOptions, programId } from "../testing/jobs.ts";
import { memoryJournal } from "../testing/journal.ts";
import { owner, prover, routed as config, startRouted } from "../testing/routed.ts";
import { freshAccount, mortal, until, type World } from "../testing/world.ts";

setDefaultTimeout(300_000);

let net: Awaited<ReturnType<typeof startRouted>>;
let world: World;

beforeAll(async () => {
  net = await startRouted();
  ({ world } = net);
});
afterAll(() => net?.stop());

describe("the router output", () => {
  test("submits once, also when it is asked again", async () => {
    const before = await net.results();
    const gas = counted(await freshAccount(world));
    const node = net.znode(gas);
    const job = await net.job();
    const context = contextOf();
    const outcome = await node.run(job, config, context);
    expect(outcome).toEqual({
      state: "confirmed",
      reference: context.told[0]?.[0] ?? "",
      comment: "",
    });
    expect(await net.isAccepted(job.taskId)).toBe(true);
    expect((await node.run(job, config, contextOf())).reference).toBe(outcome.reference);
    expect(gas.signed).toBe(1);
    expect(await net.results()).toBe(before + 1n);
  });

  test("submits again what left the chain after it was final, through the gap of nonces", async () => {
    const gas = counted(await freshAccount(world));
    const node = net.znode(gas, { settings: { orphanMs: 100 } });
    const jobs = [await net.job(), await net.job()];
    for (const job of jobs) await node.run(job, config, contextOf());
    const [kept, lost] = jobs as [typeof jobs[0], typeof jobs[0]];
    await world.client.request({ method: "anvil_reorg", params: [1, []] } as never);
    expect(await net.isAccepted(lost.taskId)).toBe(false);
    const { state, reference } = await node.run(lost, config, contextOf());
    expect(state).toBe("confirmed");
    expect(await net.isAccepted(lost.taskId)).toBe(true);
    expect((await world.client.getTransactionReceipt({ hash: reference as Hex })).status)
      .toBe("success");
    const again = await node.run(kept, config, contextOf());
    expect((await world.client.getTransactionReceipt({ hash: again.reference as Hex })).status)
      .toBe("success");
  });

  test("a second znode sends nothing, and names the first one's transaction", async () => {
    const job = await net.job();
    const first = await net.znode(await freshAccount(world)).run(job, config, contextOf());
    const gas = counted(await freshAccount(world));
    const second = await net.znode(gas).run(job, config, contextOf());
    expect(second.state).toBe("confirmed");
    expect(second.reference).toBe(first.reference);
    expect(second.comment).toBe("the router had accepted the task before");
    expect(gas.signed).toBe(0);
  });

  test("sends nothing under a grant that ended while it looked at the chain", async () => {
    const gas = counted(await freshAccount(world));
    let asked = 0;
    const job = { ...await net.job(), live: () => ++asked === 0 };
    const outcome = net.znode(gas).run(job, config, contextOf());
    await expect(outcome).rejects.toThrow("the grant ended before it was used");
    expect([asked, gas.signed]).toEqual([1, 0]);
    expect(await net.isAccepted(job.taskId)).toBe(false);
    const { address } = gas;
    expect(await world.client.getTransactionCount({ address, blockTag: "pending" })).toBe(0);
  });

  test("what was begun under a grant is followed to its end", async () => {
    let live = true;
    const gas = counted(await freshAccount(world));
    const node = net.znode({
      address: gas.address,
      signTransaction: (transaction) => {
        live = false;
        return gas.signTransaction(transaction);
      },
    });
    const job = { ...await net.job(), live: () => live };
    const outcome = await node.run(job, config, contextOf());
    expect([outcome.state, live]).toEqual(["confirmed", false]);
    expect((await node.run(job, config, contextOf())).reference).toBe(outcome.reference);
    expect(gas.signed).toBe(1);
  });

  test("says whom the router credited when it is somebody else", async () => {
    const job = await net.job();
    await net.znode(await freshAccount(world)).run(job, config, contextOf());
    const other = { ...job, prover: owner.address };
    const outcome = await net.znode(await freshAccount(world)).run(other, config, contextOf());
    expect(outcome.comment).toEndWith(`the credit went to ${prover.address}`);
  });

  test("of two znodes in one block one wins, and both confirm its transaction", async () => {
    const before = await net.results();
    const job = await net.job();
    await world.control.setAutomine(false);
    try {
      const running = await Promise.all([1, 2].map(async () => {
        const context = contextOf();
        const done = net.znode(await freshAccount(world)).run(job, config, context);
        await until(() => context.told.length > 0, "it is sent");
        return { done, context };
      }));
      await world.control.mine({ blocks: 1 });
      const outcomes = await Promise.all(running.map(({ done }) => done));
      expect(outcomes.map(({ state }) => state)).toEqual(["confirmed", "confirmed"]);
      expect(outcomes[0]?.reference).toBe(outcomes[1]?.reference as string);
      expect(running[0]?.context.told[0]).not.toEqual(running[1]?.context.told[0]);
      expect(await net.results()).toBe(before + 1n);
    } finally {
      await world.control.setAutomine(true);
    }
  });

  test("killed before it sent, and overtaken by another znode: it confirms without sending", async () => {
    const job = await net.job();
    const account: LocalAccount = await freshAccount(world);
    const journal = memoryJournal();
    const doomed = mortal(world, account, journal, "reserve");
    const first = net.znode(doomed.signer, { journal: doomed.journal, client: doomed.client });
    first.run(job, config, contextOf()).catch(() => "lost");
    await doomed.death;
    await first.close();
    const winner = await net.znode(await freshAccount(world)).run(job, config, contextOf());
    const again = net.znode(account, { journal });
    await again.resume();
    const outcome = await again.run(job, config, contextOf());
    expect(outcome.state).toBe("confirmed");
    expect(outcome.reference).toBe(winner.reference);
    expect(await world.client.getTransactionCount({ address: account.address })).toBe(0);
  });

  test("believes another's acceptance only when it is deep enough", async () => {
    const job = await net.job();
    await net.znode(await freshAccount(world)).run(job, config, contextOf());
    const slow = net.znode(await freshAccount(world), { settings: { confirmations: 3 } });
    let ended = false;
    const done = slow.run(job, config, contextOf()).finally(() => ended = true);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(ended).toBe(false);
    await world.control.mine({ blocks: 2 });
    expect((await done).state).toBe("confirmed");
  });

  test("names the router's reason, and the receiver's inside it", async () => {
    const gas = counted(await freshAccount(world));
    const node = net.znode(gas);
    const reasonOf = async (options: JobOptions = {}) => {
      const run = node.run(await net.job(options), config, contextOf());
      const error = await run.then(() => "it was sent", (e: unknown) => e);
      expect(error).toBeInstanceOf(OutputError);
      expect((error as OutputError).state).toBe("dead");
      return (error as Error).message.replace("the router refuses the proof: ", "");
    };
    expect(await reasonOf({ operator: owner })).toBe(`NotOperator(${owner.address})`);
    expect(await reasonOf({ prover: owner.address })).toBe(`ProverNotEligible(${owner.address})`);
    await net.set("Believer", false);
    expect(await reasonOf()).toBe("InvalidProof()");
    await net.set("Believer", true);
    await net.set("Receiver", true);
    expect(await reasonOf()).toBe("ReceiverFailed(not today)");
    await net.set("Receiver", false);
    await net.route(false);
    expect(await reasonOf()).toBe(`NoRoute(${net.projectId}, ${programId})`);
    await net.route(true);
    expect(gas.signed).toBe(0);
  });

  test("refuses a job whose task is another one than it says", async () => {
    const job = await net.job();
    const forged = { ...job, task: { ...job.task, nonce: job.task.nonce + 1000n } };
    await expect(net.znode(await freshAccount(world)).run(forged, config, contextOf()))
      .rejects.toThrow("not the one that its id names");
    const elsewhere = await net.job({ router: zeroAddress });
    await expect(net.znode(await freshAccount(world)).run(elsewhere, config, contextOf()))
      .rejects.toThrow("not ours");
  });
});
