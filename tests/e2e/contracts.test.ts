/** From a posted message to what a contract has of it; an output that ended dead is tried again. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { type AbiFunction, type Address, type Hex, toFunctionSelector } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { type Anvil, anvilAccount, anvilKey, startAnvil } from "../../src/chain/anvil.ts";
import { connectChain } from "../../src/chain/clients.ts";
import { deployContract } from "../../src/chain/deploy_contract.ts";
import { EnodeClient } from "../../src/client.ts";
import { deadOutputsSchema } from "../../src/ingest/schema.ts";
import { testContracts } from "../../src/output/testing/contracts.ts";
import { retryText } from "../../src/protocol/retry.ts";
import { startNetwork, type TestNetwork } from "./chain.ts";
import { workspace } from "./files.ts";
import { type NodeProcess, post, reaches, startNode, until } from "./node.ts";
import { ws } from "./ws.ts";

const place = workspace();
const { Target, Mirror } = testContracts();
const token = "a token of sixteen characters".replaceAll(" ", "-");
let network: TestNetwork, node: NodeProcess, target: Address, projectId: number;
let env: Record<string, string>;
let away: Anvil, mirror: Address;

beforeAll(async () => {
  // The first contract on the chain, so that its address is known to the project's file.
  const ethereum = {
    ...{ chainId: 31337, contractMethod: "take" },
    contractAbiJSON: JSON.stringify(Target.abi),
  };
  away = await startAnvil({ chainId: 31338 });
  const other = (await connectChain(away.url)).sender(anvilAccount(0));
  const args = [anvilAccount(2).address];
  ({ address: mirror } = await deployContract(other, "Mirror", { ...Mirror, args }, {}));
  const light = {
    ...{ light: true, chainId: 31338, contractAddress: mirror, contractMethod: "mirror" },
    contractAbiJSON: JSON.stringify(Mirror.abi),
  };
  const type = "ethereumContract";
  const output = [{ type, ethereum }, { type }, { type, ethereum: light }];
  network = await startNetwork(
    join(place.directory, "data"),
    { count: 1 },
    { output },
    async (chain) => {
      const deployer = chain.sender(anvilAccount(0));
      ({ address: target } = await deployContract(deployer, "Target", Target, {}));
      Object.assign(ethereum, { contractAddress: target });
      return {};
    },
  );
  projectId = Number(network.project.projectId);
  const take = toFunctionSelector("take(uint256)");
  const told = Mirror.abi.find((item) => item.type === "function" && item.name === "mirror");
  const allowed = [
    `31337:${target}:${take}`,
    `31338:${mirror}:${toFunctionSelector(told as AbiFunction)}`,
  ];
  const more = {
    OUTPUT_ALLOW: allowed.join(),
    CHAIN_ENDPOINTS: `31338=${away.url}`,
    // Its key is anvil's to sign with.
    PROVER_SIGNER_ENDPOINT: `${anvilAccount(8).address}=${network.anvil.url}`,
  };
  env = { ...place.env, ...network.env, ...more };
  node = await startNode({ ...env, OPERATOR_TOKEN: token });
}, 300_000);
afterAll(async () => {
  await node?.kill();
  await network?.anvil.stop();
  await away?.stop();
  await place.remove();
});

const read = (functionName: string, ...args: unknown[]) =>
  network.chain.reader.readContract({ address: target, abi: Target.abi, functionName, args });
const close = async (value: boolean) => {
  const { wallet } = network.chain.sender(network.parties.deployer);
  await wallet.writeContract({
    ...{ address: target, abi: Target.abi, functionName: "close", args: [value] },
    ...{ chain: null, account: network.parties.deployer },
  });
  await until("the switch is set", async () => await read("closed") === value || undefined);
};
const retry = async (task: number, headers: Record<string, string>, body: object = {}) => {
  const answer = await fetch(`${node.url}/task/${projectId}/${task}/retry`, {
    ...{ method: "POST", headers, body: JSON.stringify(body) },
  });
  return [answer.status, JSON.stringify(await answer.json())] as const;
};
const dead = () => new EnodeClient(node.url).request(deadOutputsSchema, "dead_outputs");

test(
  "an original file's contract is called, the router takes it, another chain is told",
  async () => {
    const id = await post(node.url, projectId, '{"value":20,"id":7}');
    const { result } = await reaches(node.url, id, "outputted");
    const hashes = result.split(", ");
    expect(hashes.map((hash) => hash.length)).toEqual([66, 66, 66]);
    expect(await read("seen", 7n)).toBe(1n);
    const submitted = network.chain.reader.getTransaction({ hash: hashes[1] as Hex });
    expect((await submitted).from).toBe(anvilAccount(8).address.toLowerCase() as Hex);
    const { reader } = await connectChain(away.url);
    const told = { address: mirror, abi: Mirror.abi, functionName: "last" };
    const last = await reader.readContract(told) as string;
    // The router's transaction, and its chain's id.
    expect(last).toContain(hashes[1]?.slice(2) as string);
    expect(last).toContain("7a69".padStart(64, "0"));
  },
  300_000,
);

test("a dead output waits with its reason until a person has it tried again", async () => {
  await close(true);
  const id = await post(node.url, projectId, '{"value":21,"id":8}');
  expect((await reaches(node.url, id, "failed")).comment).toContain("Closed(8)");
  const [letter] = (await dead()).outputs;
  expect(letter).toMatchObject({ projectID: `${projectId}`, taskID: "2", output: 0, attempt: 1 });
  expect(letter?.reason).toContain("Closed(8)");
  expect(await (await fetch(`${node.url}/metrics`)).text()).toContain("w3bstream_outputs_dead 1");

  const bearer = { authorization: `Bearer ${token}` };
  expect((await retry(2, {}))[0]).toBe(401);
  expect((await retry(2, { authorization: `Bearer ${token}x` }))[0]).toBe(401);
  expect((await retry(9, bearer))[0]).toBe(404);
  expect((await retry(1, bearer))[0]).toBe(409);
  expect((await retry(2, bearer, { output: 3 }))[1]).toContain("it has no output 3");
  expect(await retry(2, bearer)).toEqual([200, expect.stringContaining('"retried":[0]')]);
  await until(
    "it is dead again",
    async () => (await dead()).outputs[0]?.attempt === 2 || undefined,
  );

  await close(false);
  await node.kill();
  node = await startNode(env);
  expect((await retry(2, bearer))[1]).toContain("has no OPERATOR_TOKEN");
  const operator = privateKeyToAccount(network.env.OPERATOR_PRIVATE_KEY as Hex);
  /** A request signed for one thing, which may ask for another. */
  const signed = async (age: number, body: object = {}, taskId = letter?.taskHash) => {
    const time = Math.floor(Date.now() / 1000) - age;
    const message = retryText({ taskId: taskId as Hex, output: undefined, time });
    return await retry(2, {}, {
      time,
      signature: await operator.signMessage({ message }),
      ...body,
    });
  };
  const another = `0x${"11".repeat(32)}`;
  expect(await signed(400)).toEqual([401, expect.stringContaining("sign again")]);
  expect(await signed(-400)).toEqual([401, expect.stringContaining("sign again")]);
  expect(await signed(0, { output: 0 })).toEqual([403, expect.stringContaining("may not operate")]);
  expect((await signed(0, {}, another))[0]).toBe(403);
  expect((await signed(0, { time: undefined }))[0]).toBe(401);
  const run = (...args: string[]) => {
    const key = {
      ENODE_ENDPOINT: node.url,
      OPERATOR_PRIVATE_KEY: network.env.OPERATOR_PRIVATE_KEY,
    };
    return ws(["task", ...args], key as Record<string, string>);
  };
  expect((await run("dead")).out).toContain(`${projectId}/2  output 0`);
  const stranger = await ws(["task", "retry", `${projectId}`, "2"], {
    ...{ ENODE_ENDPOINT: node.url, OPERATOR_PRIVATE_KEY: anvilKey(9) },
  });
  expect(stranger.err).toContain(`may not operate project ${projectId}`);
  const { out, err } = await run("retry", `${projectId}`, "2", "--output", "0");
  expect(out + err).toContain("tried again: output 0");
  await reaches(node.url, id, "outputted");
  expect(await read("seen", 8n)).toBe(1n);
  expect((await run("retry", `${projectId}`, "2")).err).toContain("409: the task can't be retried");
  expect((await run("dead")).out).toBe("none\n");
}, 300_000);
