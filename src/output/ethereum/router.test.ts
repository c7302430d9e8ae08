import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Address, type Hex, type LocalAccount, type PublicClient, zeroAddress } from "viem";
import { anvilAccount } from "../../chain/anvil.ts";
import { routerAbi } from "../../chain/abi/router.ts";
import { connectChain } from "../../chain/clients.ts";
import { deployCore, type Deployment } from "../../chain/deploy.ts";
import { createProject, registerZNode, removeRoute, setRoute } from "../../chain/registrars.ts";
import type { Journal } from "../../da/da.ts";
import { OutputError } from "../output.ts";
import { testContracts } from "../testing/contracts.ts";
import { contextOf, counted, jobOf, type JobOptions, programId } from "../testing/jobs.ts";
import { memoryJournal } from "../testing/journal.ts";
import {
  freshAccount,
  hasty,
  mortal,
  quiet,
  startWorld,
  until,
  type World,
} from "../testing/world.ts";
import { ethereumOutputs } from "./index.ts";
import type { ChainSettings } from "./settings.ts";
import type { TransactionSigner } from "./sender.ts";

setDefaultTimeout(300_000);

const config = { type: "ethereumContract", mode: "router" } as const;
const owner = anvilAccount(0);
const operator = anvilAccount(1);
const prover = anvilAccount(2);

let world: World;
let contracts: Deployment;
let projectId: bigint;
let verifier: Address;
let receiver: Address;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  world = await startWorld();
  const chain = await connectChain(world.url);
  const sender = chain.sender(owner);
  contracts = await deployCore(sender, { minStake: 1n });
  verifier = await world.deploy(testContracts().Believer);
  receiver = await world.deploy(testContracts().Receiver);
  const registrar = contracts.projectRegistrar;
  const project = { uri: "http://example.org/project", hash: `0x${"1".repeat(64)}` as Hex };
  ({ projectId } = await createProject(chain.sender(operator), registrar, project));
  await registerZNode(sender, contracts.znodeRegistrar, {
    did: "did:example:1",
    operators: [prover.address],
    amount: 1n,
  });
  await route(true);
});
afterAll(async () => {
  await Promise.all(closers.map((close) => close()));
  await world?.stop();
});

async function route(exists: boolean): Promise<void> {
  const sender = (await connectChain(world.url)).sender(operator);
  const key = { projectId, programId };
  if (!exists) await removeRoute(sender, contracts.router, key);
  else {
    await setRoute(sender, contracts.router, { ...key, verifier, receiver, allowUnbound: true });
  }
}

async function set(contract: "Believer" | "Receiver", value: boolean): Promise<void> {
  const address = contract === "Believer" ? verifier : receiver;
  const { abi } = testContracts()[contract];
  const args = [value];
  await world.mined(
    world.wallet.writeContract({ chain: null, address, abi, functionName: "set", args }),
  );
}

const results = () =>
  world.client.readContract({
    address: receiver,
    abi: testContracts().Receiver.abi,
    functionName: "results",
  }) as Promise<bigint>;

/** A znode with a gas key of its own. */
function znode(gas: TransactionSigner, options: {
  journal?: Journal;
  client?: PublicClient;
  settings?: Partial<ChainSettings>;
} = {}) {
  const outputs = ethereumOutputs({
    journal: options.journal ?? memoryJournal(),
    chains: [{ chainId: 31337n, client: options.client ?? world.client, endpoint: world.url }],
    routers: new Map([[31337n, contracts.router]]),
    keys: { operator: undefined, gas },
    policy: {
      canOperate: () => Promise.resolve(false),
      isOwn: () => Promise.resolve(false),
      allow: [],
      protected: [contracts.router],
    },
    settings: () => ({ ...hasty, ...options.settings }),
    log: quiet,
  });
  closers.push(() => outputs.close());
  return outputs;
}

const routed = (options: JobOptions = {}) =>
  jobOf(config, {
    projectId,
    router: contracts.router,
    prover: prover.address,
    operator,
    ...options,
  });

const isAccepted = (taskId: Hex) =>
  world.client.readContract({
    address: contracts.router,
    abi: routerAbi,
    functionName: "accepted",
    args: [taskId],
  });

describe("the router output", () => {
  test("submits once, also when it is asked again", async () => {
    const before = await results();
    const gas = counted(await freshAccount(world));
    const node = znode(gas);
    const job = await routed();
    const context = contextOf();
    const outcome = await node.run(job, config, context);
    expect(outcome).toEqual({
      state: "confirmed",
      reference: context.told[0]?.[0] ?? "",
      comment: "",
    });
    expect(await isAccepted(job.taskId)).toBe(true);
    expect((await node.run(job, config, contextOf())).reference).toBe(outcome.reference);
    expect(gas.signed).toBe(1);
    expect(await results()).toBe(before + 1n);
  });

  test("submits again what left the chain after it was final, through the gap of nonces", async () => {
    const gas = counted(await freshAccount(world));
    const node = znode(gas, { settings: { orphanMs: 100 } });
    const jobs = [await routed(), await routed()];
    for (const job of jobs) await node.run(job, config, contextOf());
    const [kept, lost] = jobs as [typeof jobs[0], typeof jobs[0]];
    await world.client.request({ method: "anvil_reorg", params: [1, []] } as never);
    expect(await isAccepted(lost.taskId)).toBe(false);
    const { state, reference } = await node.run(lost, config, contextOf());
    expect(state).toBe("confirmed");
    expect(await isAccepted(lost.taskId)).toBe(true);
    expect((await world.client.getTransactionReceipt({ hash: reference as Hex })).status)
      .toBe("success");
    const again = await node.run(kept, config, contextOf());
    expect((await world.client.getTransactionReceipt({ hash: again.reference as Hex })).status)
      .toBe("success");
  });

  test("a second znode sends nothing, and names the first one's transaction", async () => {
    const job = await routed();
    const first = await znode(await freshAccount(world)).run(job, config, contextOf());
    const gas = counted(await freshAccount(world));
    const second = await znode(gas).run(job, config, contextOf());
    expect(second.state).toBe("confirmed");
    expect(second.reference).toBe(first.reference);
    expect(second.comment).toBe("the router had accepted the task before");
    expect(gas.signed).toBe(0);
  });

  test("sends nothing under a grant that ended while it looked at the chain", async () => {
    const gas = counted(await freshAccount(world));
    let asked = 0;
    const job = { ...await routed(), live: () => ++asked === 0 };
    const outcome = znode(gas).run(job, config, contextOf());
    await expect(outcome).rejects.toThrow("the grant ended before it was used");
    expect([asked, gas.signed]).toEqual([1, 0]);
    expect(await isAccepted(job.taskId)).toBe(false);
    const { address } = gas;
    expect(await world.client.getTransactionCount({ address, blockTag: "pending" })).toBe(0);
  });

  test("what was begun under a grant is followed to its end", async () => {
    let live = true;
    const gas = counted(await freshAccount(world));
    const node = znode({
      address: gas.address,
      signTransaction: (transaction) => {
        live = false;
        return gas.signTransaction(transaction);
      },
    });
    const job = { ...await routed(), live: () => live };
    const outcome = await node.run(job, config, contextOf());
    expect([outcome.state, live]).toEqual(["confirmed", false]);
    expect((await node.run(job, config, contextOf())).reference).toBe(outcome.reference);
    expect(gas.signed).toBe(1);
  });

  test("says whom the router credited when it is somebody else", async () => {
    const job = await routed();
    await znode(await freshAccount(world)).run(job, config, contextOf());
    const other = { ...job, prover: owner.address };
    const outcome = await znode(await freshAccount(world)).run(other, config, contextOf());
    expect(outcome.comment).toEndWith(`the credit went to ${prover.address}`);
  });

  test("of two znodes in one block one wins, and both confirm its transaction", async () => {
    const before = await results();
    const job = await routed();
    await world.control.setAutomine(false);
    try {
      const running = await Promise.all([1, 2].map(async () => {
        const context = contextOf();
        const done = znode(await freshAccount(world)).run(job, config, context);
        await until(() => context.told.length > 0, "it is sent");
        return { done, context };
      }));
      await world.control.mine({ blocks: 1 });
      const outcomes = await Promise.all(running.map(({ done }) => done));
      expect(outcomes.map(({ state }) => state)).toEqual(["confirmed", "confirmed"]);
      expect(outcomes[0]?.reference).toBe(outcomes[1]?.reference as string);
      expect(running[0]?.context.told[0]).not.toEqual(running[1]?.context.told[0]);
      expect(await results()).toBe(before + 1n);
    } finally {
      await world.control.setAutomine(true);
    }
  });

  test("killed before it sent, and overtaken by another znode: it confirms without sending", async () => {
    const job = await routed();
    const account: LocalAccount = await freshAccount(world);
    const journal = memoryJournal();
    const doomed = mortal(world, account, journal, "reserve");
    const first = znode(doomed.signer, { journal: doomed.journal, client: doomed.client });
    first.run(job, config, contextOf()).catch(() => "lost");
    await doomed.death;
    await first.close();
    const winner = await znode(await freshAccount(world)).run(job, config, contextOf());
    const again = znode(account, { journal });
    await again.resume();
    const outcome = await again.run(job, config, contextOf());
    expect(outcome.state).toBe("confirmed");
    expect(outcome.reference).toBe(winner.reference);
    expect(await world.client.getTransactionCount({ address: account.address })).toBe(0);
  });

  test("believes another's acceptance only when it is deep enough", async () => {
    const job = await routed();
    await znode(await freshAccount(world)).run(job, config, contextOf());
    const slow = znode(await freshAccount(world), { settings: { confirmations: 3 } });
    let ended = false;
    const done = slow.run(job, config, contextOf()).finally(() => ended = true);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(ended).toBe(false);
    await world.control.mine({ blocks: 2 });
    expect((await done).state).toBe("confirmed");
  });

  test("names the router's reason, and the receiver's inside it", async () => {
    const gas = counted(await freshAccount(world));
    const node = znode(gas);
    const reasonOf = async (options: JobOptions = {}) => {
      const run = node.run(await routed(options), config, contextOf());
      const error = await run.then(() => "it was sent", (e: unknown) => e);
      expect(error).toBeInstanceOf(OutputError);
      expect((error as OutputError).state).toBe("dead");
      return (error as Error).message.replace("the router refuses the proof: ", "");
    };
    expect(await reasonOf({ operator: owner })).toBe(`NotOperator(${owner.address})`);
    expect(await reasonOf({ prover: owner.address })).toBe(`ProverNotEligible(${owner.address})`);
    await set("Believer", false);
    expect(await reasonOf()).toBe("InvalidProof()");
    await set("Believer", true);
    await set("Receiver", true);
    expect(await reasonOf()).toBe("ReceiverFailed(not today)");
    await set("Receiver", false);
    await route(false);
    expect(await reasonOf()).toBe(`NoRoute(${projectId}, ${programId})`);
    await route(true);
    expect(gas.signed).toBe(0);
  });

  test("refuses a job whose task is another one than it says", async () => {
    const job = await routed();
    const forged = { ...job, task: { ...job.task, nonce: job.task.nonce + 1000n } };
    await expect(znode(await freshAccount(world)).run(forged, config, contextOf()))
      .rejects.toThrow("not the one that its id names");
    const elsewhere = await routed({ router: zeroAddress });
    await expect(znode(await freshAccount(world)).run(elsewhere, config, contextOf()))
      .rejects.toThrow("not ours");
  });
});
