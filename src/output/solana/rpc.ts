import { z } from "zod";
import { printable } from "../printable.ts";
import { anyAddress, safeFetch, SafeFetchError } from "../../safe-fetch.ts";

/** The RPC gave no usable answer: asking later may help. */
export class RpcError extends Error {
  override readonly name = "RpcError";
}

/** A transaction's error as the chain has it: text, or an object of one key. */
const chainError = z.unknown().optional();
const slot = z.number().int().nonnegative();
const context = z.object({ slot });
const logs = z.array(z.string()).nullish();

const latestBlockhash = z.object({
  context,
  value: z.object({ blockhash: z.string().max(64), lastValidBlockHeight: slot }),
});
const epochInfo = z.object({ absoluteSlot: slot, blockHeight: slot });
const statuses = z.object({
  context,
  value: z.array(
    z.object({
      slot,
      err: chainError,
      confirmationStatus: z.enum(["processed", "confirmed", "finalized"]).nullish(),
    }).nullable(),
  ),
});
const simulation = z.object({
  value: z.object({ err: chainError, logs, unitsConsumed: slot.nullish() }),
});
const balance = z.object({ value: z.number().nonnegative() });
const fees = z.array(z.object({ prioritizationFee: slot }));
const transaction = z.object({ meta: z.object({ logMessages: logs }).nullish() }).nullable();
const answerSchema = z.object({
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string() }).nullish(),
});

/** Most bytes of an answer; none that is asked for has more than some KB. */
const answerBytes = 1024 * 1024;

/** One Solana JSON-RPC endpoint of the operator's. Methods throw {RpcError}. */
export class SolanaRpc {
  #id = 0;

  constructor(
    private readonly endpoint: string,
    private readonly timeoutMs = 10_000,
  ) {}

  genesisHash = () => this.#ask("getGenesisHash", [], z.string().max(64));

  latestBlockhash = async () => {
    const commitment = "confirmed";
    const got = await this.#ask("getLatestBlockhash", [{ commitment }], latestBlockhash);
    return { ...got.value, slot: got.context.slot };
  };

  finalized = () => this.#ask("getEpochInfo", [{ commitment: "finalized" }], epochInfo);

  /** Also of transactions that the node has forgotten but for its history. */
  statuses = (signatures: readonly string[]) =>
    this.#ask("getSignatureStatuses", [signatures, { searchTransactionHistory: true }], statuses);

  /** Lamports. */
  balance = async (address: string) =>
    (await this.#ask("getBalance", [address, { commitment: "confirmed" }], balance)).value;

  /** The oldest slot whose transactions the node still knows. */
  firstSlot = () => this.#ask("getFirstAvailableBlock", [], slot);

  /** @param wire base64; its signature and blockhash don't matter */
  simulate = async (wire: string) =>
    (await this.#ask("simulateTransaction", [wire, {
      encoding: "base64",
      sigVerify: false,
      replaceRecentBlockhash: true,
      commitment: "confirmed",
    }], simulation)).value;

  /** Hands it over without checks of the RPC's own, and without its repeating it. */
  send = (wire: string) =>
    this.#ask(
      "sendTransaction",
      [wire, { encoding: "base64", skipPreflight: true, maxRetries: 0 }],
      z.string().max(128),
    );

  /** Micro-lamports per compute unit that transactions paid lately which write the accounts. */
  recentFees = async (accounts: readonly string[]) =>
    (await this.#ask("getRecentPrioritizationFees", [accounts], fees))
      .map(({ prioritizationFee }) => prioritizationFee);

  logs = async (signature: string) =>
    (await this.#ask("getTransaction", [signature, {
      encoding: "json",
      commitment: "confirmed",
      maxSupportedTransactionVersion: 0,
    }], transaction))?.meta?.logMessages ?? [];

  async #ask<T>(method: string, params: readonly unknown[], schema: z.ZodType<T>): Promise<T> {
    const request = { jsonrpc: "2.0", id: ++this.#id, method, params };
    let status: number;
    let body: Uint8Array;
    try {
      ({ status, body } = await safeFetch(this.endpoint, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: new TextEncoder().encode(JSON.stringify(request)),
        maxBytes: answerBytes,
        maxRedirects: 0,
        timeoutMs: this.timeoutMs,
        allow: anyAddress,
      }));
    } catch (error) {
      if (!(error instanceof SafeFetchError)) throw error;
      // The endpoint's host is left out: hosts may have an access key as well.
      throw new RpcError(`the RPC does not answer ${method}`, { cause: error });
    }
    let answer: z.infer<typeof answerSchema>;
    try {
      answer = answerSchema.parse(JSON.parse(new TextDecoder().decode(body)));
    } catch {
      throw new RpcError(`the RPC answers ${method} with HTTP ${status} and no JSON-RPC`);
    }
    if (answer.error) {
      throw new RpcError(`the RPC refuses ${method}: ${printable(answer.error.message)}`);
    }
    const result = schema.safeParse(answer.result);
    if (!result.success) throw new RpcError(`the RPC answers ${method} with something else`);
    return result.data;
  }
}
