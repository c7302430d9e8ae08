import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { abortable, sleep } from "../abort.ts";
import { errorText, type Log } from "../log.ts";
import { limits } from "./limits.ts";

export interface DirectoryOptions {
  readonly directory: string;
  /** Milliseconds between looks. Default 1000. */
  readonly pollMs?: number | undefined;
  readonly log: Log;
  /** A file that is new or was written. */
  readonly onFile: (file: ProjectFileBytes) => Promise<void>;
  readonly onRemoved: (id: bigint) => void;
}

export interface ProjectFileBytes {
  readonly id: bigint;
  readonly path: string;
  /** Undefined: `problem` says why it can't be read. */
  readonly bytes: Uint8Array | undefined;
  readonly problem: string | undefined;
}

/** Decimal project id, as the original names them, or with `.json`. */
const fileName = /^([1-9]\d{0,18})(\.json)?$/;
const maxId = (1n << 63n) - 1n;

/** Watches a directory of project files by looking at it: that works on every file system. */
export class DirectoryWatcher {
  readonly #stop = new AbortController();
  readonly #seen = new Map<bigint, string>();
  #loop: Promise<void> | undefined;
  #readable = true;

  constructor(private readonly options: DirectoryOptions) {}

  /** Resolves when every file that is there was handed on. */
  async start(): Promise<void> {
    await this.#look();
    this.#loop = this.#run();
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error("the project manager is closed"));
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await sleep(this.options.pollMs ?? 1000, signal);
      if (!signal.aborted) await this.#look();
    }
  }

  async #look(): Promise<void> {
    const { directory, log } = this.options;
    let names: string[];
    try {
      names = await readdir(directory);
      this.#readable = true;
    } catch (error) {
      if (this.#readable) {
        log.warn(
          { directory, reason: errorText(error) },
          "PROJECT_FILE_DIRECTORY can't be read; its projects stay as they are",
        );
      }
      this.#readable = false;
      return;
    }
    const files = new Map<bigint, string>();
    for (const name of names.sort()) {
      const id = BigInt(fileName.exec(name)?.[1] ?? 0);
      if (id > 0n && id <= maxId && !files.has(id)) files.set(id, join(directory, name));
    }
    for (const [id, path] of files) await this.#lookAt(id, path);
    for (const id of [...this.#seen.keys()]) {
      if (files.has(id)) continue;
      this.#seen.delete(id);
      this.options.onRemoved(id);
    }
  }

  async #lookAt(id: bigint, path: string): Promise<void> {
    let bytes: Uint8Array | undefined;
    let problem: string | undefined;
    try {
      const before = await stat(path);
      if (!before.isFile()) return;
      const mark = `${path} ${before.mtimeMs} ${before.ctimeMs} ${before.size} ${before.ino}`;
      if (this.#seen.get(id) === mark) return;
      this.#seen.set(id, mark);
      if (before.size > limits.fileBytes) {
        problem = `the project file has more than ${limits.fileBytes} bytes`;
      } else bytes = await readFile(path);
    } catch (error) {
      // Removed in between: the next look sees it.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      problem = `the project file can't be read: ${errorText(error)}`;
    }
    const { signal } = this.#stop;
    const handed = this.options.onFile({ id, path, bytes, problem });
    await abortable(handed, signal).catch((error) => {
      if (!signal.aborted) throw error;
    });
  }
}
