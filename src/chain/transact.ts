import type { Abi, Address, Hex, TransactionReceipt } from "viem";
import type { Sender } from "./clients.ts";
import { ChainError, chainErrorText, revertData } from "./errors.ts";

export interface Call {
  /** Undefined: `data` is a contract's creation code. */
  readonly to?: Address;
  readonly data: Hex;
  /** Wei. */
  readonly value?: bigint;
  /** Where errors that aren't ours are found. */
  readonly abi?: Abi;
  /** What the call is, for messages. */
  readonly what: string;
}

export interface TransactOptions {
  /** Blocks, from its own on, that must hold the transaction. */
  readonly confirmations?: number;
  /** Milliseconds until a transaction that is not mined counts as failed. */
  readonly timeoutMs?: number;
}

/**
 * Simulates, sends and waits for a transaction.
 * @throws {ChainError} if it would revert, reverts, or isn't mined in time
 */
export async function transact(
  sender: Sender,
  call: Call,
  options: TransactOptions = {},
): Promise<TransactionReceipt> {
  const { reader, wallet } = sender;
  const { to = null, data, value = 0n, what } = call;
  const failed = (error: unknown) =>
    new ChainError(`${what}: ${chainErrorText(error, call.abi)}`, revertData(error));
  let hash: Hex;
  try {
    const gas = await reader.estimateGas({ account: wallet.account, to, data, value });
    // State may change between estimate and block.
    hash = await wallet.sendTransaction({ to, data, value, gas: gas + gas / 5n });
  } catch (error) {
    throw failed(error);
  }
  const { confirmations = 1, timeoutMs = 120_000 } = options;
  const receipt = await reader
    .waitForTransactionReceipt({ hash, confirmations, timeout: timeoutMs, retryCount: 10 })
    .catch((error) => {
      throw new ChainError(`${what}: ${hash} is not confirmed: ${chainErrorText(error)}`);
    });
  if (receipt.status === "success") return receipt;
  // The receipt does not say why; the same call on the state before its block mostly does.
  const blockNumber = receipt.blockNumber - 1n;
  await reader.call({ account: wallet.account, to, data, value, blockNumber })
    .catch((error) => {
      throw failed(error);
    });
  throw new ChainError(`${what}: ${hash} reverted`);
}
