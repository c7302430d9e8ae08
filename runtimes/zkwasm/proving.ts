/** A proof from beginning to end, as workers and child processes make it. */
import { ProgramError } from "../runtime.ts";
import type { Engine, Proven, RunRequest } from "./engine.ts";
import { maxPublicValues, requireFailed, statuses } from "./statement.ts";

/**
 * Runs a loaded program, proves the run and verifies the proof.
 * @param step told of each phase as it begins; what it throws ends the proof
 * @throws {ProgramError}
 */
export function proveRun(
  engine: Engine,
  handle: number,
  request: RunRequest,
  step: (phase: "execute" | "prove" | "verify") => void,
): Proven {
  step("execute");
  const { status, outputs } = engine.execute(handle, request);
  if (status !== 0) {
    const kind = status === requireFailed ? "input" : "trap";
    throw new ProgramError(kind, `the program ended with: ${statuses[status]}`);
  }
  const values = request.public.length + outputs.length;
  if (values > maxPublicValues) {
    throw new ProgramError(
      "input",
      `has ${values} public inputs and outputs of ${maxPublicValues}`,
    );
  }
  step("prove");
  const proven = engine.prove(handle, request);
  step("verify");
  const reason = engine.verify(proven);
  if (reason !== undefined) throw new ProgramError("crash", `made a bad proof: ${reason}`);
  return proven;
}
