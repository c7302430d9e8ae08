/** The proofs here are opaque bytes: the client hands receipts on and never reads them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BentoFaults, BentoServer } from "../testing/bento.ts";
import { bytes, never, sleep } from "../testing/rig.ts";
import { ProgramError, type Progress } from "../runtime.ts";
import { type BentoOptions, bentoProver, type RemoteProof, type RemoteProver } from "./bento.ts";
import { followable } from "./bento-api.ts";
import { openSessions } from "./sessions.ts";

const apiKey = "api-key-hunter2";
const secret = "private-reading-21.5";
const stark = bytes("an opaque stark receipt");
const groth16 = bytes("an opaque groth16 receipt");
const request = (change: Partial<RemoteProof> = {}): RemoteProof => ({
  imageId: new Uint8Array(32).fill(0xab),
  binary: bytes("R0BF a program"),
  stdin: bytes(secret),
  snark: false,
  key: "task 1",
  ...change,
});
const status = /sessions\/status/;

let server: BentoServer, directory: string;
/** Lets the proofs end that wait for it. */
let finish: () => void;
let held: Promise<void>;
const hold = () => held = new Promise((resolve) => finish = resolve);

const client = async (options: Partial<BentoOptions> = {}): Promise<RemoteProver> =>
  bentoProver({
    url: server.url,
    apiKey,
    sessions: await openSessions(directory),
    pollSeconds: 0.02,
    retrySeconds: 0.3,
    timeoutSeconds: 4,
    ...options,
  });
const prove = async (change?: Partial<RemoteProof>, options?: Partial<BentoOptions>) =>
  await (await client(options)).prove(request(change), never);

/** What a call fails with; no failure may tell a secret. */
async function failure(proof: Promise<unknown>): Promise<ProgramError> {
  const error = await proof.then(() => undefined, (error) => error);
  expect(error).toBeInstanceOf(ProgramError);
  const told = Bun.inspect(error, { depth: 10 });
  for (const text of [apiKey, "hunter2", secret]) expect(told).not.toContain(text);
  return error;
}
const until = async (holds: () => boolean) => {
  while (!holds()) await sleep(2);
};
const kept = async () => (await readdir(directory)).length;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bento-"));
  held = Promise.resolve();
  server = await BentoServer.start({
    prove: async () => {
      await held;
      return stark;
    },
    wrap: async () => {
      await held;
      return groth16;
    },
  });
});
afterEach(async () => {
  finish?.();
  await server.close();
  await rm(directory, { recursive: true });
});

describe("a run is proved elsewhere, and its receipt handed on as opaque bytes", () => {
  test("from the upload to the receipt", async () => {
    expect((await prove()).receipt).toEqual(new Uint8Array(stark));
    const imageId = "ab".repeat(32);
    expect(server.images.get(imageId)).toEqual(Buffer.from("R0BF a program"));
    expect([...server.inputs.values()]).toEqual([Buffer.from(secret)]);
    expect(server.requests.map(({ line }) => line.replace(/\/[0-9a-f-]{36}$/, "/id"))).toEqual([
      `GET /images/upload/${imageId}`,
      `PUT /images/upload/${imageId}`,
      "GET /inputs/upload",
      "PUT /inputs/upload/id",
      "POST /sessions/create",
      "GET /sessions/status/id",
      "GET /receipts/stark/receipt/id",
    ]);
    for (const { headers } of server.requests) {
      expect(headers["x-api-key"]).toBe(apiKey);
      expect(headers["x-risc0-version"]).toBe("5.0.0-rc.1");
    }
    expect(await kept()).toBe(0);
  });

  test("a program that is there is not sent again", async () => {
    await prove();
    await prove({ key: "task 2" });
    expect(server.count(/PUT .images/)).toBe(1);
    expect(server.count(/POST .sessions/)).toBe(2);
  });

  test("as Groth16 where that is asked for", async () => {
    expect((await prove({ snark: true })).receipt).toEqual(new Uint8Array(groth16));
    expect(server.requests.at(-1)?.line).toMatch(/groth16/);
    expect(await kept()).toBe(0);
  });

  test("without a key, none is sent", async () => {
    await prove({}, { apiKey: undefined });
    expect(server.requests.every(({ headers }) => headers["x-api-key"] === undefined)).toBe(true);
  });

  test("its progress is told", async () => {
    hold();
    const seen: Progress[] = [];
    const proof = (await client()).prove(request(), never, (progress) => {
      seen.push(progress);
      if (progress.phase !== "prove") return;
      if (progress.total === 0) server.setJobs({ state: "ProveSegments: 3/7" });
      else finish();
    });
    await proof;
    expect(seen).toContainEqual({ phase: "upload", done: 0, total: 0 });
    expect(seen).toContainEqual({ phase: "prove", done: 3, total: 7 });
    expect(seen.at(-1)?.phase).toBe("download");
  });

  test("another receipt than was asked for is handed on too: the caller verifies", async () => {
    server.faults = { receipt: bytes("of another program") };
    expect((await prove()).receipt).toEqual(new Uint8Array(bytes("of another program")));
  });
});

describe("goes on where it was", () => {
  test("after this process restarted: a new client with the same store", async () => {
    hold();
    void prove().catch(() => {});
    await until(() => server.count(status) > 0);
    const resumed = prove();
    await until(() => server.count(status) > 3);
    finish();
    expect((await resumed).receipt).toEqual(new Uint8Array(stark));
    expect(server.count(/POST/)).toBe(1);
    expect(server.inputs.size).toBe(1);
  });

  test("after a restart while Groth16 is made", async () => {
    hold();
    const slow = await BentoServer.start({
      prove: async () => stark,
      wrap: () => held.then(() => groth16),
    });
    const again = { url: slow.url };
    void prove({ snark: true }, again).catch(() => {});
    await until(() => slow.count(/GET .snark/) > 0);
    const resumed = prove({ snark: true }, again);
    await until(() => slow.count(status) > 1);
    finish();
    expect((await resumed).receipt).toEqual(new Uint8Array(groth16));
    expect(slow.count(/POST/)).toBe(2);
    await slow.close();
  });

  test("after the service restarted", async () => {
    hold();
    const proof = prove();
    await until(() => server.count(status) > 0);
    await server.unplug();
    await sleep(50);
    await server.listen();
    finish();
    expect((await proof).receipt).toEqual(new Uint8Array(stark));
    expect(server.count(/POST/)).toBe(1);
  });

  test("with a session of its own at another service, for another key, or as Groth16", async () => {
    hold();
    void prove().catch(() => {});
    await until(() => server.count(status) > 0);
    const others = [
      prove({}, { url: `${server.url}/` }),
      prove({ key: "task 2" }),
      prove({ snark: true }),
    ];
    await until(() => server.count(/POST .sessions/) === 4);
    finish();
    await Promise.all(others);
  });

  test.each([[404], [500]])("anew when the service lost the session: status %d", async (code) => {
    hold();
    const proof = prove();
    await until(() => server.count(status) > 0);
    // Bento itself says 500.
    if (code === 500) server.jobs.clear();
    else server.faults = { answers: { paths: status, status: code, times: 1 } };
    await until(() => server.count(/POST/) === 2);
    finish();
    expect((await proof).receipt).toEqual(new Uint8Array(stark));
    expect(await kept()).toBe(0);
  });

  test("anew when the receipt is gone", async () => {
    server.faults = { answers: { paths: /receipts/, status: 404, times: 1 } };
    expect((await prove()).receipt).toEqual(new Uint8Array(stark));
    expect(server.count(/POST/)).toBe(2);
  });

  test("once: a service that loses all is given up", async () => {
    server.faults = { answers: { paths: status, status: 404, times: 9 } };
    const error = await failure(prove());
    expect(error).toMatchObject({ kind: "unsupported", retryable: true });
    expect(error.message).toContain("lost the session again");
    expect(server.count(/POST/)).toBe(2);
  });
});

describe("a session that fails", () => {
  const guest = `Executor failed\n\nCaused by:\n  Guest panicked: bad ${secret}`;
  test.each(
    [
      ["a panic", "trap", "the guest failed", "FAILED", guest],
      ["a limit", "trap", "the guest failed", "FAILED", `Session limit exceeded: 2 > 1 ${secret}`],
      ["its prover", "crash", "see its own log", "FAILED", `Prove failed: no memory ${secret}`],
      ["nothing", "crash", "see its own log", "FAILED", undefined],
      ["its time", "timeout", "took too long", "TIMED_OUT", secret],
    ] as const,
  )("by %s is a %s, in our own words", async (_, kind, message, status, error) => {
    hold();
    const proof = failure(prove());
    await until(() => server.jobs.size > 0);
    server.setJobs({ status, ...(error === undefined ? {} : { error }) });
    const told = await proof;
    expect(told.kind).toBe(kind);
    expect(told.message).toContain(message);
    expect(await kept()).toBe(0);
    finish();
    await prove();
    expect(server.count(/POST/)).toBe(2);
  });

  test("when Groth16 can't be made", async () => {
    const bare = await BentoServer.start({ prove: async () => stark });
    const error = await failure(prove({ snark: true }, { url: bare.url }));
    expect(error.kind).toBe("crash");
    await bare.close();
  });
});

describe("requests that fail", () => {
  test.each([[429], [500], [503]])("are tried again after status %d", async (code) => {
    for (const paths of [/images/, /PUT/, /inputs/, /POST/, status, /receipts/]) {
      server.faults = { answers: { paths, status: code, times: 3 } };
      expect((await prove()).receipt).toEqual(new Uint8Array(stark));
      expect(server.faults.answers?.times).toBe(0);
    }
  });

  test("not before the service says", async () => {
    const start = performance.now();
    server.faults = { answers: { paths: /inputs/, status: 429, times: 1, retryAfter: 1 } };
    await prove({}, { retrySeconds: 2 });
    expect(performance.now() - start).toBeGreaterThan(990);
  });

  test("are given up after a while: by status", async () => {
    server.faults = { answers: { paths: /inputs/, status: 503, times: 1e9 } };
    const error = await failure(prove());
    expect(error).toMatchObject({ kind: "unsupported", retryable: true });
    expect(error.message).toBe("the remote prover answers with status 503");
  });

  test("are given up after a while: no connection, or no answer in time", async () => {
    server.faults = { slow: { paths: /inputs/, ms: 10_000 } };
    const late = await failure(prove({}, { requestSeconds: 0.03 }));
    await server.close();
    for (const error of [late, await failure(prove())]) {
      expect(error.kind).toBe("unsupported");
      expect(error.message).toBe("the remote prover can't be reached");
    }
  });

  test("are not repeated when that is of no use", async () => {
    for (
      const [code, message] of [
        [401, "refuses this node's key: status 401"],
        [403, "refuses this node's key: status 403"],
        [422, "answers: status 422"],
      ] as const
    ) {
      server.requests.length = 0;
      server.faults = { answers: { paths: /inputs/, status: code, times: 9 } };
      const error = await failure(prove());
      expect(error.kind).toBe("unsupported");
      expect(error.message).toContain(message);
      expect(server.count(/inputs/)).toBe(1);
    }
  });

  test("a program whose image id the service computes otherwise", async () => {
    const other = await BentoServer.start({
      prove: async () => stark,
      imageIdOf: async () => "cd".repeat(32),
    });
    const error = await failure(prove({}, { url: other.url }));
    expect(error.kind).toBe("unsupported");
    expect(error.message).toContain("another image id");
    await other.close();
  });
});

describe("a hostile service", () => {
  let other: BentoServer;
  beforeEach(async () => {
    other = await BentoServer.start({ prove: async () => stark });
  });
  afterEach(() => other.close());

  const refused = async (faults: BentoFaults, message: string) => {
    server.faults = faults;
    const error = await failure(prove({ key: crypto.randomUUID() }));
    expect(error.kind).toBe("unsupported");
    expect(error.message).toContain(message);
    expect(other.requests).toHaveLength(0);
  };

  test("can't send this node elsewhere", async () => {
    for (const paths of [/GET .images/, /PUT .images/, /inputs/, /POST/, status, /receipts/]) {
      await refused({ redirect: { paths, to: other.url } }, "redirects, which is not followed");
    }
    for (const origin of [other.url, "http://u:p@127.0.0.1", "file://", "http://["]) {
      await refused({ origin }, "the remote prover names a URL");
    }
    await refused({ origin: server.url.replace("127.0.0.1", "localhost") }, "names a URL");
  });

  test("can only where the operator said so, and without the key", async () => {
    server.faults = { origin: other.url };
    // The files go to the other one, so the session finds none.
    const error = await failure(prove({}, { origins: [other.url] }));
    expect(error.kind).toBe("crash");
    expect(other.images.size).toBe(1);
    expect(other.requests.length).toBeGreaterThan(1);
    expect(other.requests.every(({ headers }) => !("x-api-key" in headers))).toBe(true);
  });

  test("can't fill the memory", async () => {
    server.faults = { receipt: new Uint8Array(1001) };
    const error = await failure(prove({}, { maxReceiptBytes: 1000 }));
    expect(error.kind).toBe("unsupported");
    expect(error.message).toContain("answers more than 1000 bytes");
    expect(server.count(/receipts/)).toBe(1);
    const body = JSON.stringify({ url: "x".repeat(1 << 20) });
    await refused({ garbage: { paths: /images/, body } }, "answers more than 262144 bytes");
    server.faults = { receipt: new Uint8Array() };
    expect((await failure(prove({ key: "task 2" }))).message).toContain("empty receipt");
  });

  test("gives an answer that is none", async () => {
    const bodies = ["", secret, "[]", "null", `{"uuid":"../${secret}"}`, `{"status":"${secret}"}`];
    for (const body of bodies) {
      for (const paths of [/images/, /inputs/, /POST/, status]) {
        await refused({ garbage: { paths, body } }, "not of its API");
      }
    }
    const body = `{"status":"SUCCEEDED","receipt_url":null}`;
    await refused({ garbage: { paths: status, body } }, "names no receipt");
  });
});

describe("a call that is cancelled", () => {
  const cancelled = async (prover: RemoteProver) => {
    const stop = new AbortController();
    const reason = new Error("the lease ended");
    const posts = server.count(/POST/);
    const proof = prover.prove(request(), stop.signal).then(() => undefined, (error) => error);
    await until(() => server.count(/POST/) > posts && server.count(status) > 0);
    const start = performance.now();
    stop.abort(reason);
    expect(await proof).toBe(reason);
    expect(performance.now() - start).toBeLessThan(50);
    const looks = server.count(status);
    await sleep(60);
    expect(server.count(status)).toBe(looks);
  };

  test("stops the session where the service can, and begins anew", async () => {
    hold();
    server.faults = { stopRoute: true };
    const prover = await client();
    await cancelled(prover);
    expect(server.count(/sessions.stop/)).toBe(1);
    expect([...server.jobs.values()].map(({ status }) => status)).toEqual(["ABORTED"]);
    expect(await kept()).toBe(0);
    finish();
    expect((await prover.prove(request(), never)).receipt).toEqual(new Uint8Array(stark));
    expect(server.count(/POST/)).toBe(2);
  });

  test("finds its session again where the service, like Bento, can't stop it", async () => {
    hold();
    const prover = await client();
    await cancelled(prover);
    expect(server.count(/sessions.stop/)).toBe(1);
    finish();
    await prover.prove(request(), never);
    expect(server.count(/POST/)).toBe(1);
  });

  test("is not resumed while it is being stopped", async () => {
    hold();
    server.faults = { stopRoute: true, slow: { paths: /stop/, ms: 100 } };
    const prover = await client();
    const stop = new AbortController();
    const first = prover.prove(request(), stop.signal).catch(() => {});
    await until(() => server.count(status) > 0);
    stop.abort();
    await first;
    finish();
    await prover.prove(request(), never);
    expect(server.count(/POST/)).toBe(2);
    expect(await kept()).toBe(0);
  });

  test("before it began, or in a retry, asks nothing more", async () => {
    const prover = await client();
    const reason = new Error("not needed");
    const early = await prover.prove(request(), AbortSignal.abort(reason)).catch((error) => error);
    expect(early).toBe(reason);
    expect(server.requests).toHaveLength(0);
    server.faults = { answers: { paths: /inputs/, status: 429, times: 9, retryAfter: 60 } };
    const stop = new AbortController();
    const patient = await client({ retrySeconds: 600 });
    const proof = patient.prove(request(), stop.signal).catch((error) => error);
    await until(() => server.count(/inputs/) > 0);
    await sleep(10);
    stop.abort(reason);
    expect(await proof).toBe(reason);
    expect(server.count(/inputs/)).toBe(1);
  });

  test("whose session was stopped by a process that died before it noted that", async () => {
    hold();
    void prove().catch(() => {});
    await until(() => server.count(status) > 0);
    await server.unplug();
    server.setJobs({ status: "ABORTED" });
    await server.listen();
    finish();
    expect((await prove()).receipt).toEqual(new Uint8Array(stark));
  });

  test("by its own limit of time", async () => {
    hold();
    const error = await failure(prove({}, { timeoutSeconds: 0.1 }));
    expect(error.kind).toBe("timeout");
    expect(error.message).toContain("0.1 s");
    await until(() => server.count(/sessions.stop/) === 1);
  });
});

test("a service behind a proxy that speaks https is asked by https, though it writes http", () => {
  const asked = (text: string, url: string) => {
    const base = new URL(url);
    return followable(text, base, new Set([base.origin]))?.href;
  };
  expect(asked("http://gpu:8443/a?b", "https://gpu:8443/x")).toBe("https://gpu:8443/a?b");
  expect(asked("http://gpu/a", "https://gpu")).toBe("https://gpu/a");
  expect(asked("http://gpu/a", "http://gpu")).toBe("http://gpu/a");
  for (const text of ["http://gpu:8080/a", "http://gpu.example/a", "https://gpu/a", "/a"]) {
    expect(asked(text, "http://gpu:8443")).toBeUndefined();
    expect(asked(text, "https://gpu:8443")).toBeUndefined();
  }
});

test("inputs don't go to a public address in clear", async () => {
  const error = await failure(prove({}, { url: "http://8.8.8.8:8081" }));
  expect(error.kind).toBe("unsupported");
  expect(error.message).toContain("by https only");
});

test("options that can't be used are refused, and not repeated", async () => {
  const sessions = await openSessions(directory);
  const options = { url: server.url, sessions };
  for (
    const bad of [
      { url: "hunter2" },
      { url: "ftp://hunter2" },
      { url: "http://hunter2@gpu" },
      { url: "http://gpu/?key=hunter2" },
      { apiKey: "hunter2\n" },
      { apiKey: "" },
      { origins: ["https://store.example/hunter2"] },
      { origins: ["hunter2"] },
    ]
  ) {
    let told: unknown;
    try {
      bentoProver({ ...options, ...bad });
    } catch (error) {
      told = error;
    }
    expect(told).toBeInstanceOf(TypeError);
    expect((told as Error).message).not.toContain("hunter2");
  }
});
