/** The child's side of a cage: reads calls from its input, answers on its output. */
import { writeSync } from "node:fs";
import process from "node:process";
import { openPermissions } from "../src/platform.ts";
import { encodeFrame, FrameReader } from "./frames.ts";
import { type Limits, ProgramError, type Progress } from "./runtime.ts";

/** Reports progress; calls that come too fast are dropped. */
export type Report = (progress: Progress) => void;

/** A program inside the child. It runs one call at a time. */
export interface CagedProgram {
  call(method: string, args: unknown, report: Report): unknown;
}

/** What the parent asks; `source` comes with the first call of a program in this child. */
export interface Request {
  readonly program: string;
  readonly source?: unknown;
  /** Programs to forget first. */
  readonly unload: readonly string[];
  readonly method: string;
  readonly args: unknown;
  readonly limits: Limits;
}

/** What the child answers; `progress` any number of times before `done` or `failed`. */
export type Reply =
  | { readonly k: "ready" }
  | { readonly k: "progress"; readonly progress: Progress }
  | { readonly k: "done"; readonly value?: unknown }
  | {
    readonly k: "failed";
    readonly kind: string;
    readonly message: string;
    /** Whether the program is loaded in this child. */
    readonly loaded: boolean;
  };

/** Longest request that a child reads. */
const maxRequestBytes = 512 * 1024 * 1024;
/** Milliseconds between two reports of one phase. */
const reportInterval = 100;

/**
 * Serves calls until the parent closes the pipe. Refuses to where it could do more than compute.
 *
 * Answers are written synchronously: a program that is inside WASM lets no event loop run, and its
 * progress must come out all the same.
 */
export function serveCalls(
  load: (source: unknown, limits: Limits, report: Report) => CagedProgram | Promise<CagedProgram>,
): void {
  const open = openPermissions();
  if (open.length > 0) throw new Error(`the cage is open: it allows ${open.join(", ")}`);
  const programs = new Map<string, CagedProgram>();
  const reader = new FrameReader(maxRequestBytes);
  const serve = async (request: Request): Promise<Reply> => {
    const report = limitedReport();
    for (const id of request.unload) programs.delete(id);
    try {
      let program = programs.get(request.program);
      if (!program) {
        report({ phase: "load", done: 0, total: 1 });
        program = await load(request.source, request.limits, report);
        programs.set(request.program, program);
      }
      return { k: "done", value: await program.call(request.method, request.args, report) };
    } catch (error) {
      const loaded = programs.has(request.program);
      if (error instanceof ProgramError) {
        return { k: "failed", kind: error.kind, message: error.message, loaded };
      }
      const { name, message } = error instanceof Error ? error : new Error("no reason given");
      return { k: "failed", kind: "trap", message: `${name}: ${message}`.slice(0, 300), loaded };
    }
  };
  let last: Promise<void> = Promise.resolve();
  process.stdin.on("data", (chunk: Uint8Array) => {
    for (const request of reader.push(chunk)) {
      last = last.then(async () => send(await serve(request as Request)));
    }
  });
  process.stdin.on("end", () => process.exit(0));
  send({ k: "ready" });
}

function send(reply: Reply): void {
  const frame = encodeFrame(reply);
  for (let at = 0; at < frame.length;) at += writeSync(1, frame, at);
}

function limitedReport(): Report {
  let phase = "", next = 0;
  return (progress) => {
    const now = performance.now();
    if (progress.phase === phase && now < next) return;
    phase = progress.phase;
    next = now + reportInterval;
    send({ k: "progress", progress });
  };
}
