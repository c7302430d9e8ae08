import { join } from "node:path";
import type { Address } from "viem";
import { createRuntimes, type Runtimes } from "../runtimes/index.ts";
import { type Authority, chainAuthority, ownAuthority } from "./chain/authority.ts";
import { createChains, LOCAL_CHAIN } from "./chain/clients.ts";
import { contractsOf, findNetwork } from "./chain/network.ts";
import type { Config } from "./config.ts";
import type { Da } from "./da/da.ts";
import { openDa } from "./da/index.ts";
import { type Keys, loadKeys } from "./keys.ts";
import type { Log } from "./log.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import type { EthereumDeps } from "./output/index.ts";
import { outputChain } from "./output/ethereum/policy.ts";
import { anyAddress } from "./safe-fetch.ts";
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
  const network = await findNetwork(config, chains, keys, log, shutdown.signal);
  const contracts = contractsOf(config);
  const authority = contracts
    ? chainAuthority(chains, contracts)
    : ownAuthority([keys.operator.address, keys.prover.address], config.TRUSTED_PROVERS);
  const ipfs = openIpfs({
    directory: join(config.DATA_DIRECTORY, "ipfs"),
    endpoint: config.IPFS_ENDPOINT,
    // On the local development chain everything is on this machine.
    ...(network.chainId === LOCAL_CHAIN ? { allow: anyAddress } : {}),
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
      confirmations: config.CONFIRMATIONS,
      pollMs: config.CHAIN_POLL_SECONDS * 1000,
    },
    operator: keys.operator.address,
    trusted: config.TRUSTED_ENODES,
    log,
  });
  shutdown.add("projects", () => projects.close());
  const runtimes = createRuntimes({
    workers: config.WORKERS,
    memoryBytes: config.PROVER_MEMORY_MB * 1024 * 1024,
    nativeLibraries: config.NATIVE_LIBRARIES,
    allowTestSetups: network.chainId === LOCAL_CHAIN || network.chainId === 0n,
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
      canOperate: (projectId: bigint, account: Address) => projects.canOperate(projectId, account),
      isOwn: async (projectId: bigint, account: Address) =>
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
