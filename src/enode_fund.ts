import type { NodeContext } from "./context.ts";
import type { Da } from "./da/da.ts";
import { fundedPacking, poolView, startFund, watchNeglected } from "./fund/index.ts";
import { ethereumOutputs } from "./output/index.ts";

/**
 * Starts the fund stage where a reward pool is configured. Answers the store that packing uses
 * then: tasks of projects that pay wait until they are funded.
 */
export function withFunding(context: NodeContext, da: Da): Da["packing"] {
  const { config, log, metrics, shutdown, keys, network, projects, chains, ethereum } = context;
  const address = config.REWARD_POOL_ADDRESS;
  const { isAccepted } = context.authority;
  if (address === undefined || !chains || !ethereum || !isAccepted) {
    shutdown.add("unfunded tasks", watchNeglected({ store: da.funding, log }));
    return da.packing;
  }
  // The senders are those of the outputs: an account has one count of nonces.
  const own = ethereumOutputs({
    ...ethereum,
    keys: { operator: keys.operator, gas: undefined },
    log,
  });
  const stop = startFund({
    store: da.funding,
    projects,
    pool: poolView(chains, address, network.router, isAccepted),
    send: (call, signal) => own.call(network.chainId, call, signal),
    termSeconds: config.REWARD_ESCROW_SECONDS,
    onPacked: (listener) => da.tasks.onPacked(listener),
    log,
    metrics,
  });
  shutdown.add("funding", async () => {
    await stop();
    await own.close();
  });
  return fundedPacking(da.packing, projects);
}
