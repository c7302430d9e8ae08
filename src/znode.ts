import { join } from "node:path";
import { whyRefused } from "./chain/ask_verifier.ts";
import { Channel } from "./channel.ts";
import type { NodeContext } from "./context.ts";
import { OwnStatements } from "./da/own_statements.ts";
import type { Links } from "./network/link.ts";
import { serveHealth } from "./health.ts";
import { buildOnNeed } from "./native_build.ts";
import { runOutputs } from "./output/index.ts";
import type { OutputJob, OutputReport } from "./output/types.ts";
import { enoughFee } from "./prove/funds.ts";
import { startProver } from "./prove/index.ts";
import type { Stake } from "./prove/liability.ts";
import { Receipts } from "./prove/receipts.ts";

/** How long the chain's height is used when the chain falls silent, ms. */
const silentMs = 10_000;
/** How long until that makes a znode unready, ms. */
const unreadyMs = 60_000;

/** prove → output */
export async function startZnode(context: NodeContext, links: Links): Promise<void> {
  const { config, log, metrics, tracing, shutdown, keys, network, authority, stakes, ethereum } =
    context;
  const jobs = new Channel<OutputJob>(256);
  const reports = new Channel<OutputReport>(256);
  const outputs = runOutputs(jobs, reports, {
    ethereum: ethereum && { ...ethereum, keys: { operator: undefined, gas: keys.senders.prover } },
    tracing,
    log,
    metrics,
  }, shutdown.signal);
  let announce = () => {};
  if (config.BUILD_NATIVE) {
    const { projects, runtimes } = context;
    const stop = buildOnNeed(
      {
        ...{ projects, runtimes, log, signal: shutdown.signal },
        nativeLibraries: config.NATIVE_LIBRARIES,
      },
      () => announce(),
    );
    shutdown.add("native build", stop);
  }
  const stake = openStake(context);
  const stopProver = startProver({
    links,
    onOffered(listener) {
      announce = listener;
      return () => announce = () => {};
    },
    projects: context.projects,
    runtimes: context.runtimes,
    identity: { network, signer: keys.prover },
    capacity: config.WORKERS,
    mayAssign: (enode, projectId) => context.projects.canOperate(projectId, enode),
    verifierOf: authority.verifierOf,
    // Of a while ago it would have every new task refused.
    ...(stakes ? { height: () => stakes.silentMs < silentMs ? stakes.height : 0n } : {}),
    ...(config.MIN_TASK_FEE !== undefined && context.chains
      ? { unpaid: enoughFee(context.chains, network.router, config.MIN_TASK_FEE) }
      : {}),
    ...(stake ? { stake } : {}),
    outputs: { jobs, reports },
    receipts: await Receipts.open({
      directory: join(config.DATA_DIRECTORY, "receipts"),
      prover: keys.prover.address,
      log,
    }),
    tracing,
    log,
    metrics,
  });
  shutdown.add("prove and output", async () => {
    jobs.close();
    await outputs;
    reports.close();
    await stopProver();
  });
  if (config.role !== "znode") return;
  metrics.links.from(() => links.list().length);
  context.readiness.add("enodes", () => links.list().length > 0 ? undefined : "none is linked");
  if (stakes) context.readiness.add("chain", () => whySilent(stakes.silentMs));
  serveHealth(context);
}

/** Without the chain no new task is taken. */
function whySilent(ms: number): string | undefined {
  if (ms === Infinity) return "it was not read yet";
  return ms > unreadyMs ? `it was not read for ${Math.round(ms / 1000)} s` : undefined;
}

/** What an operator's signatures put at risk; undefined without a chain. */
function openStake({ config, chains, shutdown }: NodeContext): Stake | undefined {
  if (!chains) return undefined;
  const statements = new OwnStatements(join(config.DATA_DIRECTORY, "signed.sqlite"));
  shutdown.add("what was signed", () => statements.close());
  return {
    statements,
    whyRefused: async (verifier, receipt) =>
      await whyRefused((await chains.main()).reader, verifier, receipt),
  };
}
