import {
  type Address,
  type Hex,
  keccak256,
  type PublicClient,
  type TransactionSerializable,
} from "viem";
import type { Journal } from "../../da/da.ts";
import type { Log } from "../../log.ts";
import { OutputError } from "../output.ts";
import { type Entry, formatSaved } from "./entry.ts";
import { failureOf, rpcText } from "./errors.ts";
import type { ChainSettings } from "./settings.ts";

/** A key that signs transactions. viem's local accounts satisfy it. */
export interface TransactionSigner {
  readonly address: Address;
  signTransaction(transaction: TransactionSerializable): Promise<Hex>;
}

export interface SenderDeps {
  readonly chainId: bigint;
  readonly client: PublicClient;
  readonly signer: TransactionSigner;
  readonly journal: Journal;
  readonly settings: ChainSettings;
  readonly log: Log;
}

/** Refusals in a row after which a transaction is given up. */
const maxRejections = 5;

/**
 * Signs an entry as it stands, records the hash, and sends it. Recorded first: whatever may be in
 * a pool can be found again after a crash. What the RPC says against it is noted in the entry.
 *
 * @param comment given to those who wait, unless undefined
 * @returns whether it is in the pool
 * @throws when the RPC or the journal can't be reached
 */
export async function broadcast(
  deps: SenderDeps,
  entry: Entry,
  comment: string | undefined,
): Promise<boolean> {
  const { client, signer, journal } = deps;
  const { saved, key, nonce } = entry;
  const call = saved.cancel === "no"
    ? { to: saved.to, data: saved.data }
    : { to: signer.address, data: "0x" as const };
  const transaction = { chainId: Number(deps.chainId), nonce, value: 0n, gas: saved.gas };
  let serializedTransaction: Hex;
  try {
    serializedTransaction = await signer.signTransaction({
      ...transaction,
      ...call,
      ...saved.fees,
    });
  } catch (error) {
    // A remote signer is away, or does not want to.
    later(deps, entry);
    const text = `${signer.address} signs no transaction: ${rpcText(error)}`;
    deps.log.warn({ key, nonce }, text);
    for (const waiter of entry.waiters) waiter.failed(new OutputError("retry", text));
    return false;
  }
  const hash = keccak256(serializedTransaction);
  if (!entry.hashes.includes(hash)) {
    const request = formatSaved(saved);
    await journal.update(key, { state: "sent", addHash: hash, request });
    entry.hashes.push(hash);
    entry.offeredAt = performance.now();
  }
  try {
    await client.sendRawTransaction({ serializedTransaction });
  } catch (error) {
    if (!refused(deps, entry, error)) return false;
  }
  // Sent once more it is no new offer.
  if (entry.taken !== hash) entry.offeredAt = performance.now();
  entry.taken = hash;
  entry.underpriced = false;
  entry.rejections = 0;
  entry.pauses = 0;
  if (comment === undefined || saved.cancel !== "no") return true;
  for (const waiter of entry.waiters) waiter.sent(hash, comment);
  return true;
}

/** Notes a refusal; true when the transaction is in the pool all the same. */
function refused(deps: SenderDeps, entry: Entry, error: unknown): boolean {
  const failure = failureOf(error);
  const text = rpcText(error);
  switch (failure) {
    case "known":
      return true;
    case "unreachable":
      throw error;
    case "nonceTooLow":
      // Included, or overtaken: the next look at the chain tells.
      return false;
    case "underpriced":
      entry.underpriced = true;
      return false;
    case "full":
      later(deps, entry);
      deps.log.debug({ key: entry.key, nonce: entry.nonce }, `no place for it yet: ${text}`);
      return false;
    case "funds":
      later(deps, entry);
      for (const waiter of entry.waiters) {
        waiter.failed(
          new OutputError(
            "retry",
            `out of funds: send ${deps.signer.address} on chain ${deps.chainId} more`,
          ),
        );
      }
      return false;
    default:
      entry.rejections++;
      later(deps, entry);
      deps.log.warn({ key: entry.key, nonce: entry.nonce }, `transaction refused: ${text}`);
      if (entry.rejections < maxRejections) return false;
      for (const waiter of entry.waiters) {
        waiter.failed(new OutputError("dead", `the RPC refuses the transaction: ${text}`));
      }
      return false;
  }
}

/** Whether it was refused so often that it is given up. */
export function isRejected(entry: Entry): boolean {
  return entry.rejections >= maxRejections;
}

function later(deps: SenderDeps, entry: Entry): void {
  const pause = deps.settings.pollMs * 2 ** Math.min(++entry.pauses, 10);
  entry.notBefore = performance.now() + Math.min(pause, deps.settings.maxBackoffMs);
}
