import type { ChildProcess } from "node:child_process";
import { z } from "zod";
import { type CageKind, spawnCaged } from "./cage.ts";
import type { Reply, Request } from "./child.ts";
import { encodeFrame, FrameReader } from "./frames.ts";
import { type Limits, ProgramError, programErrorKinds, type Progress } from "./runtime.ts";

const count = z.number().nonnegative();
const reply: z.ZodType<Reply> = z.discriminatedUnion("k", [
  z.object({ k: z.literal("ready") }),
  z.object({
    k: z.literal("progress"),
    progress: z.object({ phase: z.string().max(64), done: count, total: count }),
  }),
  z.object({ k: z.literal("done"), value: z.unknown() }),
  z.object({
    k: z.literal("failed"),
    kind: z.enum(programErrorKinds),
    message: z.string().max(4096),
    loaded: z.boolean(),
  }),
]);

/** One call into a program, as a pool runs it. */
export interface Call {
  readonly kind: CageKind;
  /** Calls of one program use a child that has it loaded where they can. */
  readonly programId: string;
  /** What the child's `load` gets, once a child. */
  readonly source: unknown;
  readonly method: string;
  readonly args: unknown;
  readonly limits: Limits;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

interface Running {
  readonly call: Call;
  readonly timer: ReturnType<typeof setTimeout>;
  readonly abort: () => void;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface CellEvents {
  /** The child can take its first call. */
  ready(): void;
  /** A call ended and the child still lives. */
  free(): void;
  /** The process is gone; with text when it never became ready. */
  gone(startFailure: string | undefined): void;
}

/** Longest text kept of what a child wrote on stderr before it was ready. */
const maxStderr = 1000;
/** Longest time that a timer holds; a longer one would fire at once. */
const maxTimerMs = 2 ** 31 - 1;

/** A child process and the one call that it runs. Whatever goes wrong ends it. */
export class Cell {
  /** Programs loaded in the child, least recently used first. */
  readonly programs = new Set<string>();
  /** Last sampled and highest sampled resident bytes. */
  memory = 0;
  peakMemory = 0;
  /** Whether that is what its last call left behind, not what it took. */
  settled = true;
  readonly exited: Promise<void>;
  #child: ChildProcess;
  #running: Running | undefined;
  #ready = false;
  #doomed = false;
  #stderr = "";
  #startTimer: ReturnType<typeof setTimeout>;

  constructor(
    readonly kind: CageKind,
    private readonly options: {
      readonly maxReplyBytes: number;
      readonly maxPrograms: number;
      readonly startSeconds: number;
    },
    private readonly events: CellEvents,
  ) {
    const child = spawnCaged(kind);
    this.#child = child;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.exited = promise;
    child.on("exit", (code, signal) => {
      this.#end(signal ? `was ended by ${signal}` : `ended with exit code ${code}`);
      resolve();
    });
    child.on("error", (error) => {
      this.#end(`could not be started: ${error.message}`);
      resolve();
    });
    const reader = new FrameReader(options.maxReplyBytes);
    child.stdout?.on("data", (chunk: Uint8Array) => this.#read(reader, chunk));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      // Only what comes before any input was given may be shown.
      if (!this.#ready) this.#stderr = (this.#stderr + text).slice(-maxStderr);
    });
    child.stdin?.on("error", () => this.kill());
    this.#startTimer = setTimeout(() => {
      this.#stderr ||= `not ready after ${options.startSeconds} s`;
      this.kill();
    }, options.startSeconds * 1000);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get idle(): boolean {
    return this.#ready && !this.#doomed && !this.#running;
  }

  get starting(): boolean {
    return !this.#ready && !this.#doomed;
  }

  get doomed(): boolean {
    return this.#doomed;
  }

  get limits(): Limits | undefined {
    return this.#running?.call.limits;
  }

  /** Runs a call on an idle cell. Settles when the call ends or its process is told to die. */
  run(call: Call): Promise<unknown> {
    if (!this.idle) throw new Error("a cell runs one call at a time");
    const { programId, limits, signal, method, args, source } = call;
    const known = this.programs.has(programId);
    const others = [...this.programs].filter((id) => id !== programId);
    const unload = others.slice(0, Math.max(0, others.length + 1 - this.options.maxPrograms));
    return new Promise((resolve, reject) => {
      const request: Request = { program: programId, unload, method, args, limits };
      const frame = encodeFrame(known ? request : { ...request, source });
      for (const id of [...unload, programId]) this.programs.delete(id);
      this.programs.add(programId);
      const abort = () => this.kill(signal.reason);
      const late = new ProgramError("timeout", `took longer than ${limits.timeoutSeconds} s`);
      const timer = setTimeout(
        () => this.kill(late),
        Math.min(limits.timeoutSeconds * 1000, maxTimerMs),
      );
      this.settled = false;
      this.#running = { call, timer, abort, resolve, reject };
      signal.addEventListener("abort", abort, { once: true });
      this.#child.stdin?.write(frame);
    });
  }

  /** Takes a memory sample; above the call's limit the process dies. */
  sampled(bytes: number): void {
    this.memory = bytes;
    this.peakMemory = Math.max(this.peakMemory, bytes);
    const limit = this.limits?.memoryBytes;
    if (limit !== undefined && bytes > limit) {
      const mib = (n: number) => `${Math.round(n / 1048576)} MiB`;
      this.kill(
        new ProgramError("memory", `used ${mib(bytes)}, at most ${mib(limit)} are allowed`),
      );
    }
  }

  /** Ends the process and fails its call. */
  kill(reason: unknown = new ProgramError("crash", "its process was ended")): void {
    this.#doomed = true;
    this.#child.kill("SIGKILL");
    this.#take()?.reject(reason);
  }

  #take(): Running | undefined {
    const running = this.#running;
    if (!running) return undefined;
    this.#running = undefined;
    clearTimeout(running.timer);
    running.call.signal.removeEventListener("abort", running.abort);
    return running;
  }

  #read(reader: FrameReader, chunk: Uint8Array): void {
    if (this.#doomed) return;
    try {
      for (const frame of reader.push(chunk)) this.#onReply(reply.parse(frame));
    } catch (error) {
      this.kill(new ProgramError("crash", "its process broke the protocol", { cause: error }));
    }
  }

  #onReply(message: Reply): void {
    if (message.k === "ready") {
      this.#ready = true;
      clearTimeout(this.#startTimer);
      return this.events.ready();
    }
    if (message.k === "progress") return this.#onProgress(message.progress);
    const running = this.#take();
    if (!running) throw new Error("an answer without a call");
    if (message.k === "done") {
      running.resolve(message.value);
    } else {
      if (!message.loaded) this.programs.delete(running.call.programId);
      const kind = message.kind as ProgramError["kind"];
      running.reject(new ProgramError(kind, message.message));
    }
    this.events.free();
  }

  #onProgress(progress: Progress): void {
    try {
      this.#running?.call.onProgress?.(progress);
    } catch (error) {
      // The caller's own failure is its reason to end the call.
      this.kill(error);
    }
  }

  #end(how: string): void {
    clearTimeout(this.#startTimer);
    this.#doomed = true;
    this.#take()?.reject(new ProgramError("crash", `its process ${how}`));
    const started = this.#ready;
    this.events.gone(started ? undefined : `${how}${this.#stderr ? `: ${this.#stderr}` : ""}`);
  }
}
