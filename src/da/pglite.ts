import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import postgres from "postgres";
import type { Log } from "../log.ts";
import { type Database, Listeners } from "./database.ts";
import { lockDirectory } from "./lock.ts";
import type { WorkerData, WorkerReply, WorkerRequest } from "./pglite_worker.ts";
import { type Client, clientOptions, NoAnswerError, queryWith } from "./postgres.ts";

const startWorker = (workerData: WorkerData): Worker =>
  new Worker(new URL("./pglite_worker.ts", import.meta.url), { workerData });

/** Makes the database if there is none, in a thread whose memory is given back. */
async function createDatabase(directory: string): Promise<void> {
  const worker = startWorker({ directory, create: true });
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on(
        "message",
        (reply: WorkerReply) =>
          reply === "closed" ? resolve() : reject(
            new Error(
              `the embedded database can't be made: ${(reply as { fatal?: string }).fatal}`,
            ),
          ),
      );
      worker.on("error", reject);
    });
  } finally {
    await worker.terminate();
  }
}

/** A connection of the postgres.js client to a PGlite in a worker thread of its own. */
class WorkerSocket extends EventEmitter {
  readyState: "open" | "closed" = "open";
  #worker: Worker;
  #ready = Promise.withResolvers<void>();
  #stopped = Promise.withResolvers<void>();
  #unsent: WorkerRequest[] | undefined = [];
  #ending = false;

  constructor(directory: string) {
    super();
    this.#worker = startWorker({ directory, create: false });
    this.#worker.on("message", (reply: WorkerReply) => {
      if (reply instanceof Uint8Array) {
        if (reply.length > 0) this.emit("data", Buffer.from(reply.buffer));
      } else if (reply === "ready") {
        for (const request of this.#unsent ?? []) this.#post(request);
        this.#unsent = undefined;
        this.#ready.resolve();
      } else if (reply === "closed") this.#stop();
      else this.#stop(new Error(`the embedded database stopped: ${reply.fatal}`));
    });
    this.#worker.on("error", (error) => this.#stop(error));
    this.#worker.on("exit", () => this.#stop(new Error("the embedded database's thread ended")));
    // Only the first opening is awaited; later failures reach the client as errors of the socket.
    this.#ready.promise.catch(() => {});
  }

  /** @throws when the database can't be opened */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Settles when the worker has let go of its files. */
  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  /** postgres.js writes whole protocol messages. */
  write(chunk: Uint8Array, done?: () => void): boolean {
    this.#send(new Uint8Array(chunk));
    done?.();
    return true;
  }

  /** Checkpoints and closes the database, after what was written before. */
  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#send("close");
  }

  destroy(error = new Error("the embedded database was stopped")): void {
    this.#stop(error);
  }

  #send(request: WorkerRequest): void {
    if (this.readyState === "closed") return;
    if (this.#unsent) this.#unsent.push(request);
    else this.#post(request);
  }

  #post(request: WorkerRequest): void {
    this.#worker.postMessage(request, request === "close" ? [] : [request.buffer]);
  }

  async #stop(error?: unknown): Promise<void> {
    if (this.readyState === "closed") return;
    this.readyState = "closed";
    await this.#worker.terminate();
    this.#ready.reject(error);
    this.#stopped.resolve();
    if (error !== undefined && this.listenerCount("error") > 0) this.emit("error", error);
    this.emit("close", error !== undefined);
  }
}

/** WAL bytes after which a checkpoint is due, and dead rows after which a table is vacuumed. */
const checkpointBytes = 64n << 20n;
const vacuumRows = 10_000n;
const maintenanceMs = 30_000;

/** Long enough for a vacuum, which nothing can run beside. */
const statementTimeoutSeconds = 120;

/**
 * An embedded PostgreSQL (PGlite) in `directory`, durable: each commit is synced to the disk.
 *
 * @throws {DirectoryInUseError}
 */
export async function openPglite(
  config: { readonly directory: string; readonly log: Log },
): Promise<Database> {
  const { directory, log } = config;
  const unlock = lockDirectory(directory);
  const files = join(directory, "database");
  const open = () => new WorkerSocket(files);
  let socket: WorkerSocket;
  try {
    if (!existsSync(files)) await createDatabase(files);
    socket = open();
    await socket.ready;
  } catch (error) {
    unlock();
    throw error;
  }
  let unused: WorkerSocket | undefined = socket;
  const client: Client = postgres({
    ...clientOptions,
    // The one session of the embedded server; statements queue in it.
    max: 1,
    max_lifetime: null,
    connect_timeout: statementTimeoutSeconds,
    user: "postgres",
    database: "postgres",
    // Called again after the worker died: the write-ahead log is replayed then.
    socket: async () => {
      if (unused) [socket, unused] = [unused, undefined];
      else {
        await socket.stopped;
        socket = open();
      }
      return socket;
    },
  } as postgres.Options<{ bigint: postgres.PostgresType<bigint> }>);
  const listeners = new Listeners();
  const held = new Set<string>();
  const query = queryWith(() => client, (error) => {
    log.error({ err: error }, "embedded database");
    if (error instanceof NoAnswerError) socket.destroy(error);
  }, statementTimeoutSeconds);
  const end = async () => {
    clearInterval(timer);
    // The pool's own `end` does not wait for the worker's checkpoint.
    await client.end({ timeout: 5 });
    socket.end();
    await socket.stopped;
    unlock();
  };
  const timer = setInterval(() => {
    maintain().catch((error) => log.warn({ err: error }, "maintenance of the embedded database"));
  }, maintenanceMs);
  timer.unref?.();

  /** What PostgreSQL's background processes do; the embedded server has none. */
  async function maintain(): Promise<void> {
    const [wal] = await query<{ bytes: bigint }>(
      `select (pg_current_wal_insert_lsn() - redo_lsn)::int8 as bytes from pg_control_checkpoint()`,
    );
    if (wal && wal.bytes > checkpointBytes) await query("checkpoint");
    const tables = await query<{ name: string }>(
      `select format('%I.%I', schemaname, relname) as name from pg_stat_user_tables
        where n_dead_tup > $1 or n_mod_since_analyze > $1`,
      [vacuumRows],
    );
    for (const { name } of tables) await query(`vacuum (analyze) ${name}`);
  }

  return {
    kind: "pglite",
    // One statement runs while the next one is being sent.
    concurrency: 2,
    query,
    transaction: (work) =>
      client.begin((tx) =>
        work(
          queryWith(() => tx, () => {}),
          async (text) => void await tx.unsafe(text).simple(),
        )
      ) as ReturnType<typeof work>,
    // The directory's lock makes this process the only one on this database.
    async tryLock(name) {
      if (held.has(name)) return undefined;
      held.add(name);
      return async () => void held.delete(name);
    },
    notify: (channel) => queueMicrotask(() => listeners.call(channel)),
    listen: (channel, listener) => listeners.add(channel, listener),
    close: end,
  };
}
