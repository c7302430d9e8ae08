import {
  type Abi,
  BaseError,
  type Hex,
  HttpRequestError,
  RpcRequestError,
  SocketClosedError,
  TimeoutError,
  WebSocketRequestError,
} from "viem";
import { explainRevert, revertData, revertWording } from "../../chain/errors.ts";
import { printable } from "../printable.ts";

/**
 * What an RPC's refusal means for a transaction. `rejected`: it will never be taken as it is.
 * `full`: the pool has no place for it now. `unreachable`: the RPC could not be asked, or had no answer.
 */
export type Failure =
  | "reverted"
  | "funds"
  | "nonceTooLow"
  | "known"
  | "underpriced"
  | "full"
  | "rejected"
  | "unreachable";

// Node implementations agree on no codes, so their words decide. A contract's come first: it may
// say of its own balances what a pool says of the sender's.
const wordings: readonly (readonly [Failure, RegExp])[] = [
  ["reverted", revertWording],
  ["funds", /insufficient ?(funds|balance)|upfront cost exceeds/],
  ["nonceTooLow", /nonce (is )?too low|old ?nonce|nonce already used/],
  ["known", /already ?(known|imported|exist)|known transaction|existed in pool|with same hash/],
  [
    "underpriced",
    /underpriced|less than block base fee|gas price.{0,40}(too low|below)|fee ?cap|fee ?too ?low|replacementnotallowed|not replace existing/,
  ],
  [
    "full",
    /pool is full|nonce ?gap|nonce (is )?too (high|far|distant)|too many pending|in-flight|account limit exceeded/,
  ],
  ["rejected", /block gas limit/],
  [
    "unreachable",
    /too many requests|rate ?limit|request limit|(?<!gas )limit exceeded|header not found/,
  ],
];
/** Limits and internal errors of the server: asking later may help. */
const passingCodes = new Set([-32005, -32016, -32603, 429]);

export function failureOf(error: unknown): Failure {
  if (revertData(error) !== undefined) return "reverted";
  const rpc = find(error, (e) => e instanceof RpcRequestError) as RpcRequestError | undefined;
  const text = (rpc?.details ?? "").toLowerCase();
  for (const [failure, wording] of wordings) if (wording.test(text)) return failure;
  if (rpc) return passingCodes.has(rpc.code) ? "unreachable" : "rejected";
  const isTransport = (e: object) =>
    e instanceof HttpRequestError || e instanceof TimeoutError ||
    e instanceof SocketClosedError || e instanceof WebSocketRequestError;
  return find(error, isTransport) ? "unreachable" : "rejected";
}

/** What an RPC said, short, and without its URL, which may hold an access key. */
export function rpcText(error: unknown): string {
  const rpc = find(error, (e) => e instanceof RpcRequestError) as RpcRequestError | undefined;
  if (rpc) return printable(rpc.details);
  const http = find(error, (e) => e instanceof HttpRequestError) as HttpRequestError | undefined;
  if (http) return http.status ? `the RPC answers HTTP ${http.status}` : "the RPC does not answer";
  if (find(error, (e) => e instanceof TimeoutError)) return "the RPC does not answer in time";
  if (error instanceof BaseError) return printable(error.shortMessage);
  return printable(error instanceof Error ? error.message : String(error));
}

/** A call that the chain refuses, in simulation or in a block. */
export class RevertedError extends Error {
  constructor(
    /** What the contract reverted with; undefined when the RPC keeps it to itself. */
    readonly data: Hex | undefined,
    /** The transaction, when it was included. */
    readonly hash?: Hex,
  ) {
    super("execution reverted");
    this.name = "RevertedError";
  }
}

/** Why a call was refused, with the errors of our contracts and of `abi`. */
export function revertText(error: RevertedError, abi: Abi = []): string {
  return error.data === undefined ? "no reason given" : printable(explainRevert(error.data, abi));
}

function find(error: unknown, is: (error: object) => boolean): unknown {
  let at: unknown = error;
  for (let depth = 0; depth < 16 && typeof at === "object" && at !== null; depth++) {
    if (is(at)) return at;
    at = (at as { cause?: unknown }).cause;
  }
  return undefined;
}
