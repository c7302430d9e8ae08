/**
 * Runs PGlite in a worker thread and speaks PostgreSQL's wire protocol over the worker's port, so
 * that a query blocks this thread and not the node's.
 */
import { parentPort, workerData } from "node:worker_threads";
import { createDurable, openDurable } from "./durable.ts";

/** Bytes of the protocol, or the end. */
export type WorkerRequest = Uint8Array<ArrayBuffer> | "close";
export type WorkerReply =
  | Uint8Array<ArrayBuffer>
  | "ready"
  | "closed"
  | { readonly fatal: string };

function post(reply: WorkerReply): void {
  parentPort?.postMessage(reply, reply instanceof Uint8Array ? [reply.buffer] : []);
}

/** A buffer of its own, since PGlite may go on using the one that it answers from. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.byteLength === bytes.buffer.byteLength
    ? bytes as Uint8Array<ArrayBuffer>
    : bytes.slice();
}

export interface WorkerData {
  readonly directory: string;
  /** Only makes the database, and ends. */
  readonly create: boolean;
}

async function main({ directory, create }: WorkerData): Promise<void> {
  if (create) {
    await createDurable(directory);
    return post("closed");
  }
  const database = await openDurable(directory, (reason) => {
    post({ fatal: reason });
    // The parent terminates this worker; nothing may touch the files until then.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
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

main(workerData as WorkerData).catch((error) => post({ fatal: (error as Error).message }));
