import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { numberOf } from "../../../runtimes/zkwasm/profile.ts";
import { serveHttp } from "../../platform.ts";
import { parseReceipt } from "../../protocol/receipt_file.ts";
import { OutputError } from "../output.ts";
import { dripping, endless } from "../testing/far_end.ts";
import { contextOf, jobOf } from "../testing/jobs.ts";
import { startS3 } from "../testing/s3.ts";
import { directoryArchive } from "./directory.ts";
import { archiveOutput } from "./index.ts";
import { s3Archive, type S3Settings } from "./s3.ts";

setDefaultTimeout(300_000);

const directory = mkdtempSync(join(tmpdir(), "w3bstream-archive-"));
const smallDisks =
  spawnSync("unshare", ["-Urm", "mount", "-t", "tmpfs", "-o", "size=64k", "disk", directory])
    .status === 0;
const s3 = await startS3();
if (!s3) test.skip("the archive in S3: no Python, or no moto", () => {});
afterAll(async () => {
  await s3?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const config = (prefix = "weather/2026", publicInputs = false) =>
  ({ type: "archive", prefix, publicInputs }) as const;
const zkwasmJob = async (of = config(), profile: "zk" | "fast" = "zk") => {
  const job = await jobOf(of, { proof: Uint8Array.of(1, numberOf(profile), 3, 4) });
  return { ...job, receipt: { ...job.receipt, vmType: "zkwasm" as const } };
};
const failure = async (running: Promise<unknown>): Promise<OutputError> => {
  const error = await running.then(() => undefined, (error) => error);
  expect(error).toBeInstanceOf(OutputError);
  return error;
};

describe("an archive in a directory", () => {
  const output = archiveOutput(directoryArchive(directory));

  test("keeps the receipt that the API gives, under project and task", async () => {
    const job = await zkwasmJob();
    const key = `weather/2026/1/${job.taskId}.json`;
    expect(await output.run(job, config(), contextOf()))
      .toEqual({ state: "confirmed", reference: key, comment: "" });
    expect(parseReceipt(JSON.parse(readFileSync(join(directory, key), "utf8")))).toEqual({
      version: 1,
      vmType: "zkwasm",
      profile: "zk",
      programId: job.receipt.programId,
      publicValues: job.receipt.publicValues,
      proof: job.receipt.proof,
      task: { taskId: job.taskId, prover: job.prover },
    });
  });

  test("done twice, and twice at once, it is one file and no draft", async () => {
    const job = await zkwasmJob(config("twice"));
    const run = () => output.run(job, config("twice"), contextOf());
    await Promise.all([run(), run(), run()]);
    await run();
    expect(readdirSync(join(directory, "twice/1"))).toEqual([`${job.taskId}.json`]);
  });

  test("never replaces another file", async () => {
    const job = await zkwasmJob();
    const path = join(directory, `weather/2026/1/${job.taskId}.json`);
    writeFileSync(path, "something else");
    const error = await failure(output.run(job, config(), contextOf()));
    expect(error.state).toBe("dead");
    expect(readFileSync(path, "utf8")).toBe("something else");
  });

  test("that can't be written is tried again", async () => {
    writeFileSync(join(directory, "file"), "");
    const none = archiveOutput(directoryArchive(join(directory, "file")));
    const error = await failure(none.run(await zkwasmJob(), config(), contextOf()));
    expect([error.state, error.message]).toEqual([
      "retry",
      "the archive can't be written: ENOTDIR",
    ]);
  });

  test.skipIf(!smallDisks)(
    "on a full disk leaves nothing, and is written once there is room",
    () => {
      const disk = join(directory, "disk");
      mkdirSync(disk);
      const script = `
      import { readdirSync } from "node:fs";
      import { directoryArchive } from ${JSON.stringify(import.meta.resolve("./directory.ts"))};
      const put = (name, bytes) =>
        directoryArchive(${JSON.stringify(disk)})
          .put(name, new Uint8Array(bytes), new AbortController().signal)
          .catch(({ state, message }) => [state, message]);
      const said = [await put("1/large", 100_000), await put("1/large", 100_000)];
      said.push(await put("1/small", 30_000), readdirSync(${JSON.stringify(join(disk, "1"))}));
      console.log(JSON.stringify(said));`;
      const { stdout } = spawnSync("unshare", [
        ...["-Urm", "sh", "-c", 'mount -t tmpfs -o size=64k disk "$1" && exec "$2" -e "$3"', "sh"],
        ...[disk, process.execPath, script],
      ]);
      const full = ["retry", "the archive can't be written: ENOSPC"];
      expect(JSON.parse(String(stdout))).toEqual([full, full, "1/small", ["small"]]);
    },
  );

  test("a proof that does not hide its input stays, unless the inputs are public", async () => {
    const job = await zkwasmJob(config("fast"), "fast");
    const error = await failure(output.run(job, config("fast"), contextOf()));
    expect(error.state).toBe("dead");
    expect(error.message).toContain('if its inputs are public, say "publicInputs": true');
    const open = await output.run(job, config("fast", true), contextOf());
    expect(open.state).toBe("confirmed");
  });

  test("nothing is kept under a grant that has ended, nor without a place", async () => {
    const job = { ...await zkwasmJob(config("none")), live: () => false };
    expect((await failure(output.run(job, config("none"), contextOf()))).state).toBe("retry");
    expect(readdirSync(directory)).not.toContain("none");
    const nowhere = archiveOutput(undefined);
    expect((await failure(nowhere.run(await zkwasmJob(), config(), contextOf()))).message)
      .toContain("set ARCHIVE_DIRECTORY or ARCHIVE_S3_ENDPOINT");
  });
});

describe.skipIf(!s3)("an archive in S3", () => {
  const settings = (change: Partial<S3Settings> = {}): S3Settings => ({
    endpoint: s3?.endpoint ?? "",
    bucket: s3?.bucket ?? "",
    region: "us-east-1",
    accessKeyId: s3?.accessKeyId ?? "",
    secretAccessKey: s3?.secretAccessKey ?? "",
    ...change,
  });
  const output = (change: Partial<S3Settings> = {}) => archiveOutput(s3Archive(settings(change)));

  test("keeps the receipt as an object, once", async () => {
    const job = await zkwasmJob();
    const reference = `s3://receipts/weather/2026/1/${job.taskId}.json`;
    for (let i = 0; i < 2; i++) {
      expect(await output().run(job, config(), contextOf()))
        .toEqual({ state: "confirmed", reference, comment: "" });
    }
  });

  test("answers whether it is there", async () => {
    await s3Archive(settings()).probe();
    await expect(s3Archive(settings({ bucket: "none" })).probe()).rejects.toThrow("NoSuchBucket");
    await expect(s3Archive(settings({ secretAccessKey: "wrong" })).probe()).rejects
      .toThrow("SignatureDoesNotMatch");
  });

  test("never replaces another object", async () => {
    const job = await zkwasmJob();
    const key = `weather/2026/1/${job.taskId}.json`;
    const signal = new AbortController().signal;
    await s3Archive(settings()).put(key, new TextEncoder().encode("something else"), signal);
    const error = await failure(output().run(job, config(), contextOf()));
    expect([error.state, error.message]).toEqual([
      "dead",
      `the archive has another file as ${key}; look which of them is right`,
    ]);
  });

  test.each<[string, Partial<S3Settings>, string]>([
    ["a wrong key", { secretAccessKey: "wrong" }, "may the key read and write the bucket?"],
    ["no bucket", { bucket: "none" }, "NoSuchBucket: is ARCHIVE_S3_BUCKET there?"],
    ["no server", { endpoint: "http://127.0.0.1:1" }, "the archive does not answer"],
  ])("%s is told and tried again", async (_, change, text) => {
    const error = await failure(output(change).run(await zkwasmJob(), config(), contextOf()));
    expect(error.state).toBe("retry");
    expect(error.message).toContain(text);
    expect(error.message).not.toContain(settings().secretAccessKey);
  });
});

test("services that fail, drip, never end or lose what they took are tried again", async () => {
  const error = (status: number, code: string) => () =>
    new Response(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`, { status });
  const answers: [(method: string) => Response, string][] = [
    [error(503, "SlowDown"), "HTTP 503 SlowDown"],
    [error(409, "ConditionalRequestConflict"), "HTTP 409 ConditionalRequestConflict"],
    [error(501, "NotImplemented"), "it must know conditional writes"],
    [error(301, "PermanentRedirect"), "is ARCHIVE_S3_REGION, or the endpoint, another region's?"],
    [error(400, "AuthorizationHeaderMalformed"), "is ARCHIVE_S3_REGION"],
    [error(403, "RequestTimeTooSkewed"), "is this machine's clock right?"],
    [
      () => new Response(null, { status: 307, headers: { location: "http://127.0.0.1:1/" } }),
      "HTTP 307",
    ],
    [dripping, "does not answer"],
    [endless, "does not answer"],
    [(method) => new Response(null, { status: method === "PUT" ? 200 : 404 }), "HTTP 404"],
    [
      () => new Response(null, { status: 200, headers: { etag: `"${"0".repeat(32)}"` } }),
      "other bytes than it was given",
    ],
  ];
  let answer: ((method: string) => Response) | undefined;
  let text: string;
  const server = serveHttp(
    async (request) => (await request.arrayBuffer(), answer?.(request.method) as Response),
    { hostname: "127.0.0.1", port: 0, maxBodyBytes: 1_000_000 },
  );
  const output = archiveOutput(s3Archive({
    endpoint: `http://127.0.0.1:${server.port}`,
    bucket: "receipts",
    region: "us-east-1",
    accessKeyId: "id",
    secretAccessKey: "a secret",
    timeoutMs: 500,
  }));
  try {
    for ([answer, text] of answers) {
      const error = await failure(output.run(await zkwasmJob(), config(), contextOf()));
      expect(error.state).toBe("retry");
      expect(error.message).toContain(text);
    }
  } finally {
    await server.stop();
  }
});
