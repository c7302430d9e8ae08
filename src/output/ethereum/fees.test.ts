import { expect, test } from "bun:test";
import fc from "fast-check";
import { HttpRequestError, RpcRequestError, TimeoutError } from "viem";
import { failureOf, rpcText } from "./errors.ts";
import { cappedFees, type Fees, priceOf, raisedFees } from "./fees.ts";

const wei = fc.bigInt(0n, 10n ** 15n);
const eip1559 = fc.tuple(wei, wei).map(([base, tip]): Fees => ({
  type: "eip1559",
  maxFeePerGas: 2n * base + tip,
  maxPriorityFeePerGas: tip,
}));
const legacy = wei.map((gasPrice): Fees => ({ type: "legacy", gasPrice }));

test("raised fees replace the old ones on any node, and keep to the cap", () => {
  const fees = fc.oneof(eip1559, legacy);
  fc.assert(fc.property(fees, fees, wei, (old, market, cap) => {
    const raised = raisedFees(old, market, cap);
    if (!raised) return expect(priceOf(old) + priceOf(old) / 8n + 1n > cap || overTip()).toBe(true);
    expect(priceOf(raised)).toBeLessThanOrEqual(cap);
    expect(priceOf(raised) * 8n).toBeGreaterThanOrEqual(priceOf(old) * 9n);
    expect(raised.type).toBe(old.type);
    if (raised.type === "legacy" || old.type === "legacy") return;
    expect(raised.maxPriorityFeePerGas * 8n).toBeGreaterThanOrEqual(old.maxPriorityFeePerGas * 9n);
    expect(raised.maxPriorityFeePerGas).toBeLessThanOrEqual(raised.maxFeePerGas);

    function overTip() {
      const tips = [old, market].map((f) => f.type === "legacy" ? 0n : f.maxPriorityFeePerGas);
      return tips.some((tip) => tip + tip / 8n + 1n > cap);
    }
  }));
});

test("capped fees are those that a block takes, or none", () => {
  fc.assert(fc.property(wei, wei, wei, (base, tip, cap) => {
    const fees: Fees = {
      type: "eip1559",
      maxFeePerGas: 2n * base + tip,
      maxPriorityFeePerGas: tip,
    };
    const capped = cappedFees({ fees, floor: base + tip }, cap);
    if (!capped) return expect(base + tip > cap).toBe(true);
    expect(priceOf(capped)).toBeGreaterThanOrEqual(base + tip);
    expect(priceOf(capped)).toBeLessThanOrEqual(cap);
  }));
});

const url = "https://rpc.example/secret-key";
const refusal = (message: string, code = -32000) =>
  new RpcRequestError({ body: {}, url, error: { code, message } });

test("refusals are understood in the words of several nodes", () => {
  const words: [string, ReturnType<typeof failureOf>][] = [
    ["nonce too low: next nonce 5, tx nonce 4", "nonceTooLow"],
    ["already known", "known"],
    ["transaction already imported", "known"],
    ["AlreadyKnown", "known"],
    ["replacement transaction underpriced", "underpriced"],
    ["transaction underpriced: tip needed 1, tip permitted 0", "underpriced"],
    ["max fee per gas less than block base fee: address 0x, maxFeePerGas: 1", "underpriced"],
    ["insufficient funds for gas * price + value: balance 1", "funds"],
    ["Insufficient funds for gas * price + value", "funds"],
    ["execution reverted: told so", "reverted"],
    ["VM Exception while processing transaction: revert", "reverted"],
    ["exceeds block gas limit", "rejected"],
    // Erigon, Nethermind, Besu, OpenEthereum, IoTeX, and services before nodes.
    ["INTERNAL_ERROR: existing tx with same hash", "known"],
    ["already exist in the actpool", "known"],
    ["could not replace existing tx", "underpriced"],
    ["fee too low", "underpriced"],
    ["FeeTooLow, MaxFeePerGas too low. MaxFeePerGas: 1, BaseFee: 7", "underpriced"],
    ["ReplacementNotAllowed", "underpriced"],
    ["Transaction gas price 1wei supplied is too low", "underpriced"],
    ["transaction gas price below minimum: gas tip cap 1, minimum needed 25", "underpriced"],
    ["Gas price below current base fee", "underpriced"],
    ["OldNonce, Current nonce: 5, nonce of rejected tx: 4", "nonceTooLow"],
    ["InsufficientFunds, Account balance: 0, cumulative cost: 9", "funds"],
    ["Upfront cost exceeds account balance", "funds"],
    ["txpool is full", "full"],
    ["pending sub-pool is full", "full"],
    ["NonceGap, Future nonce. Expected nonce: 4", "full"],
    ["nonce too high", "full"],
    ["Transaction nonce is too distant from current sender nonce", "full"],
    ["50/second request limit reached", "unreachable"],
    ["Too Many Requests", "unreachable"],
    ["rate limit exceeded", "unreachable"],
    ["header not found", "unreachable"],
    // A contract may say of its own what a pool says of the sender.
    ["execution simulation is reverted due to the reason: insufficient balance", "reverted"],
    ["execution simulation failed: status = 106", "reverted"],
    ["invalid chain id for signer", "rejected"],
  ];
  for (const [text, failure] of words) {
    expect([text, failureOf(refusal(text))]).toEqual([text, failure]);
  }
  expect(failureOf(refusal("request limit exceeded", -32005))).toBe("unreachable");
  // Besu's code for it is the one of limits elsewhere.
  const tooMuch = "Transaction gas limit exceeds block gas limit";
  expect(failureOf(refusal(tooMuch, -32005))).toBe("rejected");
  expect(failureOf(new HttpRequestError({ url, status: 502 }))).toBe("unreachable");
  expect(failureOf(new TimeoutError({ body: {}, url }))).toBe("unreachable");
  expect(failureOf(new Error("something else"))).toBe("rejected");
});

test("no text about an RPC names its URL", () => {
  const errors = [
    refusal(`daily limit reached, see ${url}`),
    new HttpRequestError({ url, status: 401, details: `no such key ${url}` }),
    new HttpRequestError({ url, cause: new Error(url) }),
    new TimeoutError({ body: {}, url }),
    new Error(`fetch of ${url} failed`),
  ];
  for (const error of errors) expect(rpcText(error)).not.toContain("secret");
});
