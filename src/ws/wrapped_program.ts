/** What contracts must know of a zkwasm program of profile `wrap`. */
import { createRuntimes } from "../../runtimes/index.ts";
import type { ProgramSpec } from "../../runtimes/runtime.ts";
import { classes, type ClassName, provingOfParam } from "../../runtimes/zkwasm/profile.ts";
import { loadSeconds } from "../../runtimes/zkwasm/wrap/index.ts";
import { zkWasmMediumVerifier } from "../chain/bytecode/zkWasmMediumVerifier.ts";
import { zkWasmSmallVerifier } from "../chain/bytecode/zkWasmSmallVerifier.ts";
import type { GeneratedVerifier } from "../chain/generated_verifier.ts";
import type { WrappedProgram } from "../chain/zkwasm_verifier.ts";
import { UserError } from "./cli.ts";
import type { CompiledContract } from "./dev/solidity.ts";

/** Bytes of code that a contract has at most (EIP-170). */
const maxCode = 24_576;

/** Contracts of the test setup. */
const committed: Partial<Record<ClassName, GeneratedVerifier>> = {
  small: zkWasmSmallVerifier,
  medium: zkWasmMediumVerifier,
};

export type Described = WrappedProgram & { readonly className: ClassName };

/** Asks the program itself. @throws {UserError} if contracts can't check its proofs */
export async function wrappedProgram(spec: ProgramSpec): Promise<Described> {
  const proving = spec.vmType === "zkwasm" ? provingOfParam(spec.param) : undefined;
  if (proving?.profile !== "wrap") {
    throw new UserError(
      "contracts can't check its proofs: they check those of zkwasm programs with the " +
        'codeExpParam {"profile":"wrap"}',
    );
  }
  const { class: className } = proving;
  const runtimes = createRuntimes({ workers: 1, allowTestSetups: true });
  try {
    const { info } = await runtimes.load(spec, AbortSignal.timeout(loadSeconds * 1000));
    const { imageId, bindingKind, proofBytes, unsafeTestSetup } = info;
    if (bindingKind === "none" || proofBytes === undefined) {
      throw new TypeError("its runtime states neither binding nor size of proofs");
    }
    const { programId } = spec;
    const stated = { programId, imageId, bindingKind, proofBytes, unsafeTestSetup };
    return { ...stated, class: classes[className], className };
  } finally {
    await runtimes.close();
  }
}

/**
 * The contract that checks proofs of a program's class and key.
 * @param compiled left out: that of the test setup
 * @throws {UserError} if it is too large for a chain, or there is none
 */
export function verifierOf(
  { unsafeTestSetup, className }: Described,
  compiled?: CompiledContract,
): GeneratedVerifier {
  if (compiled) {
    const { name, bytecode, size } = compiled;
    if (size > maxCode) {
      throw new UserError(`${name} has ${size} bytes of code, chains take ${maxCode} at most`);
    }
    return { name, bytecode, unsafeTestSetup: name.startsWith("UnsafeTestSetup") };
  }
  const known = committed[className];
  if (unsafeTestSetup && known) return known;
  throw new UserError(
    unsafeTestSetup
      ? `there is no contract of class ${className} for the test setup`
      : "name the contract of the project's key, which ws verifier setup writes",
  );
}
