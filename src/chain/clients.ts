import {
  type Chain,
  createPublicClient,
  createWalletClient,
  defineChain,
  http,
  type HttpTransport,
  type LocalAccount,
  type PublicClient,
  type WalletClient,
} from "viem";
import type { Config } from "../config.ts";
import { ChainError, chainErrorText } from "./errors.ts";

export type Reader = PublicClient<HttpTransport, Chain>;

/** An account that pays for transactions on a chain. */
export interface Sender {
  readonly chainId: bigint;
  readonly reader: Reader;
  readonly wallet: WalletClient<HttpTransport, Chain, LocalAccount>;
}

/** A chain, by one RPC endpoint. */
export interface ChainClient {
  /** EIP-155 id, as the endpoint gave it. */
  readonly id: bigint;
  readonly reader: Reader;
  sender(account: LocalAccount): Sender;
}

export interface ConnectOptions {
  /** Milliseconds that one request may take. */
  readonly timeoutMs?: number;
  /** Further tries of a request that failed on its way. */
  readonly retries?: number;
  /** Milliseconds between two looks for a receipt or block. */
  readonly pollMs?: number;
}

/** The chain id of local development chains, the only one where test setups are allowed. */
export const LOCAL_CHAIN = 31337n;

/**
 * Connects to any EVM chain; what has to be known of it is asked of the endpoint.
 * @throws {ChainError} if it can't be reached or is no EVM chain
 */
export async function connectChain(
  url: string,
  options: ConnectOptions = {},
): Promise<ChainClient> {
  const { timeoutMs = 10_000, retries = 3 } = options;
  const transport = http(url, { timeout: timeoutMs, retryCount: retries, retryDelay: 150 });
  let id: number;
  try {
    id = await createPublicClient({ transport }).getChainId();
  } catch (error) {
    const { host } = new URL(url);
    throw new ChainError(`the chain at ${host} can't be reached: ${chainErrorText(error)}`);
  }
  if (!Number.isSafeInteger(id)) throw new ChainError(`unusable chain id ${id}`);
  const chain = defineChain({
    id,
    name: `chain ${id}`,
    nativeCurrency: { name: "native", symbol: "native", decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  });
  const local = BigInt(id) === LOCAL_CHAIN;
  const pollingInterval = options.pollMs ?? (local ? 100 : 1000);
  // A cached block number would hide a block that was just mined.
  const reader = createPublicClient({ chain, transport, pollingInterval, cacheTime: 0 });
  return {
    id: BigInt(id),
    reader,
    sender: (account) => ({
      chainId: BigInt(id),
      reader,
      wallet: createWalletClient({ account, chain, transport, pollingInterval }),
    }),
  };
}

/** The chains of a node's own config (DESIGN R11: no project file brings an endpoint). */
export interface Chains {
  /** The chain with the contracts. */
  main(): Promise<ChainClient>;
  /** A chain by id. @throws {ChainError} if the config has no endpoint of it, or it lies */
  get(chainId: bigint): Promise<ChainClient>;
}

/** Connects on first use; a failed connection is tried anew by the next call. */
export function createChains(
  config: Pick<Config, "CHAIN_ENDPOINT" | "CHAIN_ENDPOINTS">,
  options: ConnectOptions = {},
): Chains {
  const connections = new Map<string, Promise<ChainClient>>();
  const connect = (url: string) => {
    const known = connections.get(url);
    if (known) return known;
    const connection = connectChain(url, options);
    connections.set(url, connection);
    connection.catch(() => connections.delete(url));
    return connection;
  };
  const main = () => {
    if (config.CHAIN_ENDPOINT) return connect(config.CHAIN_ENDPOINT);
    return Promise.reject(new ChainError("this node has no chain: CHAIN_ENDPOINT is not set"));
  };
  const get = async (chainId: bigint) => {
    const url = config.CHAIN_ENDPOINTS.get(chainId);
    if (url !== undefined) {
      const client = await connect(url);
      if (client.id === chainId) return client;
      throw new ChainError(`CHAIN_ENDPOINTS: the endpoint of ${chainId} is of chain ${client.id}`);
    }
    if (config.CHAIN_ENDPOINT) {
      const client = await main();
      if (client.id === chainId) return client;
    }
    throw new ChainError(`no endpoint of chain ${chainId}: add it to CHAIN_ENDPOINTS`);
  };
  return { main, get };
}
