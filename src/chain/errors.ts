import { type Abi, BaseError, decodeErrorResult, type Hex, isHex, RpcRequestError } from "viem";
import { halo2AdapterAbi } from "./abi/halo2Adapter.ts";
import { projectRegistrarAbi } from "./abi/projectRegistrar.ts";
import { rewardPoolAbi } from "./abi/rewardPool.ts";
import { risc0AdapterAbi } from "./abi/risc0Adapter.ts";
import { risc0Groth16VerifierAbi } from "./abi/risc0Groth16Verifier.ts";
import { routerAbi } from "./abi/router.ts";
import { slasherAbi } from "./abi/slasher.ts";
import { unsafeTestSetupHalo2AdapterAbi } from "./abi/unsafeTestSetupHalo2Adapter.ts";
import { weatherStationAbi } from "./abi/weatherStation.ts";
import { znodeRegistrarAbi } from "./abi/znodeRegistrar.ts";

/** A call or transaction that the chain refused, or that couldn't reach it; its text is for people. */
export class ChainError extends Error {
  override readonly name = "ChainError";
  constructor(
    message: string,
    /** What the contract reverted with, if it was a revert that said why. */
    readonly data?: Hex,
  ) {
    super(message);
  }
}

const ownErrors: Abi = [
  ...routerAbi,
  ...projectRegistrarAbi,
  ...znodeRegistrarAbi,
  ...slasherAbi,
  ...rewardPoolAbi,
  ...halo2AdapterAbi,
  ...unsafeTestSetupHalo2AdapterAbi,
  ...risc0Groth16VerifierAbi,
  ...risc0AdapterAbi,
  ...weatherStationAbi,
].filter((entry) => entry.type === "error");

/** What a contract reverted with, if the error is a revert and says it. */
export function revertData(error: unknown): Hex | undefined {
  if (error instanceof ChainError) return error.data;
  for (let at = error; at instanceof Error; at = at.cause) {
    let data: unknown = "data" in at ? at.data : undefined;
    // Some nodes wrap the data once more.
    if (typeof data === "object" && data !== null && "data" in data) data = data.data;
    // As OpenEthereum and Nethermind had it.
    if (typeof data === "string") data = data.replace(/^Reverted /, "");
    if (isHex(data)) return data;
  }
  return undefined;
}

/** How nodes say that a call failed while it ran: they agree on no codes. */
export const revertWording =
  /revert|invalid opcode|out of gas|gas required exceeds|evm error|simulation failed/i;

/** Whether the chain ran a call and it failed; all else says nothing about the call. */
export function isRevert(error: unknown): boolean {
  if (revertData(error) !== undefined) return true;
  if (!(error instanceof BaseError)) return false;
  const rpc = error.walk((e) => e instanceof RpcRequestError);
  return rpc instanceof RpcRequestError && revertWording.test(rpc.details);
}

function shown(value: unknown, abi: Abi): string {
  // A revert reason passed on by the router.
  if (isHex(value) && value.length >= 10 && value.length % 64 === 10) {
    const inner = decoded(value, abi);
    if (inner !== undefined) return inner;
  }
  if (Array.isArray(value)) return `[${value.map((part) => shown(part, abi)).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const parts = Object.entries(value).map(([name, part]) => `${name}: ${shown(part, abi)}`);
    return `{${parts.join(", ")}}`;
  }
  return String(value);
}

function decoded(data: Hex, abi: Abi): string | undefined {
  try {
    const { errorName, args = [] } = decodeErrorResult({ abi, data });
    if (errorName === "Error") return String(args[0]);
    return `${errorName}(${args.map((arg) => shown(arg, abi)).join(", ")})`;
  } catch (error) {
    // Not an error that we know.
    if (error instanceof BaseError) return undefined;
    throw error;
  }
}

/** Names a revert, by our contracts' errors and those of `abi`: `ProverNotEligible(0x…)`. */
export function explainRevert(data: Hex, abi: Abi = []): string {
  if (data === "0x") return "reverted without a reason";
  return decoded(data, [...ownErrors, ...abi]) ?? `reverted with ${data.slice(0, 10)}…`;
}

/**
 * One line on why a call failed. Unlike viem's own text it never holds the RPC's URL, which may
 * carry a key, nor the call's arguments.
 */
export function chainErrorText(error: unknown, abi: Abi = []): string {
  if (error instanceof ChainError) return error.message;
  const data = revertData(error);
  if (data !== undefined) return explainRevert(data, abi);
  if (!(error instanceof BaseError)) return error instanceof Error ? error.message : String(error);
  const root = error.walk();
  const { shortMessage } = root instanceof BaseError ? root : error;
  return withoutUrls([shortMessage, error.details].filter(Boolean).join(" "));
}

const withoutUrls = (text: string) => text.replace(/\b(?:https?|wss?):\/\/\S+/g, "<url>");
