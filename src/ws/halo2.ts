/** The part of ws verify for Halo2 programs, which check their proofs themselves. */
import { createRuntimes } from "../../runtimes/index.ts";
import { bytesToHex } from "../hex.ts";
import { bindingOf } from "../protocol/index.ts";
import type { ReceiptFile } from "../protocol/receipt_file.ts";
import { programIdOf } from "../protocol/task.ts";
import { type Io, UserError } from "./cli.ts";
import { readBytes } from "./files.ts";
import type { VerifyFlags } from "./verify.ts";

export async function verifyHalo2(
  path: string,
  file: Extract<ReceiptFile, { vmType: "halo2" }>,
  flags: VerifyFlags,
  io: Io,
): Promise<void> {
  if (flags.program === undefined) {
    throw new UserError(`${path} is a receipt of halo2: give by --program what it is of`);
  }
  const code = await readBytes(flags.program);
  const programId = programIdOf(code, "");
  if (programId !== file.programId) {
    throw new UserError(
      `${path} is of program ${file.programId}, ${flags.program} is ${programId}`,
    );
  }
  // Which chain it is for is not told; what its proofs are worth is shown.
  const runtimes = createRuntimes({ workers: 1, timeoutSeconds: 300, allowTestSetups: true });
  try {
    const signal = AbortSignal.timeout(300_000);
    const program = await runtimes.load({ vmType: "halo2", code, param: "", programId }, signal);
    const { imageId, bindingKind, publicValues, unsafeTestSetup } = program.info;
    if (flags.imageId !== undefined && flags.imageId !== imageId) {
      throw new UserError(`${flags.program} has the image id ${imageId}, not ${flags.imageId}`);
    }
    const receipt = { ...file, imageId, bindingKind };
    const verdict = await program.verify(receipt, signal);
    if (verdict.verdict === "unverifiable") throw new UserError("the program has no verifier");
    const { task } = file;
    const binding = program.statement(receipt)?.binding;
    const other = task && binding !== undefined && binding !== bindingOf(task.taskId, task.prover);
    const reason = verdict.verdict === "invalid"
      ? verdict.reason
      : other
      ? "it is bound to another task or prover than it names"
      : undefined;
    if (reason !== undefined) throw new UserError(`${path} is not valid: ${reason}`);
    const words = publicValues.map((name, i) =>
      [name, BigInt(bytesToHex(file.publicValues.slice(32 * i, 32 * i + 32)))] as const
    );
    io.result({ valid: true, imageId, unsafeTestSetup, task, values: Object.fromEntries(words) }, [
      "valid",
      `image    ${imageId}`,
      ...(unsafeTestSetup
        ? ["setup    a test's, whose secret is public: anyone can forge it"]
        : []),
      ...(task ? [`task     ${task.taskId}, proved by ${task.prover}`] : []),
      ...words.map(([name, value]) => `${name}  ${value}`),
    ]);
  } finally {
    await runtimes.close();
  }
}
