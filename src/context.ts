import { join } from "node:path";

import type { Address } from "viem";
import { createRuntimes, type Runtimes } from "../runtimes/index.ts";
import { bentoProver } from "../runtimes/risc0/bento.ts";
import { openSessions } from "../runtimes/risc0/sessions.ts";
import { type Authority, chainAuthority, ownAuthority } from "./chain/authority.ts";
import { type Chains, createChains, LOCAL_CHAIN } from "./chain/clients.ts";
import { contractsOf, findNetwork } from "./chain/network.ts";
import { StakeWatcher } from "./chain/stake_watcher.ts";
import { type Config, ConfigError } from "./config.ts";
import type { Da } from "./da/da.ts";
import { databaseProblem, openDa } from "./da/index.ts";
import { openLocal } from "./da/local.ts";
import { lockDirectory } from "./da/lock.ts";
import { type Keys, loadKeys } from "./keys.ts";
import type { Log } from "./log.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import type { Host } from "./network/host.ts";
import { openHost } from "./network/open_host.ts";
import { PeerScores } from "./network/peer_scores.ts";
import type { EthereumDeps } from "./output/index.ts";
import { outputChain } from "./output/ethereum/policy.ts";
import { anyAddress } from "./safe-fetch.ts";
import { createProjects, type Ipfs, openIpfs } from "./project/index.ts";
import type { Projects } from "./project/types.ts";
import type { Network } from "./protocol/index.ts";
import { Readiness } from "./ready.ts";
import { Shutdown } from "./shutdown.ts";
import { openTracing, type Tracing } from "./tracing.ts";

/** What the stages of a node share, whatever its role. */
export interface NodeContext {
  readonly config: Config;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Undefined where no collector is configured. */
  readonly tracing: Tracing | undefined;
  /** What `/ready` asks. */
  readonly readiness: Readiness;
  readonly shutdown: Shutdown;
  readonly keys: Keys;
  readonly network: Network;
  readonly authority: Authority;
  /** Undefined without a chain. */
  readonly stakes: StakeWatcher | undefined;
  /** The operator's RPC endpoints; undefined without a chain. */
  readonly chains: Chains | undefined;
  /** Undefined for a znode with nothing but its own files. */
  readonly da: Da | undefined;
  /** This process as a libp2p peer; undefined for role all where it doesn't listen. */
  readonly host: Host | undefined;
  /** What gossip makes of its peers. */
  readonly peerScores: PeerScores;
  readonly ipfs: Ipfs;
  readonly projects: Projects;
  /** Whether the operator stands by what a project's file says; see `SigningPolicy`. */
  readonly isOwn: (projectId: bigint, account: Address) => Promise<boolean>;
  readonly runtimes: Runtimes;
  /** What an output to an EVM chain needs; undefined without a chain. */
  readonly ethereum: Omit<EthereumDeps, "log" | "keys"> | undefined;
}

/** Most time between looks at the stakes, ms: a znode that loses its stake gets no more work. */
const stakesMs = 1_000;

/** Opens everything a node shares; what was opened is closed by `shutdown`. */
export async function openContext(
  config: Config,
  log: Log,
  shutdown: Shutdown,
): Promise<NodeContext> {
  const keys = await loadKeys(config);
  const tracing = await openTracing(config, log, shutdown);
  shutdown.add("data directory", lockDirectory(config.DATA_DIRECTORY));
  // A znode has no messages and tasks: the embedded PostgreSQL would only cost it memory.
  const light = config.role === "znode" && !config.DATABASE_DSN;
  const metrics = createMetrics();
  const da = light ? undefined : await openDa({
    ...(config.DATABASE_DSN ? { dsn: config.DATABASE_DSN } : {}),
    directory: join(config.DATA_DIRECTORY, "pglite"),
    log,
    onCommit(rows, ms) {
      metrics.commitSeconds.observe(ms / 1000);
      metrics.commitMessages.observe(rows);
    },
  }).catch((error) => {
    if (!config.DATABASE_DSN) throw error;
    throw new ConfigError(`DATABASE_DSN: ${databaseProblem(error)}`);
  });
  const readiness = new Readiness();
  metrics.ready.from(async () => Object.keys(await readiness.ask()).length === 0 ? 1 : 0);
  if (da) readiness.add("database", async () => void await da.now());
  const store = da ?? openLocal(join(config.DATA_DIRECTORY, "znode.sqlite"));
  shutdown.add("database", () => store.close());
  const chains = createChains(config);
  const network = await findNetwork(config, chains, keys, log, shutdown.signal);
  const contracts = contractsOf(config);
  const stakes = contracts && new StakeWatcher({
    connect: () => chains.main(),
    registrar: contracts.znodeRegistrar,
    startBlock: BigInt(config.CONTRACT_START_BLOCK),
    pollMs: Math.min(config.CHAIN_POLL_SECONDS * 1000, stakesMs),
    log,
  });
  if (stakes) {
    shutdown.add("stakes", () => stakes.close());
    metrics.chainHeight.from(() => Number(stakes.height));
    metrics.chainSilent.from(() => stakes.silentMs / 1000);
  }
  const authority = contracts
    ? chainAuthority(chains, contracts, stakes)
    : ownAuthority([keys.operator.address, keys.prover.address], config.TRUSTED_PROVERS);
  const peerScores = new PeerScores();
  const host = await openHost(config, peerScores, log, shutdown);
  if (host) metrics.connections.from(() => host.getConnections().length);
  const ipfs = openIpfs({
    directory: join(config.DATA_DIRECTORY, "ipfs"),
    endpoint: config.IPFS_ENDPOINT,
    host,
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
      view: store.chain,
      startBlock: BigInt(config.CONTRACT_START_BLOCK),
      confirmations: config.CONFIRMATIONS,
      pollMs: config.CHAIN_POLL_SECONDS * 1000,
    },
    operator: keys.operator.address,
    trusted: config.TRUSTED_ENODES,
    awaitConfigs: config.role !== "znode",
    log,
  });
  shutdown.add("projects", () => projects.close());
  const runtimes = createRuntimes({
    workers: config.WORKERS,
    memoryBytes: config.PROVER_MEMORY_MB * 1024 * 1024,
    nativeLibraries: config.NATIVE_LIBRARIES,
    wrapSetup: config.WRAP_SETUP,
    remoteRisc0: config.RISC0_PROVER_ENDPOINT === undefined ? undefined : bentoProver({
      url: config.RISC0_PROVER_ENDPOINT,
      apiKey: config.RISC0_PROVER_API_KEY,
      sessions: await openSessions(join(config.DATA_DIRECTORY, "remote-sessions")),
    }),
    onLoaded({ spec: { vmType, programId }, info: { imageId, declaredImageId } }) {
      const fields = { vmType, programId, imageId };
      if (declaredImageId === undefined || declaredImageId === imageId) {
        log.debug(fields, "program loaded");
      } else {
        const text = "program loaded; its image id is not the file's: it runs on another kernel";
        log.info({ ...fields, declaredImageId }, text);
      }
    },
    allowTestSetups: network.chainId === LOCAL_CHAIN || network.chainId === 0n,
  });
  shutdown.add("runtimes", () => runtimes.close());
  for (
    const [vmType, reason] of Object.entries(config.role === "enode" ? {} : runtimes.unavailable)
  ) {
    log.warn({ vmType, reason }, "this node proves no programs of this machine");
  }
  const isOwn = async (projectId: bigint, account: Address) =>
    projects.get(projectId)?.source === "directory" ||
    await authority.ownsProject(projectId, account);
  const ethereum = contracts && {
    journal: store.journal,
    chains: [
      outputChain(network.chainId, config.CHAIN_ENDPOINT as string),
      ...[...config.CHAIN_ENDPOINTS].filter(([id]) => id !== network.chainId)
        .map(([id, url]) => outputChain(id, url)),
    ],
    routers: new Map([[network.chainId, contracts.router]]),
    policy: {
      canOperate: (projectId: bigint, account: Address) => projects.canOperate(projectId, account),
      isOwn,
      allow: config.OUTPUT_ALLOW.calls,
      protected: [
        ...Object.values(contracts),
        ...(config.REWARD_POOL_ADDRESS === undefined ? [] : [config.REWARD_POOL_ADDRESS]),
      ].map((address) => ({ chainId: network.chainId, address })),
    },
    settings: () => ({
      confirmations: config.CONFIRMATIONS,
      // Left out, a chain's own default holds: coins differ in worth.
      ...(config.GAS_LIMIT_PER_DAY === undefined ? {} : { maxFeePerDay: config.GAS_LIMIT_PER_DAY }),
    }),
  };
  return {
    config,
    log,
    metrics,
    tracing,
    readiness,
    shutdown,
    keys,
    network,
    authority,
    stakes,
    chains: contracts && chains,
    da,
    host,
    peerScores,
    ipfs,
    projects,
    isOwn,
    runtimes,
    ethereum,
  };
}
