/** A chain with the contracts, three projects, and who takes part in them. */
import { join } from "node:path";
import { type Address, bytesToHex, type Hex } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import {
  localParties,
  nodeEnvironment,
  registerWeather,
  setUpNetwork,
} from "../../scripts/demo/network.ts";
import { type Anvil, anvilAccount, startAnvil } from "../../src/chain/anvil.ts";
import { type ChainClient, connectChain } from "../../src/chain/clients.ts";
import { deployHalo2Verifier, type Deployment } from "../../src/chain/deploy.ts";
import { addOperator, createProject, registerZNode, setRoute } from "../../src/chain/registrars.ts";
import { type EncodedProject, encodeProject } from "../../src/project/encode.ts";
import { startReceiver } from "../../src/output/testing/far_end.ts";
import { openIpfs } from "../../src/project/index.ts";
import { weatherModule } from "../e2e/files.ts";
import { sleep } from "../e2e/node.ts";
import { deployReceiver, keccakVerifier, tallyModule } from "./tally.ts";

const keyOf = (index: number): Hex =>
  bytesToHex(anvilAccount(index).getHdKey().privateKey as Uint8Array);

/** Of the enodes: two of one operator, one of another. */
export const enodeKeys: readonly Hex[] = [keyOf(2), keyOf(2), keyOf(9)];
export const znodeKeys: readonly Hex[] = [4, 5, 6, 7, 8].map(keyOf);

export const confirmations = 3;
export const version = "0.1";

export interface FaultsNetwork {
  readonly anvil: Anvil;
  readonly chain: ChainClient;
  readonly deployment: Deployment;
  /** Staked keys of nobody's node yet. */
  readonly strays: readonly Hex[];
  readonly unstaked: Hex;
  readonly programs: ReadonlyMap<bigint, EncodedProject>;
  /** What each node needs beside its key; the chain's endpoint is to be replaced. */
  readonly env: Record<string, string>;
  /** Where the third project's results go without their proofs, after the router has them. */
  readonly receiver: ReturnType<typeof startReceiver>;
  /** Replaces the last `depth` blocks by empty ones. */
  reorg(depth: number): Promise<void>;
  stop(): Promise<void>;
}

/** @param directories of enodes, which the projects' blocks are put in */
export async function startFaultsNetwork(directories: readonly string[]): Promise<FaultsNetwork> {
  const anvil = await startAnvil();
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const receiver = startReceiver(secret);
  const stop = async () => {
    await receiver.stop();
    await anvil.stop();
  };
  try {
    const chain = await connectChain(anvil.url);
    const parties = localParties();
    const deployment = await setUpNetwork(chain, parties);
    const strays = Array.from({ length: 3 }, generatePrivateKey);
    const staker = chain.sender(parties.staker);
    const later = [7, 8].map((i) => anvilAccount(i).address);
    for (const address of [...later, ...strays.map((key) => privateKeyToAccount(key).address)]) {
      await registerZNode(staker, deployment.znodeRegistrar, {
        did: `did:pkh:eip155:${chain.id}:${address}`,
        operators: [address],
        amount: deployment.minStake,
      });
    }
    const [weather, tally] = [await weatherModule(), tallyModule()];
    const router = { type: "ethereumContract" };
    const webhook = { type: "webhook", webhook: { url: receiver.url, light: true } };
    const drafts = [
      { code: weather, packing: { count: 16, window: 10 }, attempts: 20, output: router },
      { code: tally, packing: { count: 4, window: 2 }, attempts: 20, output: router },
      {
        code: tally,
        packing: { count: 3, window: 2 },
        attempts: 20,
        redundancy: 2,
        output: [{ type: "stdout" }, webhook, router],
      },
    ];
    const programs = new Map<bigint, EncodedProject>();
    for (const draft of drafts) {
      const encoded = await encodeProject({ versions: [{ version, vmType: "halo2", ...draft }] });
      for (const directory of directories) {
        const ipfs = openIpfs({ directory: join(directory, "ipfs") });
        await ipfs.put(encoded.blocks);
        await ipfs.close();
      }
      const projectId = draft.code === weather
        ? (await registerWeather(chain, deployment, parties, encoded)).projectId
        : await registerTally(chain, deployment, encoded);
      await addOperator(chain.sender(parties.projectOwner), deployment.projectRegistrar, {
        projectId,
        operator: anvilAccount(9).address,
      });
      programs.set(projectId, encoded);
    }
    const { PROVER_PRIVATE_KEY: _, OPERATOR_PRIVATE_KEY: __, ...env } = nodeEnvironment(
      anvil.url,
      deployment,
    );
    const rpc = (method: string, ...params: unknown[]): Promise<unknown> =>
      chain.reader.request({ method, params } as never);
    // No reorganisation reaches back to here.
    await rpc("anvil_mine", "0x20");
    await rpc("evm_setIntervalMining", 1);
    // A block that anvil is making meanwhile would stay in the chain without what it did.
    const reorg = serial(async (depth: number) => {
      await rpc("evm_setIntervalMining", 0);
      try {
        for (let height = -1n, next; height !== (next = await chain.reader.getBlockNumber());) {
          height = next;
          await sleep(200);
        }
        await rpc("anvil_reorg", depth, []);
      } finally {
        await rpc("evm_setIntervalMining", 1);
      }
    });
    return {
      anvil,
      chain,
      deployment,
      strays,
      unstaked: generatePrivateKey(),
      programs,
      env: {
        ...env,
        CONFIRMATIONS: `${confirmations}`,
        WEBHOOK_SECRETS: `${[...programs.keys()].at(-1)}=whsec_${secret.toBase64()}`,
        WEBHOOK_PRIVATE_HOSTS: receiver.host,
      },
      receiver,
      reorg,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The same, one call after the other. */
function serial(work: (depth: number) => Promise<void>): (depth: number) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return (depth) => last = last.catch(() => {}).then(() => work(depth));
}

async function registerTally(
  chain: ChainClient,
  { projectRegistrar, router }: Deployment,
  { root, hash, file }: EncodedProject,
): Promise<bigint> {
  const { projectOwner, operator } = localParties();
  const owner = chain.sender(projectOwner);
  const program = [...file.versions.values()][0]?.program;
  if (!program) throw new Error("the project has no version");
  const { projectId } = await createProject(owner, projectRegistrar, {
    uri: `ipfs://${root.cid}`,
    hash,
  });
  await addOperator(owner, projectRegistrar, { projectId, operator: operator.address });
  const { programId } = program;
  const layout = {
    ...{ words: 4n, inputCommitment: 0n, bindingHi: 1n, bindingLo: 2n },
    ...{ proofBytes: 32n, verifyGas: 100_000n },
  };
  const { adapter } = await deployHalo2Verifier(owner, {
    programId,
    verifier: keccakVerifier,
    layout,
  });
  const receiver: Address = await deployReceiver(owner);
  await setRoute(owner, router, {
    projectId,
    programId,
    verifier: adapter,
    receiver,
    allowUnbound: false,
  });
  return projectId;
}
