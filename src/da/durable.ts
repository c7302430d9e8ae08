import fs from "node:fs";
import { dirname, join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { NodeFS } from "@electric-sql/pglite/nodefs";

/** The parts of Emscripten's module that durability needs. */
interface Module {
  NODEFS: {
    stream_ops: { fsync?: (stream: { nfd: number }) => number };
    tryFSOperation<T>(operation: () => T): T;
  };
  _PostgresMainLoopOnce(): void;
}

/** PGlite's own file layer ignores fsync. */
class DurableFS extends NodeFS {
  override async init(...args: Parameters<NodeFS["init"]>): ReturnType<NodeFS["init"]> {
    const result = await super.init(...args);
    result.emscriptenOpts.preRun?.push((module) => {
      const { NODEFS } = module as unknown as Module;
      NODEFS.stream_ops.fsync = (stream) =>
        NODEFS.tryFSOperation(() => {
          fs.fsyncSync(stream.nfd);
          return 0;
        });
    });
    return result;
  }
}

const startParams = [
  // -F turns fsync off.
  ...PGlite.defaultStartParams.filter((parameter) => parameter !== "-F"),
  ...["-c", "wal_sync_method=fsync", "-c", "max_wal_size=256MB"],
];

/**
 * Opens the PGlite in `directory` with every commit synced to the disk.
 *
 * @param onPanic called once when the server is dead; its memory must not be used any more
 */
export async function openDurable(
  directory: string,
  onPanic: (reason: string) => void,
): Promise<PGlite> {
  const lastWords = { text: "" };
  try {
    const database = await open(directory, lastWords);
    watch(
      database.Module as unknown as Module,
      (error) => onPanic(lastWords.text || String(error)),
    );
    return database;
  } catch (error) {
    throw new Error(lastWords.text || String(error), { cause: error });
  }
}

const open = (directory: string, lastWords = { text: "" }) =>
  PGlite.create({
    fs: new DurableFS(directory),
    startParams,
    onStderr(line) {
      if (/PANIC|FATAL/.test(line)) lastWords.text = line;
      return false;
    },
  });

/**
 * Makes an empty database where there is none. It is made aside and renamed, so that a crash leaves
 * all of it or nothing. Takes some hundred megabytes, which this thread keeps.
 */
export async function createDurable(directory: string): Promise<void> {
  if (fs.existsSync(directory)) return;
  const draft = `${directory}.new`;
  fs.rmSync(draft, { recursive: true, force: true });
  await (await open(draft)).close();
  syncTree(draft);
  fs.renameSync(draft, directory);
  syncPath(dirname(directory));
}

function syncTree(directory: string): void {
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) syncTree(path);
    else syncPath(path);
  }
  syncPath(directory);
}

function syncPath(path: string): void {
  const descriptor = fs.openSync(path, "r");
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/**
 * PostgreSQL's PANIC ends its process; here it surfaces as an exception, at which PGlite would run
 * the dead server again, for ever.
 */
function watch(module: Module, onPanic: (error: unknown) => void): void {
  const longjmp = 100; // an ordinary error's way back to the main loop
  const run = module._PostgresMainLoopOnce.bind(module);
  module._PostgresMainLoopOnce = () => {
    try {
      run();
    } catch (error) {
      if ((error as { status?: number }).status === longjmp) throw error;
      onPanic(error);
    }
  };
}
