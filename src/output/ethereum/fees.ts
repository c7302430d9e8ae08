import type { PublicClient } from "viem";

/** What a transaction offers for its gas, wei per gas. */
export type Fees =
  | {
    readonly type: "eip1559";
    readonly maxFeePerGas: bigint;
    readonly maxPriorityFeePerGas: bigint;
  }
  | { readonly type: "legacy"; readonly gasPrice: bigint };

export interface Market {
  readonly fees: Fees;
  /** Below this price no block takes the transaction now. */
  readonly floor: bigint;
}

/** What the chain asks now; legacy where its blocks have no base fee (EIP-1559). */
export async function marketFees(client: PublicClient): Promise<Market> {
  const { baseFeePerGas } = await client.getBlock({ blockTag: "latest" });
  if (baseFeePerGas === null) {
    const gasPrice = await client.getGasPrice();
    return { fees: { type: "legacy", gasPrice }, floor: gasPrice };
  }
  const maxPriorityFeePerGas = await client.estimateMaxPriorityFeePerGas();
  // Twice the base fee lasts for six full blocks of rising prices.
  const maxFeePerGas = 2n * baseFeePerGas + maxPriorityFeePerGas;
  return {
    fees: { type: "eip1559", maxFeePerGas, maxPriorityFeePerGas },
    floor: baseFeePerGas + maxPriorityFeePerGas,
  };
}

/** The most that one gas can cost. */
export function priceOf(fees: Fees): bigint {
  return fees.type === "legacy" ? fees.gasPrice : fees.maxFeePerGas;
}

/** The market's fees, lowered to `maxPrice`; undefined when no block would take that. */
export function cappedFees(market: Market, maxPrice: bigint): Fees | undefined {
  const { fees, floor } = market;
  if (priceOf(fees) <= maxPrice) return fees;
  if (maxPrice < floor) return undefined;
  return fees.type === "legacy"
    ? { ...fees, gasPrice: maxPrice }
    : { ...fees, maxFeePerGas: maxPrice };
}

/**
 * Fees that replace a transaction: both an eighth higher (nodes ask for 10 to 12.5 percent), or
 * the market's where those are higher still; undefined when that is more than `maxPrice`.
 */
export function raisedFees(old: Fees, market: Fees, maxPrice: bigint): Fees | undefined {
  const raise = (fee: bigint) => fee + fee / 8n + 1n;
  const atLeast = (least: bigint, wanted: bigint) => wanted > least ? wanted : least;
  if (old.type === "legacy") {
    const least = raise(old.gasPrice);
    if (least > maxPrice) return undefined;
    const wanted = atLeast(least, priceOf(market));
    return { type: "legacy", gasPrice: wanted < maxPrice ? wanted : maxPrice };
  }
  const least = raise(old.maxFeePerGas);
  const tip = atLeast(
    raise(old.maxPriorityFeePerGas),
    market.type === "eip1559" ? market.maxPriorityFeePerGas : 0n,
  );
  if (least > maxPrice || tip > maxPrice) return undefined;
  const wanted = atLeast(atLeast(least, priceOf(market)), tip);
  return {
    type: "eip1559",
    maxFeePerGas: wanted < maxPrice ? wanted : maxPrice,
    maxPriorityFeePerGas: tip,
  };
}
