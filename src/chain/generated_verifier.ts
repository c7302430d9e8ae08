/** Verifiers of Halo2 proofs that are generated from a verifying key. */
import type { Address, Hex } from "viem";
import { LOCAL_CHAIN, type Sender } from "./clients.ts";
import { deployContract, type DeployOptions } from "./deploy_contract.ts";
import { ChainError } from "./errors.ts";

/** A generated verifier, as `bytecode/` has it. */
export interface GeneratedVerifier {
  readonly name: string;
  readonly unsafeTestSetup: boolean;
  readonly bytecode: Hex;
}

/** Most gas a generated verifier gets: twice what the largest circuit measured needs. */
export const VERIFY_GAS = 1_000_000n;

/** @throws {ChainError} for a test setup on any chain but a local one (DESIGN §7) */
export function refuseTestSetup(
  { chainId }: Sender,
  { name, unsafeTestSetup }: Pick<GeneratedVerifier, "name" | "unsafeTestSetup">,
): void {
  if (!unsafeTestSetup || chainId === LOCAL_CHAIN) return;
  throw new ChainError(
    `${name} rests on a test setup whose secret is public: anyone can forge its proofs. ` +
      `It is for chain ${LOCAL_CHAIN} only, and this is chain ${chainId}. ` +
      `Import the powers of tau of a real ceremony and build the program again.`,
  );
}

/** Deploys a generated verifier. @throws {ChainError} also as `refuseTestSetup` */
export async function deployGenerated(
  sender: Sender,
  verifier: GeneratedVerifier,
  options: DeployOptions,
): Promise<Address> {
  refuseTestSetup(sender, verifier);
  const { name, bytecode } = verifier;
  return (await deployContract(sender, name, { abi: [], bytecode }, options)).address;
}
