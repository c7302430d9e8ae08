/** What contracts must know of a Halo2 program, and putting them on a chain. */
import { createRuntimes } from "../../runtimes/index.ts";
import type { ProgramSpec } from "../../runtimes/runtime.ts";
import type { Sender } from "../chain/clients.ts";
import { deployHalo2Verifier, type Deployment, halo2Layout } from "../chain/deploy.ts";
import type { DeployOptions } from "../chain/deploy_contract.ts";
import { UserError } from "./cli.ts";
import type { CompiledContract } from "./dev/solidity.ts";

/**
 * Deploys a program's generated verifier, and the adapter that routes name.
 * @throws {UserError} if contracts can't check its proofs
 * @throws {ChainError} also for a test setup on any chain but a local one (DESIGN §7)
 */
export async function deployHalo2(
  sender: Sender,
  spec: ProgramSpec,
  { name, bytecode }: CompiledContract,
  options: DeployOptions = {},
): Promise<Deployment["verifiers"][`0x${string}`]> {
  const { layout, testSetup } = await described(spec);
  const unsafeTestSetup = testSetup || name.startsWith("UnsafeTestSetup");
  const program = {
    programId: spec.programId,
    verifier: { name, bytecode, unsafeTestSetup },
    layout,
  };
  return await deployHalo2Verifier(sender, program, options);
}

/** Asks the program itself how its public values and proofs are laid out. */
async function described(spec: ProgramSpec) {
  const runtimes = createRuntimes({ workers: 1, allowTestSetups: true });
  try {
    const { info } = await runtimes.load(spec, AbortSignal.timeout(120_000));
    return { layout: halo2Layout(info), testSetup: info.unsafeTestSetup };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UserError(`the router can't take its proofs: ${error.message}`);
  } finally {
    await runtimes.close();
  }
}
