import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Address, zeroAddress } from "viem";
import { z } from "zod";
import { type Config, ConfigError } from "../config.ts";
import type { Keys } from "../keys.ts";
import { errorText, type Log } from "../log.ts";
import { assertNotStakeOwner } from "../output/ethereum/policy.ts";
import type { Network } from "../protocol/index.ts";
import { address, uint256 } from "../protocol/schema.ts";
import type { ChainClient, Chains } from "./clients.ts";
import { checkDeployment, type Deployment } from "./deploy.ts";

export type Contracts = Pick<Deployment, "projectRegistrar" | "znodeRegistrar" | "router">;

/** The network's contracts; undefined for a node without a chain. */
export function contractsOf(config: Config): Contracts | undefined {
  if (!config.CHAIN_ENDPOINT) return undefined;
  const { PROJECT_CONTRACT_ADDRESS, ZNODE_CONTRACT_ADDRESS, ROUTER_CONTRACT_ADDRESS } = config;
  // Their presence was checked with the configuration.
  return {
    projectRegistrar: PROJECT_CONTRACT_ADDRESS as Address,
    znodeRegistrar: ZNODE_CONTRACT_ADDRESS as Address,
    router: ROUTER_CONTRACT_ADDRESS as Address,
  };
}

const knownSchema = z.object({ chainId: uint256, router: address });

/**
 * The chain and router that everything is signed for. When the chain can't be reached, what an
 * earlier start found is used, so that an RPC outage does not stop ingestion; on the first start
 * the node waits, since without a chain id nothing can be signed.
 * @throws {ConfigError} when the configured contracts or keys are not usable
 */
export async function findNetwork(
  config: Config,
  chains: Chains,
  keys: Keys,
  log: Log,
  signal: AbortSignal,
): Promise<Network> {
  const contracts = contractsOf(config);
  if (!contracts) return { chainId: 0n, router: zeroAddress };
  const file = join(config.DATA_DIRECTORY, "cache", "network.json");
  for (let waitMs = 1000;; waitMs = Math.min(waitMs * 2, 30_000)) {
    signal.throwIfAborted();
    let main: ChainClient;
    try {
      main = await chains.main();
    } catch (error) {
      const known = await readKnown(file, contracts.router);
      log.warn(`${errorText(error)}; ${known ? "going on without it" : "waiting for it"}`);
      if (known) return known;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      continue;
    }
    await checkDeployment(main.reader, contracts);
    if (config.role !== "enode") await refuseStakeOwner(main, contracts, keys);
    const network = { chainId: main.id, router: contracts.router };
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify({ ...network, chainId: `${main.id}` }));
    return network;
  }
}

async function refuseStakeOwner(chain: ChainClient, contracts: Contracts, keys: Keys) {
  try {
    for (const { address } of [keys.prover, keys.senders.prover]) {
      await assertNotStakeOwner(chain.reader, contracts.znodeRegistrar, address);
    }
  } catch (error) {
    throw new ConfigError(errorText(error));
  }
}

async function readKnown(file: string, router: Address): Promise<Network | undefined> {
  try {
    const known = knownSchema.parse(JSON.parse(await readFile(file, "utf8")));
    return known.router === router ? known : undefined;
  } catch {
    // Missing or damaged: as on a first start.
    return undefined;
  }
}
