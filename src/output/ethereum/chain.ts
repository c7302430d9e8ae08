/** Questions to a chain about calls and transactions. */
import {
  type Address,
  type Hex,
  type PublicClient,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
} from "viem";
import { revertData } from "../../chain/errors.ts";
import { OutputError } from "../output.ts";
import { failureOf, RevertedError, rpcText } from "./errors.ts";

export interface Call {
  readonly to: Address;
  readonly data: Hex;
}

/**
 * Runs a call without sending it.
 * @param blockNumber the state to run it on; the latest when left out
 * @throws {RevertedError}
 */
export async function simulate(
  client: PublicClient,
  account: Address,
  { to, data }: Call,
  gas: bigint,
  blockNumber?: bigint,
): Promise<void> {
  try {
    const at = blockNumber === undefined ? { blockTag: "latest" as const } : { blockNumber };
    await client.call({ account, to, data, gas, value: 0n, ...at });
  } catch (error) {
    if (failureOf(error) === "reverted") throw new RevertedError(revertData(error));
    throw error;
  }
}

/**
 * The gas that a call needs.
 * @throws {RevertedError}
 * @throws {OutputError} when it needs more than `maxGas`
 */
export async function estimate(
  client: PublicClient,
  account: Address,
  { to, data }: Call,
  maxGas: bigint,
): Promise<bigint> {
  const request = { account, to, data, gas: maxGas, value: 0n };
  try {
    // Not on what waits in the pool: of two submissions of a task neither is refused for the other.
    return await client.estimateGas({ ...request, blockTag: "latest" });
  } catch (error) {
    if (failureOf(error) !== "reverted") throw error;
    // The next block is of a later time, and may have what this hangs on.
    const next = await client.estimateGas({ ...request, blockTag: "pending" }).catch(() =>
      undefined
    );
    if (next !== undefined) return next;
    if (/out of gas|gas required exceeds/i.test(rpcText(error))) {
      throw new OutputError("dead", `it needs more gas than the cap of ${maxGas}`);
    }
    // Some RPCs give the reason only to eth_call.
    const reason = revertData(error);
    if (reason !== undefined && reason !== "0x") throw new RevertedError(reason);
    await simulate(client, account, { to, data }, maxGas);
    throw new OutputError("dead", `its gas can't be estimated: ${rpcText(error)}`);
  }
}

/** The receipt of whichever hash was included; undefined when none is. */
export async function findReceipt(
  client: PublicClient,
  hashes: readonly Hex[],
): Promise<TransactionReceipt | undefined> {
  for (const hash of hashes.toReversed()) {
    try {
      return await client.getTransactionReceipt({ hash });
    } catch (error) {
      if (!(error instanceof TransactionReceiptNotFoundError)) throw error;
    }
  }
  return undefined;
}

/** A transaction by which a nonce was used. */
export interface Consumer {
  readonly hash: Hex;
  readonly to: Address | null;
  readonly input: Hex;
  readonly block: bigint;
}

/**
 * The transaction that used a nonce, found by bisection over the blocks from `since`; undefined
 * when the RPC no longer has those states.
 */
export async function findConsumer(
  client: PublicClient,
  sender: Address,
  nonce: number,
  since: bigint,
  head: bigint,
): Promise<Consumer | undefined> {
  const usedAt = async (blockNumber: bigint) =>
    await client.getTransactionCount({ address: sender, blockNumber }) > nonce;
  let [low, high] = [since, head];
  try {
    if (!await usedAt(head)) return undefined;
    while (low < high) {
      const middle = (low + high) / 2n;
      if (await usedAt(middle)) high = middle;
      else low = middle + 1n;
    }
    const block = await client.getBlock({ blockNumber: low, includeTransactions: true });
    const found = block.transactions.find((tx) =>
      tx.from.toLowerCase() === sender.toLowerCase() && tx.nonce === nonce
    );
    return found && { hash: found.hash, to: found.to, input: found.input, block: low };
  } catch (error) {
    // "missing trie node" and the like: the RPC prunes old states.
    if (failureOf(error) === "rejected") return undefined;
    throw error;
  }
}
