/** What must hold of the worker pool, on Bun and on Deno alike. */
import assert from "node:assert/strict";
import type { Progress } from "../runtime.ts";
import { type Work, WorkerPool } from "../workers.ts";
import { bytes, type Check, fails, never, sleep } from "./rig.ts";

export const workerChecks: Check[] = [];
const check = (name: string, run: () => Promise<void>) => workerChecks.push({ name, run });

const workerModule = new URL("./worker.ts", import.meta.url);
const work = (method: string, rest: Partial<Work> = {}): Work => ({
  owner: "test",
  method,
  args: {},
  timeoutSeconds: 20,
  signal: never,
  ...rest,
});

check("workers: a worker answers, fails with its kind, and is replaced when it dies", async () => {
  const pool = new WorkerPool({ module: workerModule, size: 1 });
  try {
    const args = { n: 1n, bytes: bytes("x") };
    assert.deepEqual(await pool.run(work("echo", { args })), args);
    await fails(pool.run(work("refuse")), "input", /refused/);
    await fails(pool.run(work("throw")), "trap", /thrown/);
    await fails(pool.run(work("die")), "crash", /died/);
    assert.deepEqual(await pool.run(work("echo")), {});
  } finally {
    pool.close();
  }
});

check(
  "workers: a cancelled job notices, and its worker goes on; a late one is timed out",
  async () => {
    const pool = new WorkerPool({ module: workerModule, size: 1 });
    try {
      const abort = new AbortController();
      const seen: Progress[] = [];
      const job = pool.run(work("spin", { signal: abort.signal, onProgress: (p) => seen.push(p) }));
      const waiting = pool.run(work("echo"));
      while (seen.length === 0) await sleep(10);
      assert.equal(pool.waiting, 1);
      abort.abort(new Error("enough"));
      await assert.rejects(job, /enough/);
      assert.deepEqual(await waiting, {});
      await fails(pool.run(work("spin", { timeoutSeconds: 0.2 })), "timeout", /0.2 s/);
      assert.deepEqual(await pool.run(work("echo")), {});
    } finally {
      pool.close();
    }
  },
);

check("workers: a worker that does not notice is replaced after its grace", async () => {
  const pool = new WorkerPool({ module: workerModule, size: 1, grace: 200 });
  try {
    await fails(pool.run(work("deaf", { timeoutSeconds: 0.1 })), "timeout", /./);
    assert.deepEqual(await pool.run(work("echo")), {});
    const job = pool.run(work("spin"));
    await sleep(50);
    pool.close();
    await fails(job, "crash", /stopping/);
    await fails(pool.run(work("echo")), "crash", /stopping/);
  } finally {
    pool.close();
  }
});
