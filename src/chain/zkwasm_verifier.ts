import type { Address, Hex } from "viem";
import type { BindingKind } from "../../runtimes/runtime.ts";
import { unsafeTestSetupZkWasmAdapterBytecode } from "./bytecode/unsafeTestSetupZkWasmAdapter.ts";
import { zkWasmAdapterBytecode } from "./bytecode/zkWasmAdapter.ts";
import { zkWasmAdapterAbi } from "./abi/zkWasmAdapter.ts";
import type { Sender } from "./clients.ts";
import type { Deployment } from "./deploy.ts";
import { deployContract, type DeployOptions } from "./deploy_contract.ts";
import { ChainError } from "./errors.ts";
import {
  deployGenerated,
  type GeneratedVerifier,
  refuseTestSetup,
  VERIFY_GAS,
} from "./generated_verifier.ts";

/** A program whose runs are proven in profile `wrap`. */
export interface WrappedProgram {
  readonly programId: Hex;
  readonly imageId: Hex;
  /** Logarithm of the height of the class's tables. */
  readonly class: number;
  readonly bindingKind: Exclude<BindingKind, "none">;
  readonly proofBytes: number;
  /** Whether the verifying key that its project names is of the test setup. */
  readonly unsafeTestSetup: boolean;
}

/** `IProofVerifier.Binding`. */
const kinds = { tag: 1, data: 2 } as const;

/**
 * Deploys the adapter for one program, and what verifies its class's proofs under the key that its
 * project names: one such contract serves all programs of class and key.
 * @param verifier that contract: to be deployed, or where it is
 * @throws {ChainError} also for a test setup on any chain but a local one (DESIGN §7)
 */
export async function deployZkWasmVerifier(
  sender: Sender,
  program: WrappedProgram,
  verifier: GeneratedVerifier | Address,
  options: DeployOptions = {},
): Promise<Deployment["verifiers"][Hex]> {
  const { programId, imageId, bindingKind, unsafeTestSetup } = program;
  refuseTestSetup(sender, { name: "the verifying key of the project", unsafeTestSetup });
  if (typeof verifier !== "string" && verifier.unsafeTestSetup !== unsafeTestSetup) {
    throw new ChainError(
      unsafeTestSetup
        ? `the project's verifying key is of the test setup, ${verifier.name} is not: name its key ` +
          "in codeExpParam"
        : `${verifier.name} is of the test setup, the project's verifying key is not: give the ` +
          "contract of its key",
    );
  }
  const generated = typeof verifier === "string"
    ? verifier
    : await deployGenerated(sender, verifier, options);
  const adapter = await deployContract(
    sender,
    unsafeTestSetup ? "UnsafeTestSetupZkWasmAdapter" : "ZkWasmAdapter",
    {
      abi: zkWasmAdapterAbi,
      bytecode: unsafeTestSetup ? unsafeTestSetupZkWasmAdapterBytecode : zkWasmAdapterBytecode,
      args: [
        generated,
        programId,
        imageId,
        program.class,
        kinds[bindingKind],
        BigInt(program.proofBytes),
        VERIFY_GAS,
      ],
    },
    options,
  );
  return { verifier: generated, adapter: adapter.address };
}
