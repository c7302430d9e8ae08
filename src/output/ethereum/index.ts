import { type Address, BaseError } from "viem";
import type { Journal } from "../../da/da.ts";
import { errorText, type Log } from "../../log.ts";
import type { EthereumOutput } from "../../project/types.ts";
import { type Output, OutputError } from "../output.ts";
import { Batcher } from "./batch.ts";
import { callContract } from "./direct.ts";
import { RevertedError, revertText, rpcText } from "./errors.ts";
import type { Home } from "./light.ts";
import type { OutputChain, OutputKeys, SigningPolicy } from "./policy.ts";
import { checkRouter, submitToRouter } from "./router.ts";
import { Sender, type SendRequest, type TransactionSigner } from "./sender.ts";
import { type ChainSettings, defaultSettings } from "./settings.ts";

export interface EthereumDeps {
  readonly journal: Journal;
  /** Chains with an RPC of the operator's. */
  readonly chains: readonly OutputChain[];
  /** The routers of the node's own configuration, by chain id. */
  readonly routers: ReadonlyMap<bigint, Address>;
  readonly keys: OutputKeys;
  readonly policy: SigningPolicy;
  /** Changes to a chain's default settings. */
  readonly settings?: (chainId: bigint) => Partial<ChainSettings>;
  readonly log: Log;
}

export interface EthereumOutputs extends Output<"ethereumContract"> {
  /** A call of the node's own, by the operator's key, followed to its end. @throws {OutputError} */
  call(chainId: bigint, request: SendRequest, signal: AbortSignal): Promise<void>;
  /** Takes up transactions that an earlier process left open. */
  resume(): Promise<void>;
  close(): Promise<void>;
}

/** The senders over one journal. Two stages of a process that share it share them. */
interface Pool {
  readonly senders: Map<string, Sender>;
  users: number;
}
const pools = new WeakMap<Journal, Pool>();

function joinPool(journal: Journal): Pool {
  const pool = pools.get(journal) ?? { senders: new Map(), users: 0 };
  pools.set(journal, pool);
  pool.users++;
  return pool;
}

async function leavePool(journal: Journal, pool: Pool): Promise<void> {
  if (--pool.users > 0) return;
  pools.delete(journal);
  await Promise.all([...pool.senders.values()].map((sender) => sender.stop()));
}

/** Outputs to EVM chains, through the router or to the contract that a file names. */
export function ethereumOutputs(deps: EthereumDeps): EthereumOutputs {
  const { chains, routers, keys, policy, journal, log } = deps;
  const pool = joinPool(journal);
  const settingsOf = (chainId: bigint): ChainSettings => ({
    ...defaultSettings(chainId),
    ...deps.settings?.(chainId),
  });
  const senderOf = ({ chainId, client }: OutputChain, signer: TransactionSigner) => {
    const name = `${chainId}/${signer.address}`;
    let sender = pool.senders.get(name);
    if (!sender) {
      sender = new Sender({ chainId, client, signer, journal, settings: settingsOf(chainId), log });
      pool.senders.set(name, sender);
    }
    return sender;
  };
  const payer = keys.gas ?? keys.operator;
  const home = (chainId: bigint): Home | undefined => {
    const router = routers.get(chainId);
    const chain = chains.find((known) => known.chainId === chainId);
    return router && chain && { chain, router, confirmations: settingsOf(chainId).confirmations };
  };
  // A project's own, since gas is counted by project.
  const batchers = new Map<string, Batcher>();
  const batcherOf = (chain: OutputChain, router: Address, sender: Sender, projectId: bigint) => {
    const name = `${chain.chainId}/${projectId}`;
    let batcher = batchers.get(name);
    if (!batcher) {
      const { maxBatch: most } = settingsOf(chain.chainId);
      batcher = new Batcher({ chain, router, sender, most, log });
      batchers.set(name, batcher);
    }
    return batcher;
  };

  const dead = (comment: string) => ({ state: "dead" as const, reference: "", comment });
  return {
    async run(job, config: EthereumOutput, context) {
      if (config.mode === "direct") {
        const direct = { chains, keys, policy, sender: senderOf, home };
        return await callContract(job, config, direct, context);
      }
      const { chainId } = job.task;
      const router = routers.get(chainId);
      checkRouter(job, config, router);
      const chain = chains.find((known) => known.chainId === chainId);
      if (!chain) return dead(`no RPC for chain ${chainId}: add it to CHAIN_ENDPOINTS`);
      if (!payer) return dead("secretkey is empty: set OPERATOR_PRIVATE_KEY");
      const sender = senderOf(chain, payer);
      const { confirmations } = settingsOf(chainId);
      const batcher = batcherOf(chain, router, sender, job.task.projectId);
      return await submitToRouter(job, { chain, router, sender, confirmations, batcher }, context);
    },

    async call(chainId, request, signal) {
      const chain = chains.find((known) => known.chainId === chainId);
      if (!chain || !keys.operator) {
        throw new OutputError("dead", `no key or RPC for chain ${chainId}`);
      }
      try {
        await senderOf(chain, keys.operator).send(request, () => {}, signal);
      } catch (error) {
        if (!(error instanceof RevertedError)) throw error;
        throw new OutputError("retry", revertText(error));
      }
    },

    async resume() {
      const accounts = new Set([keys.operator, keys.gas].filter((key) => key !== undefined));
      for (const chain of chains) {
        for (const signer of accounts) {
          const open = await journal.open(chain.chainId, signer.address);
          if (open.length > 0) await senderOf(chain, signer).resume();
        }
      }
    },

    close: () => leavePool(journal, pool),
  };
}

/** What a failure may tell a person: an RPC's URL is left out. */
export function failureText(error: unknown): string {
  return error instanceof BaseError ? rpcText(error) : errorText(error);
}
