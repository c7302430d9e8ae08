import { type Address, encodeFunctionData, type Hex } from "viem";
import type { Receipt } from "../../runtimes/runtime.ts";
import { bytesToHex } from "../hex.ts";
import { proofVerifierAbi as abi } from "./abi/proofVerifier.ts";
import type { Reader } from "./clients.ts";
import { ChainError, chainErrorText, isRevert } from "./errors.ts";

/** Gas that a verifier is asked with: twenty times what one of a Halo2 proof takes. */
const askGas = 10_000_000n;
const yes = `0x${"1".padStart(64, "0")}`;

/**
 * Asks a verifier on the chain about the exact bytes of a receipt. Answers why it does not take
 * them; undefined when it does.
 * @throws {ChainError} when the chain can't be asked
 */
export async function whyRefused(
  reader: Reader,
  verifier: Address,
  { programId, publicValues, proof }: Pick<Receipt, "programId" | "publicValues" | "proof">,
): Promise<string | undefined> {
  const args = [programId, bytesToHex(publicValues), bytesToHex(proof)] as const;
  const data = encodeFunctionData({ abi, functionName: "verify", args });
  let answer: Hex | undefined;
  try {
    ({ data: answer } = await reader.call({ to: verifier, data, gas: askGas }));
  } catch (error) {
    const why = chainErrorText(error);
    if (isRevert(error)) return `the verifier ${verifier} fails: ${why}`;
    throw new ChainError(`the verifier ${verifier} can't be asked: ${why}`);
  }
  return answer === yes ? undefined : `the verifier ${verifier} does not take the proof`;
}

/** Whether a contract answers as the router asks it; a generated verifier by itself does not. */
export async function isProofVerifier(reader: Reader, verifier: Address): Promise<boolean> {
  const data = encodeFunctionData({ abi, functionName: "statement", args: ["0x"] });
  try {
    const { data: answer = "0x" } = await reader.call({ to: verifier, data, gas: askGas });
    return answer.length === 2 + 3 * 64;
  } catch (error) {
    if (isRevert(error)) return false;
    throw new ChainError(`the verifier ${verifier} can't be asked: ${chainErrorText(error)}`);
  }
}
