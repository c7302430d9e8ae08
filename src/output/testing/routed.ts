/** A chain with the contracts, a project whose results a router takes, and znodes that output there. */
import type { Hex, PublicClient } from "viem";
import { routerAbi } from "../../chain/abi/router.ts";
import { anvilAccount } from "../../chain/anvil.ts";
import { connectChain } from "../../chain/clients.ts";
import { deployCore } from "../../chain/deploy.ts";
import { createProject, registerZNode, removeRoute, setRoute } from "../../chain/registrars.ts";
import type { Journal } from "../../da/da.ts";
import { type EthereumOutputs, ethereumOutputs } from "../ethereum/index.ts";
import type { TransactionSigner } from "../ethereum/sender.ts";
import type { ChainSettings } from "../ethereum/settings.ts";
import { testContracts } from "./contracts.ts";
import { jobOf, type JobOptions, programId } from "./jobs.ts";
import { memoryJournal } from "./journal.ts";
import { hasty, quiet, startWorld } from "./world.ts";

export const routed = { type: "ethereumContract", mode: "router" } as const;
export const owner = anvilAccount(0);
export const operator = anvilAccount(1);
export const prover = anvilAccount(2);

export async function startRouted() {
  const world = await startWorld();
  const chain = await connectChain(world.url);
  const sender = chain.sender(owner);
  const contracts = await deployCore(sender, { minStake: 1n });
  const verifier = await world.deploy(testContracts().Believer);
  const receiver = await world.deploy(testContracts().Receiver);
  const registrar = contracts.projectRegistrar;
  const project = { uri: "http://example.org/project", hash: `0x${"1".repeat(64)}` as Hex };
  const { projectId } = await createProject(chain.sender(operator), registrar, project);
  await registerZNode(sender, contracts.znodeRegistrar, {
    did: "did:example:1",
    operators: [prover.address],
    amount: 1n,
  });
  const route = async (exists: boolean) => {
    const sender = (await connectChain(world.url)).sender(operator);
    const key = { projectId, programId };
    if (!exists) await removeRoute(sender, contracts.router, key);
    else {
      await setRoute(sender, contracts.router, { ...key, verifier, receiver, allowUnbound: true });
    }
  };
  await route(true);
  const closers: (() => Promise<void>)[] = [];
  return {
    world,
    contracts,
    projectId,
    route,
    async set(contract: "Believer" | "Receiver", value: boolean): Promise<void> {
      const address = contract === "Believer" ? verifier : receiver;
      const { abi } = testContracts()[contract];
      const args = [value];
      await world.mined(
        world.wallet.writeContract({ chain: null, address, abi, functionName: "set", args }),
      );
    },
    /** Results that the project's contract got. */
    results: () =>
      world.client.readContract({
        address: receiver,
        abi: testContracts().Receiver.abi,
        functionName: "results",
      }) as Promise<bigint>,
    isAccepted: (taskId: Hex) =>
      world.client.readContract({
        address: contracts.router,
        abi: routerAbi,
        functionName: "accepted",
        args: [taskId],
      }),
    /** A job of a task of its own, which the router would accept. */
    job: (options: JobOptions = {}) =>
      jobOf(routed, {
        projectId,
        router: contracts.router,
        prover: prover.address,
        operator,
        ...options,
      }),
    /** A znode with a gas key of its own. */
    znode(gas: TransactionSigner, options: {
      journal?: Journal;
      client?: PublicClient;
      settings?: Partial<ChainSettings>;
    } = {}): EthereumOutputs {
      const outputs = ethereumOutputs({
        journal: options.journal ?? memoryJournal(),
        chains: [{ chainId: 31337n, client: options.client ?? world.client, endpoint: world.url }],
        routers: new Map([[31337n, contracts.router]]),
        keys: { operator: undefined, gas },
        policy: {
          canOperate: () => Promise.resolve(false),
          isOwn: () => Promise.resolve(false),
          allow: [],
          protected: [{ chainId: 31337n, address: contracts.router }],
        },
        settings: () => ({ ...hasty, ...options.settings }),
        log: quiet,
      });
      closers.push(async () => await outputs.close?.());
      return outputs;
    },
    async stop() {
      await Promise.all(closers.map((close) => close()));
      await world.stop();
    },
  };
}
