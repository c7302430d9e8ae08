import {
  type Address,
  createPublicClient,
  type Hex,
  http,
  isAddressEqual,
  parseAbi,
  type PublicClient,
} from "viem";
import { OutputError } from "../output.ts";
import type { TransactionSigner } from "./sender.ts";

/** A call that an operator allowed its znode's key to sign (`OUTPUT_ALLOW`). */
export interface AllowedCall {
  readonly chainId: bigint;
  readonly address: Address;
  /** First four bytes of the call, lower case. */
  readonly selector: Hex;
}

/** What a node's keys may sign of direct calls, which strangers' files ask for (DESIGN R11). */
export interface SigningPolicy {
  /** Whether the chain's registrar lets the account operate the project. */
  canOperate(projectId: bigint, account: Address): Promise<boolean>;
  /**
   * Whether this node's operator stands by what the project's file says: the file is in its own
   * directory, or its account owns the project. Anyone can name anyone an operator of a project,
   * so `canOperate` alone would let a stranger's file use the key.
   */
  isOwn(projectId: bigint, account: Address): Promise<boolean>;
  readonly allow: readonly AllowedCall[];
  /** Never called directly, whoever asks: registrars, router. Elsewhere it is another contract. */
  readonly protected: readonly { readonly chainId: bigint; readonly address: Address }[];
}

/** A direct call that somebody's file asks for. */
export interface WantedCall extends AllowedCall {
  readonly projectId: bigint;
}

/** The node's keys that may pay for outputs. */
export interface OutputKeys {
  /** Enode: operates projects. */
  readonly operator: TransactionSigner | undefined;
  /** Znode: pays gas. */
  readonly gas: TransactionSigner | undefined;
}

/**
 * The key that may sign a direct call.
 * @throws {OutputError} `dead`, saying what the operator can do about it
 */
export async function signerFor(
  call: WantedCall,
  keys: OutputKeys,
  policy: SigningPolicy,
): Promise<TransactionSigner> {
  const { operator, gas } = keys;
  if (!operator && !gas) {
    throw new OutputError("dead", "secretkey is empty: set OPERATOR_PRIVATE_KEY");
  }
  const forbidden = [
    ...policy.protected.filter(({ chainId }) => chainId === call.chainId).map((c) => c.address),
    ...[operator, gas].flatMap((key) => key?.address ?? []),
  ];
  if (forbidden.some((address) => isAddressEqual(address, call.address))) {
    throw new OutputError(
      "dead",
      `${call.address} is a contract or key of the network itself; leave contractAddress out to ` +
        `output through the router`,
    );
  }
  const { projectId } = call;
  const allowed = policy.allow.some((known) =>
    known.chainId === call.chainId && known.selector.toLowerCase() === call.selector &&
    isAddressEqual(known.address, call.address)
  );
  if (operator && await policy.canOperate(projectId, operator.address)) {
    if (allowed || await policy.isOwn(projectId, operator.address)) return operator;
  }
  if (gas && allowed) return gas;
  throw new OutputError(
    "dead",
    `this node's keys don't sign this call for project ${projectId}; an operator who trusts it ` +
      `adds ${call.chainId}:${call.address}:${call.selector} to OUTPUT_ALLOW`,
  );
}

/** A chain that the operator configured. */
export interface OutputChain {
  readonly chainId: bigint;
  readonly client: PublicClient;
  /** The RPC's URL, as configured; only compared with what files say. */
  readonly endpoint: string;
}

/**
 * Leaves out how long a busy RPC wants to be left alone, which may be hours: viem would wait that
 * long within a request. Outputs pause by themselves, and can be stopped meanwhile.
 */
const fetchFn = async (...request: Parameters<typeof fetch>): Promise<Response> => {
  const response = await fetch(...request);
  if (!response.headers.has("retry-after")) return response;
  const { status, statusText, body } = response;
  const headers = new Headers(response.headers);
  headers.delete("retry-after");
  return new Response(body, { status, statusText, headers });
};

/** A chain by an endpoint of the operator's; connects on first use. */
export function outputChain(chainId: bigint, endpoint: string): OutputChain {
  const transport = http(endpoint, { timeout: 10_000, retryCount: 2, fetchFn });
  return { chainId, client: createPublicClient({ transport, cacheTime: 0 }), endpoint };
}

/** Public endpoints that original files name. */
const knownHosts: Readonly<Record<string, bigint>> = {
  "babel-api.mainnet.iotex.io": 4689n,
  "babel-api.testnet.iotex.io": 4690n,
};

/**
 * The chain that a file means. Its endpoint is never connected to.
 * @throws {OutputError} `dead`, naming the setting to change
 */
export function resolveChain(
  file: { readonly chainId?: bigint; readonly chainEndpoint: string },
  chains: readonly OutputChain[],
): OutputChain {
  const named = file.chainId ?? chainOf(file.chainEndpoint, chains);
  if (named !== undefined) {
    const chain = chains.find(({ chainId }) => chainId === named);
    if (chain) return chain;
    throw new OutputError(
      "dead",
      `no RPC for chain ${named}: add ${named}=<url> to CHAIN_ENDPOINTS`,
    );
  }
  const [only, ...others] = chains;
  if (only && others.length === 0) return only;
  throw new OutputError(
    "dead",
    only
      ? "the project's file does not say which chain: add chainId to it, or its chainEndpoint to " +
        "CHAIN_ENDPOINTS"
      : "no chain is configured: set CHAIN_ENDPOINT or CHAIN_ENDPOINTS",
  );
}

function chainOf(endpoint: string, chains: readonly OutputChain[]): bigint | undefined {
  if (!URL.canParse(endpoint)) return undefined;
  const { href, hostname } = new URL(endpoint);
  const same = chains.find((chain) =>
    URL.canParse(chain.endpoint) && new URL(chain.endpoint).href === href
  );
  return same?.chainId ?? knownHosts[hostname];
}

const erc721 = parseAbi(["function balanceOf(address owner) view returns (uint256)"]);

/**
 * Refuses a key that owns a znode, and so could move its stake (DESIGN R11). For use at start.
 * @throws when the account owns a znode, or the registrar can't be asked
 */
export async function assertNotStakeOwner(
  client: PublicClient,
  znodeRegistrar: Address,
  account: Address,
): Promise<void> {
  const owned = await client.readContract({
    address: znodeRegistrar,
    abi: erc721,
    functionName: "balanceOf",
    args: [account],
  });
  if (owned > 0n) {
    throw new Error(
      `${account} owns a znode and its stake; a node must run with another key: let the owner ` +
        `call addOperator for a fresh one`,
    );
  }
}
