/** What a stranger's project file tries to make a node's keys sign (DESIGN R11). */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  type Abi,
  type Address,
  encodeFunctionData,
  type Hex,
  parseAbi,
  toFunctionSelector,
  zeroAddress,
} from "viem";
import { projectRegistrarAbi } from "../../chain/abi/projectRegistrar.ts";
import { routerAbi } from "../../chain/abi/router.ts";
import { znodeRegistrarAbi } from "../../chain/abi/znodeRegistrar.ts";
import { connectChain } from "../../chain/clients.ts";
import { deployCore, type Deployment } from "../../chain/deploy.ts";
import { addOperator, canOperate, createProject, registerZNode } from "../../chain/registrars.ts";
import type { EthereumOutput } from "../../project/types.ts";
import { OutputError } from "../output.ts";
import { testContracts } from "../testing/contracts.ts";
import { contextOf, counted, jobOf, type JobOptions } from "../testing/jobs.ts";
import { memoryJournal } from "../testing/journal.ts";
import { freshAccount, hasty, quiet, startWorld, type World } from "../testing/world.ts";
import { anvilAccount } from "../../chain/anvil.ts";
import { ethereumOutputs } from "./index.ts";
import { type AllowedCall, assertNotStakeOwner, type OutputChain } from "./policy.ts";
import type { TransactionSigner } from "./sender.ts";

setDefaultTimeout(300_000);

type Direct = Extract<EthereumOutput, { mode: "direct" }>;

let world: World;
let contracts: Deployment;
let token: Address;
let tokenAbi: Abi;
/** Operates the own project and, by its owner's doing, the stranger's; holds tokens. */
let operator: TransactionSigner & { signed: number };
let gas: TransactionSigner & { signed: number };
let own: bigint;
let strange: bigint;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  world = await startWorld();
  const chain = await connectChain(world.url);
  contracts = await deployCore(chain.sender(anvilAccount(0)), { minStake: 1n });
  const operatorAccount = await freshAccount(world);
  operator = counted(operatorAccount);
  gas = counted(await freshAccount(world));
  tokenAbi = testContracts().Token.abi;
  token = await world.deploy(testContracts().Token, [operator.address]);

  const config = { uri: "http://example.org/project", hash: `0x${"1".repeat(64)}` as Hex };
  const registrar = contracts.projectRegistrar;
  const ownProject = await createProject(chain.sender(operatorAccount), registrar, config);
  own = ownProject.projectId;
  const stranger = chain.sender(anvilAccount(5));
  strange = (await createProject(stranger, registrar, config)).projectId;
  await addOperator(stranger, registrar, { projectId: strange, operator: operator.address });
});
afterAll(async () => {
  await Promise.all(closers.map((close) => close()));
  await world?.stop();
});

function node(options: {
  allow?: AllowedCall[];
  keys?: { operator?: TransactionSigner; gas?: TransactionSigner };
  chains?: OutputChain[];
} = {}) {
  const outputs = ethereumOutputs({
    journal: memoryJournal(),
    chains: options.chains ??
      [{ chainId: 31337n, client: world.client, endpoint: "http://rpc.operator.example/key" }],
    routers: new Map([[31337n, contracts.router]]),
    keys: { operator: undefined, gas: undefined, ...options.keys ?? { operator, gas } },
    policy: {
      canOperate: (projectId, account) =>
        canOperate(world.client as never, contracts.projectRegistrar, {
          projectId,
          operator: account,
        }),
      isOwn: async (projectId, account) =>
        await world.client.readContract({
          address: contracts.projectRegistrar,
          abi: projectRegistrarAbi,
          functionName: "ownerOf",
          args: [projectId],
        }) === account,
      allow: options.allow ?? [],
      protected: [contracts.router, contracts.projectRegistrar, contracts.znodeRegistrar]
        .map((address) => ({ chainId: 31337n, address })),
    },
    settings: () => hasty,
    log: quiet,
  });
  closers.push(() => outputs.close());
  return outputs;
}

function file(contractAddress: Address, contractAbi: Abi, contractMethod: string): Direct {
  return {
    type: "ethereumContract",
    mode: "direct",
    chainEndpoint: "",
    contractAddress,
    contractMethod,
    contractAbi,
  };
}

/** Asks a node to output, expects that it refuses and that no key signed anything. */
async function refused(
  outputs: ReturnType<typeof node>,
  config: EthereumOutput,
  options: JobOptions = {},
): Promise<string> {
  const before = operator.signed + gas.signed;
  const job = await jobOf(config, { projectId: strange, ...options });
  const outcome = await outputs.run(job, config, contextOf()).catch((error: unknown) => {
    if (error instanceof OutputError) return { state: error.state, comment: error.message };
    throw error;
  });
  expect(outcome.state).toBe("dead");
  expect(operator.signed + gas.signed).toBe(before);
  return outcome.comment;
}

const thief = anvilAccount(9).address;
const storeAbi = parseAbi([
  "function store(bytes proof, uint256 projectId, address receiver, uint256 amount)",
]);

describe("an own project's file", () => {
  test("is signed with the operator's key, and called as it says", async () => {
    const config = { ...file(world.target, storeAbi, "store"), receiverAddress: thief };
    const job = await jobOf(config, { projectId: own, message: { amount: "0x10" } });
    const context = contextOf();
    const outcome = await node().run(job, config, context);
    expect(outcome.state).toBe("confirmed");
    expect(context.told.map(([hash]) => hash)).toEqual([outcome.reference]);
    const tx = await world.client.getTransaction({ hash: outcome.reference as Hex });
    expect(tx.from).toBe(operator.address.toLowerCase() as Hex);
    expect(tx.value).toBe(0n);
    expect(tx.input).toBe(encodeFunctionData({
      abi: storeAbi,
      functionName: "store",
      args: ["0xabcd", own, thief, 16n],
    }));
  });

  test("may not reach the network's own contracts either: it might touch other projects", async () => {
    const reached = [
      file(contracts.projectRegistrar, projectRegistrarAbi as Abi, "updateProject"),
      file(contracts.projectRegistrar, projectRegistrarAbi as Abi, "transferFrom"),
      file(contracts.znodeRegistrar, znodeRegistrarAbi as Abi, "unstake"),
      file(contracts.router, routerAbi as Abi, "setRoute"),
      file(operator.address, storeAbi, "store"),
      file(gas.address, storeAbi, "store"),
    ];
    for (const config of reached) {
      const comment = await refused(node(), config, { projectId: own, message: {} });
      expect(comment).toContain("of the network itself");
    }
  });

  test("gets the contract's own words when it reverts", async () => {
    const said: [number, string][] = [[0, "told so"], [1, "Panic(1)"], [2, "Panic(18)"]];
    for (const [kind, reason] of said) {
      const config = file(world.target, world.targetAbi, "fail");
      const comment = await refused(node(), config, { projectId: own, message: { kind } });
      expect(comment).toBe(`transaction failed: the contract refuses it: ${reason}`);
    }
    await world.close(true);
    const config = file(world.target, world.targetAbi, "take");
    const comment = await refused(node(), config, { projectId: own, message: { id: 42 } });
    expect(comment).toEndWith("Closed(42)");
    await world.close(false);
  });

  test("with a wrong ABI, no contract or burning gas ends dead and clear", async () => {
    const nowhere = file(thief, storeAbi, "store");
    const message = { proof: 1, amount: 1, id: 1 };
    const receiver = { receiverAddress: thief };
    expect(await refused(node(), { ...nowhere, ...receiver }, { projectId: own, message }))
      .toBe(`there is no contract at ${thief} on chain 31337`);
    const wrong = parseAbi(["function nothingSuch(uint256 id)"]);
    expect(
      await refused(node(), file(world.target, wrong, "nothingSuch"), {
        projectId: own,
        message,
      }),
    ).toContain("the contract refuses it: reverted without a reason");
    expect(await refused(node(), file(world.target, wrong, "store"), { projectId: own, message }))
      .toBe("contract abi miss the contract method store");
    const burning = file(world.target, world.targetAbi, "burn");
    expect(await refused(node(), burning, { projectId: own, message }))
      .toContain("it needs more gas than the cap");
  });
});

describe("a stranger's file", () => {
  test("does not get the operator's key, though the stranger named it its operator", async () => {
    const attacks: [Direct, unknown][] = [
      [file(token, tokenAbi, "transfer"), { to: thief, amount: "1000" }],
      [file(token, tokenAbi, "approve"), { spender: thief, amount: "0x" + "f".repeat(64) }],
      [file(world.target, world.targetAbi, "take"), { id: 1 }],
    ];
    for (const [config, message] of attacks) {
      expect(await refused(node(), config, { message }))
        .toContain("this node's keys don't sign this call");
      const znode = node({ keys: { gas } });
      expect(await refused(znode, config, { message })).toContain("OUTPUT_ALLOW");
    }
    const args = [operator.address];
    const left = await world.client.readContract({
      address: token,
      abi: tokenAbi,
      functionName: "balanceOf",
      args,
    });
    expect(left).toBe(1000n);
  });

  test("gets no further by a disguised ABI: the selector is made of name and types", async () => {
    const take = toFunctionSelector("take(uint256)");
    const allow = [{ chainId: 31337n, address: token, selector: take }];
    const disguises = parseAbi([
      "function transfer(address projectId, uint256 amount)",
      "function approve(address take, uint256 id)",
    ]) as Abi;
    for (const method of ["transfer", "approve"]) {
      await refused(node({ allow, keys: { gas } }), file(token, disguises, method), {
        message: { amount: 1, take: thief, id: 1, projectId: thief },
      });
    }
  });

  test("gets no fallback, constructor or plain transfer", async () => {
    const abi = [
      { type: "fallback", stateMutability: "payable" },
      { type: "receive", stateMutability: "payable" },
      { type: "constructor", inputs: [] },
    ] as unknown as Abi;
    const allow = [{ chainId: 31337n, address: token, selector: "0x" as Hex }];
    for (const method of ["fallback", "receive", "constructor", "", "transfer"]) {
      expect(await refused(node({ allow }), file(token, abi, method), { message: {} }))
        .toContain("contract abi miss the contract method");
    }
  });

  test("gets a znode's key for exactly what was allowed", async () => {
    const selector = toFunctionSelector("take(uint256)");
    const allow = [{ chainId: 31337n, address: world.target, selector }];
    const config = file(world.target, world.targetAbi, "take");
    const job = await jobOf(config, { projectId: strange, message: { id: 77 } });
    const before = [operator.signed, gas.signed];
    const outcome = await node({ allow, keys: { gas } }).run(job, config, contextOf());
    expect(outcome.state).toBe("confirmed");
    expect([operator.signed, gas.signed]).toEqual([before[0] as number, before[1] as number + 1]);
    expect(await world.seen(77n)).toBe(1n);

    const others: [AllowedCall, Direct][] = [
      [{ chainId: 1n, address: world.target, selector }, config],
      [{ chainId: 31337n, address: token, selector }, config],
      [
        { chainId: 31337n, address: world.target, selector },
        file(world.target, world.targetAbi, "close"),
      ],
    ];
    for (const [allowed, wanted] of others) {
      await refused(node({ allow: [allowed], keys: { gas } }), wanted, {
        message: { id: 1, value: true },
      });
    }
  });

  test("can't choose a chain by its endpoint", async () => {
    const other = { chainId: 5n, client: world.client, endpoint: "http://five.example/" };
    const here = { chainId: 31337n, client: world.client, endpoint: "http://here.example/key" };
    const selector = toFunctionSelector("take(uint256)");
    const allow = [{ chainId: 31337n, address: world.target, selector }];
    const config = file(world.target, world.targetAbi, "take");
    const message = { id: 78 };
    const both = node({ allow, chains: [here, other] });
    expect(await refused(both, { ...config, chainEndpoint: "http://evil.example/" }, { message }))
      .toContain("does not say which chain");
    expect(await refused(both, { ...config, chainEndpoint: "http://five.example/" }, { message }))
      .toContain("adds 5:");
    expect(await refused(both, { ...config, chainId: 9n }, { message }))
      .toBe("no RPC for chain 9: add 9=<url> to CHAIN_ENDPOINTS");
    const iotex = { ...config, chainEndpoint: "https://babel-api.testnet.iotex.io" };
    expect(await refused(node({ allow }), iotex, { message })).toContain("no RPC for chain 4690");
    const named = { ...config, chainEndpoint: "http://here.example/key" };
    const job = await jobOf(named, { projectId: strange, message });
    expect((await both.run(job, named, contextOf())).state).toBe("confirmed");
  });

  test("can't make a node connect to its endpoint", async () => {
    let connections = 0;
    const trap = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch() {
        connections++;
        return new Response("{}");
      },
    });
    try {
      const chainEndpoint = `http://127.0.0.1:${trap.port}/`;
      const config = { ...file(world.target, world.targetAbi, "take"), chainEndpoint };
      const job = await jobOf(config, { projectId: own, message: { id: 79 } });
      await node().run(job, config, contextOf());
      await refused(node(), config, { message: { id: 80 } });
      expect(connections).toBe(0);
    } finally {
      await trap.stop(true);
    }
  });

  test("can't bring a router of its own", async () => {
    const config = { type: "ethereumContract", mode: "router" } as const;
    expect(await refused(node(), config, { router: thief })).toContain("not ours");
    expect(await refused(node(), config, { router: contracts.router, chainId: 1n }))
      .toBe("this node has no router on chain 1");
    expect(await refused(node(), { ...config, chainId: 1n }, { router: contracts.router }))
      .toContain("names chain 1");
  });

  test("can't use up a project's gas for the others, or get more than its share", async () => {
    const selector = toFunctionSelector("take(uint256)");
    const allow = [{ chainId: 31337n, address: world.target, selector }];
    const outputs = ethereumOutputs({
      journal: memoryJournal(),
      chains: [{ chainId: 31337n, client: world.client, endpoint: "" }],
      routers: new Map(),
      keys: { operator: undefined, gas },
      policy: {
        canOperate: () => Promise.resolve(false),
        isOwn: () => Promise.resolve(false),
        allow,
        protected: [],
      },
      settings: () => ({ ...hasty, maxFeePerDay: 1n }),
      log: quiet,
    });
    closers.push(() => outputs.close());
    const config = file(world.target, world.targetAbi, "take");
    const job = await jobOf(config, { projectId: strange, message: { id: 81 } });
    const before = gas.signed;
    await expect(outputs.run(job, config, contextOf())).rejects.toThrow("used up its gas");
    expect(gas.signed).toBe(before);
  });

  test("without keys there is nothing to sign with", async () => {
    const config = file(world.target, world.targetAbi, "take");
    expect(await refused(node({ keys: {} }), config, { message: { id: 1 } }))
      .toContain("secretkey is empty");
    const router = { type: "ethereumContract", mode: "router" } as const;
    expect(await refused(node({ keys: {} }), router, { router: contracts.router }))
      .toContain("secretkey is empty");
  });
});

describe("the key of a node", () => {
  test("may not be that of a stake's owner", async () => {
    const chain = await connectChain(world.url);
    const owner = await freshAccount(world);
    const check = (account: Address) =>
      assertNotStakeOwner(world.client, contracts.znodeRegistrar, account);
    await check(owner.address);
    await registerZNode(chain.sender(owner), contracts.znodeRegistrar, {
      did: "did:example:1",
      operators: [gas.address],
      amount: 1n,
    });
    await expect(check(owner.address)).rejects.toThrow("owns a znode and its stake");
    await check(gas.address);
    await expect(assertNotStakeOwner(world.client, zeroAddress, gas.address)).rejects.toThrow();
  });
});
