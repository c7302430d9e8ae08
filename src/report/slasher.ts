import { type Address, decodeErrorResult, type Hex } from "viem";
import { slasherAbi } from "../chain/abi/slasher.ts";
import type { Chains } from "../chain/clients.ts";
import { ChainError, chainErrorText } from "../chain/errors.ts";
import { faultData, liableZNode, simulateReport, slasherOf, takenFor } from "../chain/slasher.ts";
import { type Fault, faultOf, type Network } from "../protocol/index.ts";

/** What the slasher says to a fault now. */
export type Prospect =
  | {
    readonly kind: "takes";
    readonly slasher: Address;
    readonly znodeId: bigint;
    /** The call that reports it. */
    readonly data: Hex;
  }
  | { readonly kind: "later"; readonly reason: string }
  /** It will not say anything else later. */
  | { readonly kind: "never"; readonly reason: string };

/** The chain's slasher, as its registrar names it. */
export interface SlasherView {
  /** Asks without sending. @throws when the chain can't be asked */
  ask(fault: Fault): Promise<Prospect>;
  /** Wei taken so far for the lease of the fault. */
  taken(slasher: Address, fault: Fault): Promise<bigint>;
}

/** Why the slasher refuses what it may take at another time. */
const passing: ReadonlySet<string> = new Set([
  ...["VerifierNotListed", "NotEnoughGas", "NotLiable", "NothingToSlash"],
]);

/** @param startBlock from which on the registrar's events are read */
export function slasherView(
  chains: Chains,
  network: Network,
  contracts: { readonly znodeRegistrar: Address; readonly startBlock: bigint },
): SlasherView {
  const { znodeRegistrar, startBlock } = contracts;
  const reader = async () => (await chains.main()).reader;
  return {
    async ask(fault) {
      if (fault.chainId !== network.chainId || fault.router !== network.router) {
        return { kind: "never", reason: "it is of another network" };
      }
      const chain = await reader();
      const slasher = await slasherOf(chain, znodeRegistrar);
      if (!slasher) return { kind: "later", reason: "the registrar names no slasher" };
      const { prover } = faultOf(fault);
      const znodeId = await liableZNode(chain, znodeRegistrar, { prover, fromBlock: startBlock });
      if (znodeId === undefined) return { kind: "later", reason: "no stake answers for it" };
      const report = { znodeId, fault };
      try {
        await simulateReport(chain, slasher, report);
      } catch (error) {
        const data = error instanceof ChainError ? error.data : undefined;
        if (data === undefined) throw error;
        const kind = passing.has(nameOf(data)) ? "later" : "never";
        return { kind, reason: chainErrorText(error) };
      }
      return { kind: "takes", slasher, znodeId, data: faultData(report) };
    },
    taken: async (slasher, fault) => await takenFor(await reader(), slasher, faultOf(fault)),
  };
}

/** Of an error of the slasher; empty for another's. */
function nameOf(data: Hex): string {
  try {
    return decodeErrorResult({ abi: slasherAbi, data }).errorName;
  } catch {
    return "";
  }
}
