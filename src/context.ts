import { join } from "node:path";
import { zeroAddress } from "viem";
import { createRuntimes, type Runtimes } from "../runtimes/index.ts";
import { type Authority, chainAuthority, ownAuthority } from "./chain/authority.ts";
import { type Chains, createChains } from "./chain/clients.ts";
import { checkDeployment } from "./chain/deploy.ts";
import { type Config, ConfigError } from "./config.ts";
import type { Da } from "./da/da.ts";
import { openDa } from "./da/index.ts";
import { type Keys, loadKeys } from "./keys.ts";
import type { Log } from "./log.ts";
import { errorText } from "./log.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import type { EthereumDeps } from "./output/index.ts";
import { assertNotStakeOwner, outputChain } from "./output/ethereum/policy.ts";
import { createProjects, openIpfs } from "./project/index.ts";
import type { Projects } from "./project/types.ts";
import type { Network } from "./protocol/index.ts";
import { Shutdown } from "./shutdown.ts";

/** What the stages of a node share, whatever its role. */
export interface NodeContext {
  readonly config: Config;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly shutdown: Shutdown;
  readonly keys: Keys;
  readonly network: Network;
  readonly authority: Authority;
  readonly da: Da;
  readonly projects: Projects;
  readonly runtimes: Runtimes;
  /** What an output to an EVM chain needs; undefined without a chain. */
  readonly ethereum: Omit<EthereumDeps, "log" | "keys"> | undefined;
}

/** Opens everything a node shares; what was opened is closed by `shutdown`. */
export async function openContext(
  config: Config,
  log: Log,
  shutdown: Shutdown,
): Promise<NodeContext> {
  const keys = await loadKeys(config);
  const da = await openDa({
    ...(config.DATABASE_DSN ? { dsn: config.DATABASE_DSN } : {}),
    directory: join(config.DATA_DIRECTORY, "pglite"),
    log,
  });
  shutdown.add("database", () => da.close());
  const chains = createChains(config);
  const network = await networkOf(config, chains, keys, log, shutdown.signal);
  const contracts = contractsOf(config);
  const authority = contracts
    ? chainAuthority(chains, contracts)
    : ownAuthority([keys.operator.address, keys.prover.address]);
  const ipfs = openIpfs({
    directory: join(config.DATA_DIRECTORY, "ipfs"),
    endpoint: config.IPFS_ENDPOINT,
  });
  shutdown.add("IPFS", () => ipfs.close());
  const projects = await createProjects({
    dataDirectory: join(config.DATA_DIRECTORY, "cache"),
    directory: config.PROJECT_FILE_DIRECTORY,
    ipfs,
    chain: contracts && {
      connect: () => chains.main(),
      contract: contracts.projectRegistrar,
      view: da.chain,
      startBlock: BigInt(config.CONTRACT_START_BLOCK),
      pollMs: config.CHAIN_POLL_SECONDS * 1000,
    },
    operator: keys.operator.address,
    log,
  });
  shutdown.add("projects", () => projects.close());
  const runtimes = createRuntimes({
    workers: config.WORKERS,
    memoryBytes: config.PROVER_MEMORY_MB * 1024 * 1024,
    nativeLibraries: config.NATIVE_LIBRARIES,
  });
  shutdown.add("runtimes", () => runtimes.close());
  const ethereum = contracts && {
    journal: da.journal,
    chains: [
      outputChain(network.chainId, config.CHAIN_ENDPOINT as string),
      ...[...config.CHAIN_ENDPOINTS].filter(([id]) => id !== network.chainId)
        .map(([id, url]) => outputChain(id, url)),
    ],
    routers: new Map([[network.chainId, contracts.router]]),
    policy: {
      canOperate: (projectId: bigint, account: `0x${string}`) =>
        projects.canOperate(projectId, account),
      isOwn: async (projectId: bigint, account: `0x${string}`) =>
        projects.get(projectId)?.source === "directory" ||
        await authority.ownsProject(projectId, account),
      allow: config.OUTPUT_ALLOW,
      protected: Object.values(contracts),
    },
    settings: () => ({
      confirmations: config.CONFIRMATIONS,
      maxFeePerDay: config.GAS_LIMIT_PER_DAY,
    }),
  };
  return {
    config,
    log,
    metrics: createMetrics(),
    shutdown,
    keys,
    network,
    authority,
    da,
    projects,
    runtimes,
    ethereum,
  };
}

function contractsOf(config: Config) {
  if (!config.CHAIN_ENDPOINT) return undefined;
  const { PROJECT_CONTRACT_ADDRESS, ZNODE_CONTRACT_ADDRESS, ROUTER_CONTRACT_ADDRESS } = config;
  // Their presence was checked with the configuration.
  return {
    projectRegistrar: PROJECT_CONTRACT_ADDRESS as `0x${string}`,
    znodeRegistrar: ZNODE_CONTRACT_ADDRESS as `0x${string}`,
    router: ROUTER_CONTRACT_ADDRESS as `0x${string}`,
  };
}

/**
 * The chain and router that everything is signed for. Waits for a chain that can't be reached:
 * without its id nothing can be signed, and an operator may well start the node first.
 */
async function networkOf(
  config: Config,
  chains: Chains,
  keys: Keys,
  log: Log,
  signal: AbortSignal,
): Promise<Network> {
  const contracts = contractsOf(config);
  if (!contracts) return { chainId: 0n, router: zeroAddress };
  for (let waitMs = 1000;; waitMs = Math.min(waitMs * 2, 30_000)) {
    signal.throwIfAborted();
    let main;
    try {
      main = await chains.main();
    } catch (error) {
      log.warn(`${errorText(error)}; trying again in ${waitMs / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      continue;
    }
    await checkDeployment(main.reader, contracts);
    if (config.role !== "enode") {
      try {
        await assertNotStakeOwner(main.reader, contracts.znodeRegistrar, keys.prover.address);
      } catch (error) {
        throw new ConfigError(errorText(error));
      }
    }
    return { chainId: main.id, router: contracts.router };
  }
}
