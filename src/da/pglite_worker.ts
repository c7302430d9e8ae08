/**
 * Runs PGlite in a worker thread and speaks PostgreSQL's wire protocol over the worker's port, so
 * that a query blocks this thread and not the node's.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { PGlite } from "@electric-sql/pglite";
import { NodeFS } from "@electric-sql/pglite/nodefs";

/** What the other side may send beside protocol bytes. */
export type WorkerRequest = Uint8Array<ArrayBuffer> | "close";
export type WorkerReply =
  | Uint8Array<ArrayBuffer>
  | "ready"
  | "closed"
  | { readonly fatal: string };

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
          fsyncSync(stream.nfd);
          return 0;
        });
    });
    return result;
  }
}

const startParams = [
  // -F turns fsync off.
  ...PGlite.defaultStartParams.filter((parameter) => parameter !== "-F"),
  "-c",
  "wal_sync_method=fsync",
  "-c",
  "max_wal_size=256MB",
];

const open = (directory: string) => PGlite.create({ fs: new DurableFS(directory), startParams });

function fsyncPath(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function fsyncTree(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) fsyncTree(path);
    else fsyncPath(path);
  }
  fsyncPath(directory);
}

/** Makes an empty database aside and renames it, so that a crash leaves all of it or nothing. */
async function create(directory: string): Promise<void> {
  const draft = `${directory}.new`;
  rmSync(draft, { recursive: true, force: true });
  await (await open(draft)).close();
  fsyncTree(draft);
  renameSync(draft, directory);
  fsyncPath(dirname(directory));
}

function post(reply: WorkerReply): void {
  parentPort?.postMessage(reply, reply instanceof Uint8Array ? [reply.buffer] : []);
}

/** A buffer of its own, since PGlite may go on using the one that it answers from. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.byteLength === bytes.buffer.byteLength
    ? bytes as Uint8Array<ArrayBuffer>
    : bytes.slice();
}

/**
 * PostgreSQL's PANIC ends the process; here it surfaces as an exception that PGlite would meet by
 * running the dead server again, for ever.
 */
function stopOnPanic(module: Module): void {
  const LONGJMP = 100; // an ordinary error's way back to the main loop
  const run = module._PostgresMainLoopOnce.bind(module);
  module._PostgresMainLoopOnce = () => {
    try {
      run();
    } catch (error) {
      if ((error as { status?: number }).status === LONGJMP) throw error;
      post({ fatal: String(error) });
      // The parent terminates this worker; nothing may touch the files until then.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    }
  };
}

async function main(directory: string): Promise<void> {
  if (!existsSync(directory)) await create(directory);
  const database = await open(directory);
  stopOnPanic(database.Module as unknown as Module);
  parentPort?.on("message", async (request: WorkerRequest) => {
    if (request === "close") {
      await database.close();
      post("closed");
    } else {
      post(owned(await database.execProtocolRaw(request, { syncToFs: false })));
    }
  });
  post("ready");
}

main((workerData as { directory: string }).directory).catch((error) =>
  post({ fatal: String(error) })
);
