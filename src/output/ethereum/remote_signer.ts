/** A key that somebody else holds: an account of a web3signer, clef or the like, by JSON-RPC. */
import {
  type Address,
  BaseError,
  createClient,
  type Hex,
  http,
  isAddressEqual,
  MethodNotFoundRpcError,
  numberToHex,
  parseTransaction,
  recoverTransactionAddress,
  type TransactionSerializable,
  type TransactionSerialized,
} from "viem";
import { z } from "zod";
import { hex } from "../../protocol/schema.ts";
import type { TransactionSigner } from "./sender.ts";

export interface RemoteSigner {
  readonly address: Address;
  /** May hold a key: never logged. */
  readonly url: string;
  /** Default 10 s. */
  readonly timeoutMs?: number;
}

const isUnknown = (error: unknown) =>
  error instanceof BaseError && error.walk((e) => e instanceof MethodNotFoundRpcError) !== null;

/** web3signer and anvil answer the signed bytes alone, geth and clef with the transaction beside. */
const answerSchema = z.union([hex, z.object({ raw: hex }).transform(({ raw }) => raw)]);

/**
 * Signs transactions by `eth_signTransaction`, or by clef's `account_signTransaction`. What comes back is sent only when it is the
 * transaction that was asked for, signed by the account.
 */
export function remoteSigner(
  { address, url, timeoutMs = 10_000 }: RemoteSigner,
): TransactionSigner {
  const client = createClient({ transport: http(url, { timeout: timeoutMs, retryCount: 0 }) });
  return {
    address,
    async signTransaction(wanted) {
      const params = [{ from: address, ...quantitiesOf(wanted) }];
      const ask = (method: string) => client.request({ method, params } as never);
      const answer = answerSchema.safeParse(
        await ask("eth_signTransaction").catch((error: unknown) => {
          // clef has it under its own name alone.
          if (isUnknown(error)) return ask("account_signTransaction");
          throw error;
        }),
      );
      if (!answer.success) throw new Error("the remote signer's answer is no signed transaction");
      const raw = answer.data as TransactionSerialized;
      await insistSame(raw, wanted, address);
      return raw;
    },
  };
}

function quantitiesOf(tx: TransactionSerializable): Record<string, Hex | undefined | null> {
  const { chainId, nonce = 0, gas = 0n, value = 0n, to, data = "0x" } = tx;
  const fees = "gasPrice" in tx && tx.gasPrice !== undefined
    ? { gasPrice: numberToHex(tx.gasPrice) }
    : {
      maxFeePerGas: numberToHex(tx.maxFeePerGas ?? 0n),
      maxPriorityFeePerGas: numberToHex(tx.maxPriorityFeePerGas ?? 0n),
    };
  return {
    ...{ chainId: numberToHex(chainId ?? 0), nonce: numberToHex(nonce), gas: numberToHex(gas) },
    ...{ value: numberToHex(value), to, data, ...fees },
  };
}

/** What decides what a transaction does and costs. */
const fields = [
  "chainId",
  "nonce",
  "gas",
  "gasPrice",
  "maxFeePerGas",
  "maxPriorityFeePerGas",
  "to",
  "value",
  "data",
] as const;

/** @throws when it is not what was asked for */
async function insistSame(
  raw: TransactionSerialized,
  wanted: TransactionSerializable,
  address: Address,
): Promise<void> {
  const textOf = (value: unknown) => String(value ?? 0).toLowerCase().replace(/^0x$/, "0");
  let other: string | undefined;
  try {
    const signed = parseTransaction(raw) as Record<string, unknown>;
    const asked = wanted as Record<string, unknown>;
    other = fields.find((field) => textOf(signed[field]) !== textOf(asked[field])) ??
      (signed.accessList || signed.authorizationList ? "accessList" : undefined);
    if (other === undefined) {
      const signer = await recoverTransactionAddress({ serializedTransaction: raw });
      if (!isAddressEqual(signer, address)) other = "from";
    }
  } catch {
    other = "form";
  }
  if (other !== undefined) {
    throw new Error(`the remote signer signed another transaction than was asked for (${other})`);
  }
}
