/** ws prove for risc0. */
import { basename, extname } from "node:path";
import { bytesToHex, concat, hexToBytes, zeroHash } from "viem";
import type { Execution } from "../../runtimes/risc0/engine.ts";
import { commitmentOf, receiptTypeOf, stdinOf } from "../../runtimes/risc0/input.ts";
import { loadProgram } from "../../runtimes/risc0/load.ts";
import { parseParam, type Risc0Param } from "../../runtimes/risc0/param.ts";
import { checkJournal } from "../../runtimes/risc0/journal.ts";
import { estimate, liftBytes, segmentPo2For } from "../../runtimes/risc0/size.ts";
import { ProgramError, type Progress, type TaskInput } from "../../runtimes/runtime.ts";
import { programIdOf } from "../protocol/task.ts";
import { type Io, UserError } from "./cli.ts";
import { type ProgramFile, readBytes } from "./files.ts";
import type { ProveFlags } from "./prove.ts";
import { writeReceipt } from "./receipt_file.ts";
import { formOf, journalOf, openChecker, programLines } from "./risc0.ts";
import {
  type Job,
  libraryOf,
  Prover,
  proverSettings,
  readPace,
  writePace,
} from "./risc0_prover.ts";

export async function proveRisc0(
  { path, code }: ProgramFile,
  flags: ProveFlags,
  io: Io,
): Promise<void> {
  const param = parseParam(flags.param ?? "");
  const input = await inputOf(flags);
  const form = param.binding === "data" ? "committed" : param.input;
  const binding = flags.binding ?? zeroHash;
  const commits = form === "committed";
  refuseSnark(param, input, flags);
  const checker = await openChecker();
  const loaded = await loadProgram(checker, code, flags.param ?? "");
  const settings = proverSettings();
  const { memoryBytes } = settings;
  const job: Job = {
    stdin: stdinOf(form, input, binding),
    segmentPo2: flags.segmentPo2 ?? segmentPo2For(memoryBytes),
    succinct: (flags.receipt ?? param.receipt) === "succinct",
    journalPrefix: hexToBytes(commits ? concat([commitmentOf(input), binding]) : "0x"),
  };
  const native = await libraryOf(settings.native, (line) => io.progress(line));
  const prover = new Prover(native, loaded, memoryBytes);
  try {
    const execution = await prover.execute(job);
    const said = journalOf(execution.journal, commits);
    const foretold = forecast(execution, job, await readPace());
    const imageId = bytesToHex(loaded.imageId);
    const programId = programIdOf(code, flags.param ?? "");
    const ran = { imageId, programId, ...runOf(execution), ...foretold.json, ...said.json };
    const lines = [
      ...programLines(loaded),
      ...runLines(execution),
      ...foretold.lines,
      ...said.lines,
      ...printed(execution),
    ];
    requireJournal(execution.journal, job.journalPrefix, lines, io);
    if (flags.dryRun) return io.result({ ...ran, output: execution.output }, lines);

    for (const line of [...runLines(execution), ...foretold.lines]) io.progress(line);
    const began = performance.now();
    const watch = watchProof(io);
    const { proof, seconds: proving } = await prover.prove(job, watch.onProgress)
      .finally(() => watch.end());
    const seconds = (performance.now() - began) / 1000;
    await writePace(proving / foretold.rows);
    // By what others will check it with.
    const reason = checker.verify(proof, execution.journal, loaded.imageId);
    if (reason !== undefined) throw new Error(`made a bad proof: it ${reason}`);

    const receipt = flags.output ?? `${basename(path, extname(path))}.receipt.json`;
    await writeReceipt(receipt, {
      version: 1,
      vmType: "risc0",
      programId,
      imageId,
      bindingKind: param.binding,
      publicValues: execution.journal,
      proof,
    });
    const made = formOf(proof);
    const proofBytes = proof.length;
    io.result({ receipt, ...ran, output: execution.output, form: made, proofBytes, seconds }, [
      `receipt  ${receipt}`,
      ...programLines(loaded),
      ...runLines(execution),
      ...said.lines,
      ...printed(execution),
      `proof    ${made}, ${proofBytes} bytes, in ${seconds.toFixed(1)} s`,
    ]);
  } finally {
    await prover.close();
  }
}

async function inputOf(flags: ProveFlags): Promise<TaskInput> {
  const given = [flags.message, flags.input, flags.inputFile].filter((one) => one !== undefined);
  if (given.length > 1) {
    throw new UserError("give one of --message (as often as needed), --input and --input-file");
  }
  const texts = flags.message ?? (flags.input === undefined ? [] : [flags.input]);
  const messages = flags.inputFile === undefined
    ? texts.map((text) => new TextEncoder().encode(text))
    : [await readBytes(flags.inputFile)];
  const salt = flags.salt ? hexToBytes(flags.salt) : crypto.getRandomValues(new Uint8Array(32));
  return { messages, salt };
}

/** @throws {UserError} where the proof would be a Groth16 one, unless --receipt names another */
function refuseSnark(param: Risc0Param, input: TaskInput, { receipt, dryRun }: ProveFlags): void {
  const asked = param.input === "json" ? receiptTypeOf(input) : undefined;
  if ((asked ?? param.receiptType) !== "Snark" || receipt !== undefined || dryRun) return;
  throw new UserError(
    `${asked ? "the message" : "codeExpParam"} asks for a Snark, which only a remote prover ` +
      "makes, for a node: --receipt composite or succinct proves the same run here",
  );
}

/** @throws {ProgramError} after showing the run, for its journal is what is wrong */
function requireJournal(
  journal: Uint8Array,
  prefix: Uint8Array,
  lines: readonly string[],
  io: Io,
): void {
  try {
    checkJournal(journal, prefix);
  } catch (error) {
    for (const line of lines) io.progress(line);
    throw error instanceof ProgramError
      ? new UserError(`${error.message}; its journal is ${bytesToHex(journal)}`)
      : error;
  }
}

const runOf = ({ cycles, provenCycles, segments }: Execution) => ({
  cycles,
  provenCycles,
  segments: segments.map((po2) => ({ po2 })),
});

function runLines({ cycles, provenCycles, segments }: Execution): string[] {
  const sizes = [...new Set(segments)].sort((a, b) => b - a).map((po2) => {
    const count = segments.filter((other) => other === po2).length;
    return `${count} of 2^${po2} rows`;
  });
  return [
    `cycles   ${cycles}, ${provenCycles} with paging and padding`,
    `segments ${segments.length}: ${sizes.join(", ")}`,
  ];
}

function forecast(execution: Execution, { succinct }: Job, secondsPerRow: number | undefined) {
  const { rows, memoryBytes: proving, seconds } = estimate(execution.segments, secondsPerRow);
  const lifts = succinct && execution.segments.length === 1;
  const memoryBytes = Math.max(proving, lifts ? liftBytes : 0);
  const time = seconds === undefined
    ? "not known before this machine's first proof"
    : `about ${Math.ceil(seconds)} s, by the last proof${lifts ? "; making it succinct adds" : ""}`;
  const longer = succinct && !lifts;
  return {
    rows,
    json: { memoryBytes, seconds },
    lines: [
      `memory   about ${Math.round(memoryBytes / 1024 ** 2)} MiB`,
      `time     ${time}`,
      ...(longer ? ["receipt  stays composite: only a run of one segment is made succinct"] : []),
    ],
  };
}

const printed = ({ output }: Execution): string[] =>
  output === "" ? [] : ["printed", ...output.trimEnd().split("\n").map((line) => `  ${line}`)];

/** Says what is being done: at once, and every ten seconds that it takes. */
function watchProof(io: Io) {
  const began = performance.now();
  let doing = "";
  const say = () => {
    const seconds = Math.round((performance.now() - began) / 1000);
    io.progress(`${doing}${seconds > 0 ? ` (${seconds} s)` : ""}`);
  };
  const timer = setInterval(() => doing && say(), 10_000);
  const phases: Readonly<Record<string, (progress: Progress) => string>> = {
    prove: ({ done, total }) => `proving segment ${done + 1} of ${total}`,
    lift: () => "making the proof succinct",
    verify: () => "verifying",
  };
  return {
    onProgress(progress: Progress): void {
      const now = phases[progress.phase]?.(progress);
      if (now === undefined || now === doing) return;
      doing = now;
      say();
    },
    end: () => clearInterval(timer),
  };
}
