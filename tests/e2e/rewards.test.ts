/** Who proves is paid: what is deposited is escrowed before dispatch, paid on acceptance, or goes back. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Address } from "viem";
import { addOperator, createProject, setRoute } from "../../src/chain/registrars.ts";
import { deposit, depositOf, rewardOf, withdrawRewards } from "../../src/chain/rewards.ts";
import { encodeProject, openIpfs } from "../../src/project/index.ts";
import { startNetwork, type TestNetwork } from "./chain.ts";
import { weatherModule, workspace } from "./files.ts";
import { type NodeProcess, post, reaches, sleep, startNode, states, until } from "./node.ts";

const place = workspace();
const data = join(place.directory, "data");
const fee = 10n ** 12n;
const maxFee = 10n ** 16n;
const reward = { maxFee: `${maxFee}`, fee: `${fee}` };
let network: TestNetwork, pool: Address, node: NodeProcess;

const start = async (env: Record<string, string>) => {
  node = await startNode({ ...place.env, ...network.env, ...env });
};
const send = (value: number) =>
  until(
    "the project is served",
    () => post(node.url, 1, `{"value":${value}}`).catch(() => undefined),
  );
const reader = () => network.chain.reader;
const earned = () => rewardOf(reader(), pool, network.parties.prover.address);
const left = (projectId = 1n) => depositOf(reader(), pool, projectId);
const metric = async (pattern: RegExp) =>
  Number(pattern.exec(await (await fetch(`${node.url}/metrics`)).text())?.[1] ?? 0);
const owner = () => network.chain.sender(network.parties.projectOwner);

beforeAll(async () => {
  network = await startNetwork(data, { count: 1 }, { reward });
  pool = network.deployment.rewardPool as Address;
});
afterAll(async () => {
  await node?.kill();
  await network?.anvil.stop();
  await place.remove();
});

describe("rewards", () => {
  test("a task waits for its project's deposit, says so, and is paid when it is accepted", async () => {
    // An address that is none of a pool.
    const wrong = network.project.station;
    await start({ REWARD_POOL_ADDRESS: wrong });
    const id = await send(1);
    const problem = await until(
      "it says that nobody would be paid",
      async () => (await states(node.url, id)).find((s) => /REWARD_POOL_ADDRESS/.test(s.comment)),
    );
    expect(problem.comment).toContain(`is ${wrong}, but the router`);
    expect(problem.comment).toContain(`pays by ${pool}`);
    await node.kill();
    await start({ REWARD_POOL_ADDRESS: pool, MIN_TASK_FEE: `${fee}` });
    const comment = await until(
      "it says why it waits",
      async () => (await states(node.url, id)).find((s) => /waits for its fee/.test(s.comment)),
    );
    expect(comment.state).toBe("packed");
    expect(comment.comment).toContain("ws rewards deposit 1 <amount>");
    await deposit(owner(), pool, { projectId: 1n, amount: 10n * maxFee });
    await reaches(node.url, id, "outputted");
    expect(await earned()).toBeGreaterThan(fee);
    expect(await left() + await earned()).toBe(10n * maxFee);
    const project = '\\{project="1",result="escrowed"\\}';
    expect(await metric(new RegExp(`w3bstream_funding_total${project} (\\d+)`))).toBe(1);
  });

  test("a node that is killed while it funds tasks funds each once", async () => {
    const ids = await Promise.all(
      Array.from({ length: 4 }, (_, i) => send(i)),
    );
    await until("the tasks are packed", async () => {
      const all = await Promise.all(ids.map((id) => states(node.url, id)));
      return all.every((s) => s.length > 1) || undefined;
    });
    await node.kill();
    await start({ REWARD_POOL_ADDRESS: pool, MIN_TASK_FEE: `${fee}` });
    for (const id of ids) await reaches(node.url, id, "outputted");
    expect(await left() + await earned()).toBe(10n * maxFee);
    const before = await earned();
    const { amount } = await withdrawRewards(network.chain.sender(network.parties.prover), pool);
    expect(amount).toBe(before);
  });

  test("a znode that wants a fee refuses an unfunded task, and takes it when it may be unpaid", async () => {
    await node.kill();
    await start({ MIN_TASK_FEE: `${fee}` });
    const id = await send(5);
    const pattern = /w3bstream_refused_total\{kind="unpaid"\} (\d+)/;
    await until("the znode refuses", async () => await metric(pattern) > 0 || undefined);
    await sleep(3_000);
    expect((await states(node.url, id)).some((s) => s.state === "proved")).toBe(false);
    await node.kill();
    await start({ REWARD_POOL_ADDRESS: pool, REWARD_ESCROW_SECONDS: "60" });
    await reaches(node.url, id, "outputted");
    expect(await earned()).toBe(0n);
  });

  test("the fee of a task that failed goes back to its project", async () => {
    const { deployment, parties, project } = network;
    const config = await encodeProject({
      versions: [{
        version: "0.1",
        vmType: "halo2",
        code: await weatherModule(),
        packing: { count: 1 },
        reward,
        output: { type: "ethereumContract" },
      }],
    });
    const ipfs = openIpfs({ directory: join(data, "ipfs") });
    await ipfs.put(config.blocks);
    await ipfs.close();
    const { projectId } = await createProject(owner(), deployment.projectRegistrar, {
      uri: `ipfs://${config.root.cid}`,
      hash: config.hash,
    });
    const { address: operator } = parties.operator;
    await addOperator(owner(), deployment.projectRegistrar, { projectId, operator });
    // The dApp of project 1 takes nothing from another project.
    await setRoute(owner(), deployment.router, {
      projectId,
      programId: project.programId,
      verifier: project.verifier,
      receiver: project.station,
      allowUnbound: false,
    });
    await deposit(owner(), pool, { projectId, amount: maxFee });
    const id = await until(
      "the project is served",
      () => post(node.url, Number(projectId), '{"value":1}').catch(() => undefined),
    );
    expect((await reaches(node.url, id, "failed")).comment).toContain("ForeignProject");
    expect(await left(projectId)).toBe(0n);
    await until(
      "the fee is back",
      async () => await left(projectId) === maxFee || undefined,
      120_000,
    );
  });
});
