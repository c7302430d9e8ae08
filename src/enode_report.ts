import { contractsOf } from "./chain/network.ts";
import type { NodeContext } from "./context.ts";
import type { Da } from "./da/da.ts";
import { ethereumOutputs } from "./output/index.ts";
import { slasherView, startReports } from "./report/index.ts";

/** Starts the report stage where the operator wants it. */
export function reportFaults(context: NodeContext, da: Da): void {
  const { config, log, metrics, shutdown, keys, network, chains, ethereum } = context;
  if (!config.SUBMIT_EVIDENCE) return;
  const contracts = contractsOf(config);
  if (!contracts || !chains || !ethereum) {
    return log.warn("SUBMIT_EVIDENCE has no effect: without a chain there is no stake");
  }
  // The senders are those of the outputs: an account has one count of nonces.
  const own = ethereumOutputs({
    ...ethereum,
    keys: { operator: keys.operator, gas: undefined },
    log,
  });
  const startBlock = BigInt(config.CONTRACT_START_BLOCK);
  const stop = startReports({
    store: da.reports,
    slasher: slasherView(chains, network, { ...contracts, startBlock }),
    send: (call, signal) => own.call(network.chainId, call, signal),
    log,
    metrics,
  });
  shutdown.add("reports of faults", async () => {
    await stop();
    await own.close();
  });
}
