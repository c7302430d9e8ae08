import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Hex, parseEventLogs } from "viem";
import { routerAbi } from "../../chain/abi/router.ts";
import { contextOf } from "../testing/jobs.ts";
import { memoryJournal } from "../testing/journal.ts";
import { owner, prover, routed as config, startRouted } from "../testing/routed.ts";
import { freshAccount, mortal, type Step, until, type World } from "../testing/world.ts";
import type { OutputJob } from "../types.ts";

setDefaultTimeout(300_000);

let net: Awaited<ReturnType<typeof startRouted>>;
let world: World;

beforeAll(async () => {
  net = await startRouted();
  ({ world } = net);
});
afterAll(() => net?.stop());

const make = (count: number) => Promise.all(Array.from({ length: count }, () => net.job()));
const runAll = (node: ReturnType<typeof net.znode>, jobs: readonly OutputJob[]) =>
  Promise.all(jobs.map(async (job) => {
    const context = contextOf();
    const outcome = await node.run(job, config, context)
      .catch((error: Error) => ({ state: "failed", reference: "", comment: error.message }));
    return { ...outcome, told: context.told };
  }));
const sentBy = (account: { readonly address: Hex }) =>
  world.client.getTransactionCount({ address: account.address });
const receiptOf = (hash: string) => world.client.getTransactionReceipt({ hash: hash as Hex });

describe("tasks of a project that wait at the same time", () => {
  test("go to the router together, each accepted once and credited to its prover", async () => {
    const before = await net.results();
    const account = await freshAccount(world);
    const jobs = await make(40);
    const outcomes = await runAll(net.znode(account), jobs);
    expect(outcomes.map(({ state }) => state)).toEqual(jobs.map(() => "confirmed"));
    expect(await net.results()).toBe(before + 40n);
    // The first goes alone, and most of the others in few transactions.
    expect(await sentBy(account)).toBeLessThan(10);
    const together = Map.groupBy(outcomes, ({ reference }) => reference);
    const [[most = "", members = []] = []] = [...together]
      .sort(([, a], [, b]) => b.length - a.length);
    const batch = await receiptOf(most);
    const accepted = parseEventLogs({ abi: routerAbi, eventName: "Accepted", logs: batch.logs });
    expect(accepted.length).toBe(members.length);
    expect(members.length).toBeWithin(5, 33);
    for (const { args } of accepted) expect(args.prover).toBe(prover.address);
    for (const { told, reference } of outcomes) expect(told).toEqual([[reference, ""]]);
    const single = [...together].find(([, { length }]) => length === 1)?.[0] ?? "";
    const alone = Number((await receiptOf(single)).gasUsed);
    expect(Number(batch.gasUsed) / members.length).toBeLessThan(0.9 * alone);
  });

  test("of different projects, or one by one, are not mixed", async () => {
    const account = await freshAccount(world);
    const jobs = await make(4);
    const node = net.znode(account, { settings: { maxBatch: 1 } });
    const outcomes = await runAll(node, jobs);
    expect(new Set(outcomes.map(({ reference }) => reference)).size).toBe(4);
    expect(await sentBy(account)).toBe(4);
  });

  test("that would be refused fail alone, with their reason", async () => {
    const account = await freshAccount(world);
    const [first, ...others] = await make(6);
    const bad = [await net.job({ operator: owner }), await net.job({ prover: owner.address })];
    const jobs = [first!, others[0]!, bad[0]!, ...others.slice(1), bad[1]!];
    const outcomes = await runAll(net.znode(account), jobs);
    expect(outcomes.map(({ state }) => state)).toEqual(
      jobs.map((job) => bad.includes(job) ? "failed" : "confirmed"),
    );
    expect(outcomes[2]?.comment).toContain(`NotOperator(${owner.address})`);
    expect(outcomes.at(-1)?.comment).toContain(`ProverNotEligible(${owner.address})`);
  });

  test("of which another znode was first with one, and a grant ended: the others land", async () => {
    const account = await freshAccount(world);
    const jobs = await make(5);
    let live = true;
    jobs[4] = { ...jobs[4]!, live: () => live };
    await world.control.setAutomine(false);
    try {
      const rival = net.znode(await freshAccount(world));
      const told = contextOf();
      const theirs = rival.run(jobs[2]!, config, told);
      await until(() => told.told.length > 0, "the rival's is sent");
      const contexts = jobs.map(() => contextOf());
      const node = net.znode(account);
      const running = jobs.map((job, i) =>
        node.run(job, config, contexts[i]!).catch((error: Error) => error.message)
      );
      live = false;
      await until(
        () => contexts.filter((c) => c.told.length > 0).length === 4,
        "the batch is sent",
      );
      await world.control.mine({ blocks: 1 });
      const outcomes = await Promise.all(running);
      expect(outcomes[4]).toBe("the grant ended before it was used");
      const references = outcomes.slice(0, 4).map((o) => typeof o === "string" ? o : o.reference);
      expect(references[2]).toBe((await theirs).reference);
      for (const job of jobs.slice(0, 4)) expect(await net.isAccepted(job.taskId)).toBe(true);
    } finally {
      await world.control.setAutomine(true);
    }
  });

  test("are sent again together when a reorganisation drops them", async () => {
    const account = await freshAccount(world);
    const jobs = await make(4);
    const contexts = jobs.map(() => contextOf());
    const node = net.znode(account, { settings: { confirmations: 3 } });
    const running = jobs.map((job, i) => node.run(job, config, contexts[i]!));
    await until(async () => await net.isAccepted(jobs[3]!.taskId), "the batch is in a block");
    await until(() => contexts.every((c) => c.told.length > 0), "all are told");
    await world.client.request({ method: "anvil_reorg", params: [2, []] } as never);
    await until(async () => {
      await world.control.mine({ blocks: 1 });
      const accepted = await Promise.all(jobs.map(({ taskId }) => net.isAccepted(taskId)));
      return accepted.every(Boolean);
    }, "they are back");
    await world.control.mine({ blocks: 3 });
    for (const { state } of await Promise.all(running)) expect(state).toBe("confirmed");
  });

  const steps: Step[] = ["reserve", "sign", "record", "send", "spent", "end"];
  for (const step of steps) {
    test(`killed after "${step}" and started again: each is accepted once`, async () => {
      const before = await net.results();
      const account = await freshAccount(world);
      const journal = memoryJournal();
      const jobs = await make(6);
      const batches = () => [...journal.entries.keys()].filter((key) => key.startsWith("batch/"));
      const doomed = mortal(world, account, journal, step, () => batches().length > 0);
      const first = net.znode(doomed.signer, { journal: doomed.journal, client: doomed.client });
      const lost = runAll(first, jobs);
      await doomed.death;
      await first.close?.();
      await lost;

      const second = net.znode(account, { journal });
      await second.resume?.();
      const outcomes = await runAll(second, jobs);
      expect(outcomes.map(({ state }) => state)).toEqual(jobs.map(() => "confirmed"));
      expect(await net.results()).toBe(before + 6n);
      const sent = [...journal.entries.values()].map(({ state }) => state);
      expect(sent).toEqual(sent.map(() => "confirmed"));
      expect(await sentBy(account)).toBe(sent.length);
    });
  }
});
