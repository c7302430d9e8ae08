import { join } from "node:path";
import type { CID } from "multiformats/cid";
import type { Hex } from "viem";
import { createSeeds } from "./chain/seeds.ts";
import { Channel } from "./channel.ts";
import { type Config, ConfigError } from "./config.ts";
import type { NodeContext } from "./context.ts";
import { BlockFile } from "./da/block_file.ts";
import type { ChainView } from "./da/da.ts";
import { startRetention } from "./da/retention.ts";
import { startTaskBlocks } from "./da/task_blocks.ts";
import { createIssuer } from "./ingest/auth/issue.ts";
import { createIngest } from "./ingest/index.ts";
import type { NodeLinks } from "./network/index.ts";
import type { Links } from "./network/link.ts";
import { runOutputs } from "./output/index.ts";
import type { OutputJob, OutputReport } from "./output/types.ts";
import { nameOf, Packers, startPack } from "./pack/index.ts";
import { withFunding } from "./enode_fund.ts";
import { enodeOutputs, solanaAddress } from "./enode_outputs.ts";
import { reportFaults } from "./enode_report.ts";
import { startSources } from "./enode_sources.ts";
import { dashboardRoutes } from "./dashboard/index.ts";
import { createDispatch } from "./dispatch/index.ts";
import { listenHttp } from "./listening.ts";
import { verifierRoutes } from "./pages/verifier.ts";
import { watchRoutes } from "./watch/index.ts";

/** What gossip makes of a linked znode that is barred from work: nothing is taken from it. */
const barredScore = -200;
/** And of one that is not, at worst: it hears less. */
const mildest = -60;

/** ingest → DA → pack → dispatch; and the outputs that only the operator's key may do. */
export async function startEnode(
  context: NodeContext,
  links: Links,
  { gossip, remoteOf }: Pick<NodeLinks, "gossip" | "remoteOf">,
): Promise<void> {
  const { config, log, metrics, tracing, shutdown, keys, network, da, projects, runtimes } =
    context;
  const { authority: { isAccepted, verifierOf }, stakes } = context;
  if (!da) throw new Error("an enode needs a database for messages and tasks");
  const chain = routersChain(context, da.chain);
  const jobs = new Channel<OutputJob>(256);
  const reports = new Channel<OutputReport>(256);
  const outputs = runOutputs(jobs, reports, {
    ethereum: context.ethereum && {
      ...context.ethereum,
      keys: { operator: keys.senders.operator, gas: undefined },
    },
    ...enodeOutputs(context, da),
    tracing,
    log,
    metrics,
  }, shutdown.signal);
  const dispatch = createDispatch({
    store: da.tasks,
    projects,
    runtimes,
    links,
    network,
    now: () => da.now(),
    isEligible: context.authority.isEligible,
    ...(isAccepted ? { isAccepted, verifierOf } : {}),
    ...(chain ? { chain } : {}),
    ...(stakes ? { seeds: createSeeds(stakes) } : {}),
    signer: keys.operator,
    evidence: da.evidence,
    outputs: { jobs, reports },
    onState: ({ taskId, task: { projectId } }, state) =>
      gossip?.tell(keys.operator, "state", { taskId, projectId, state }),
    tracing,
    log,
    metrics,
  });
  metrics.links.from(() => links.list().length);
  metrics.dispatch.from(() => dispatch.status());
  metrics.openTasks.from(() => da.tasks.openCounts());
  metrics.deadOutputs.from(() => da.tasks.deadCount());
  metrics.queued.from(() => {
    const { rows: messages, bytes } = da.messages.queued;
    return { messages, bytes };
  });
  context.peerScores.heed((peer) => {
    const prover = remoteOf?.(peer);
    if (!prover) return 0;
    const { score, barred } = dispatch.conduct(prover);
    return barred === undefined ? Math.max(score, mildest) : barredScore;
  });
  shutdown.add("dispatch and output", async () => {
    await dispatch.stop();
    jobs.close();
    await outputs;
  });
  reportFaults(context, da);
  const waiting = new Map<string, string>();
  const packers = new Packers();
  shutdown.add("packers", () => packers.close());
  const stopPack = startPack({
    store: withFunding(context, da),
    projects,
    runtimes,
    packers,
    now: () => da.now(),
    signing: { network, signer: keys.operator, height: () => stakes?.height ?? 0n },
    onProblem: (group, problem) => {
      if (problem === undefined) waiting.delete(nameOf(group));
      else waiting.set(nameOf(group), problem);
    },
    onPacked: ({ taskId, task: { projectId, version, programId } }) =>
      gossip?.tell(keys.operator, "announce", { taskId, projectId, version, programId }),
    tracing,
    log,
    metrics,
  });
  shutdown.add("pack", stopPack);
  shutdown.add("retention", startRetention({ da, projects, log }));
  const blocks = new BlockFile(join(config.DATA_DIRECTORY, "ipfs", "tasks.sqlite"));
  shutdown.add("blocks of tasks", async () => blocks.close());
  context.ipfs.serve((cid) => blocks.find(cid));
  const announce = (cid: CID) => context.ipfs.announce(cid);
  shutdown.add("task blocks", startTaskBlocks({ da, store: blocks, announce, log }));

  const ingest = createIngest({
    da,
    projects,
    maxBodyBytes: config.MAX_MESSAGE_BYTES,
    identity: {
      projectContract: config.PROJECT_CONTRACT_ADDRESS ?? "",
      operator: keys.operator.address,
      solanaOperator: solanaAddress(config),
    },
    auth: { secrets: config.JWT_SECRETS, did: { resolver: config.DID_RESOLVER } },
    corsOrigins: config.CORS_ORIGINS,
    rates: { project: config.PROJECT_RATE ?? 0, client: config.CLIENT_RATE ?? 0 },
    issuer: await credentialIssuer(config),
    operating: {
      retry: (taskId, output, by) => dispatch.retry(taskId, output, by),
      canOperate: (projectId, account) => projects.canOperate(projectId, account),
      token: config.OPERATOR_TOKEN,
    },
    unready: () => context.readiness.ask(),
    degraded: () => context.readiness.degraded(),
    problemOf: (group) => waiting.get(nameOf(group)),
    heldUpBy: (taskId) => dispatch.heldUpBy(taskId),
    dashboard: {
      operatorToken: config.OPERATOR_TOKEN,
      dispatch: () => dispatch.status(),
      znodes: {
        staked: () => stakes?.seed(stakes.height)?.staked,
        linked: () => dispatch.znodes(),
        conduct: (prover) => dispatch.conduct(prover),
      },
    },
    tracing,
    log,
    metrics,
  });
  context.readiness.add("projects", () => projects.unready);
  ingest.app.route("/verifier", verifierRoutes(log));
  ingest.app.route("/", dashboardRoutes(log));
  const { host } = context;
  if (host) ingest.app.route("/watch", watchRoutes({ host, network, projects, log }));
  // Above ingestion's own limit, so that it is ingestion that answers, as JSON.
  const server = listenHttp((request) => ingest.fetch(request), config, 64 * 1024 * 1024);
  shutdown.add("HTTP", async () => {
    await ingest.drain();
    await server.stop();
  });
  await startSources(context, ingest);
  log.info({ url: `http://${server.hostname}:${server.port}` }, "the HTTP API listens");
}

/** The router's chain, as dispatch looks whether what was final stays so. */
function routersChain(context: NodeContext, view: ChainView) {
  const { config, network, host, authority: { blocks } } = context;
  // Each enode of a database has its own: another one may never have seen the branch on which this
  // one took a result for final, just before it died.
  const name = `final:${network.router}:${host?.peerId ?? "alone"}`;
  return blocks && {
    blocks,
    memory: {
      async load() {
        const cursor = await view.cursor(name);
        return cursor && { number: cursor.block, hash: cursor.hash };
      },
      save: ({ number, hash }: { number: bigint; hash: Hex }) =>
        view.save(name, { block: number, hash }, []),
    },
    pollMs: config.CHAIN_POLL_SECONDS * 1000,
    confirmations: config.CONFIRMATIONS,
  };
}

/** @throws {ConfigError} when strangers could ask for credentials */
async function credentialIssuer(config: Config) {
  const { CREDENTIAL_PRIVATE_KEY: privateKey, CREDENTIAL_CLIENTS: clients } = config;
  const token = config.OPERATOR_TOKEN;
  if (privateKey === undefined) return undefined;
  if (token === undefined && config.CHAIN_ENDPOINT !== undefined) {
    throw new ConfigError(
      "CREDENTIAL_PRIVATE_KEY also needs OPERATOR_TOKEN: otherwise anybody gets a credential",
    );
  }
  return await createIssuer({ privateKey, clients, token });
}
