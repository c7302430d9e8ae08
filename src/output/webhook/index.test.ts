import { afterAll, afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Buffer } from "node:buffer";
import { numberOf } from "../../../runtimes/zkwasm/profile.ts";
import { parseReceipt } from "../../protocol/receipt_file.ts";
import { taskIdOf, taskSchema } from "../../protocol/task.ts";
import { OutputError } from "../output.ts";
import { dripping, endless, startReceiver } from "../testing/far_end.ts";
import { contextOf, jobOf } from "../testing/jobs.ts";
import { type WebhookDeps, webhookOutput } from "./index.ts";
import { signatureOf } from "./signature.ts";

setDefaultTimeout(60_000);

const secret = new Uint8Array(32).fill(7);
const receiver = startReceiver(secret);
afterAll(() => receiver.stop());
afterEach(() => {
  receiver.fault = undefined;
  receiver.hooks.clear();
  receiver.requests.length = 0;
});

const output = (deps: Partial<WebhookDeps> = {}) =>
  webhookOutput({
    secrets: new Map([[1n, [secret]]]),
    privateHosts: [receiver.host],
    timeoutMs: 500,
    ...deps,
  });
const config = (change: { url?: string; light?: boolean; publicInputs?: boolean } = {}) =>
  ({ type: "webhook", url: receiver.url, light: false, publicInputs: false, ...change }) as const;
const jobFor = async (of = config(), projectId = 1n) => {
  const job = await jobOf(of, { projectId, proof: Uint8Array.of(1, numberOf("zk"), 3, 4) });
  return { ...job, receipt: { ...job.receipt, vmType: "zkwasm" as const } };
};
const failure = async (running: Promise<unknown>): Promise<OutputError> => {
  const error = await running.then(() => undefined, (error) => error);
  expect(error).toBeInstanceOf(OutputError);
  return error;
};

test("signs as the specification's own example", () => {
  const key = new Uint8Array(Buffer.from("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "base64"));
  const body = new TextEncoder().encode('{"test": 2432232314}');
  expect(signatureOf(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body))
    .toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
});

describe("the webhook output", () => {
  test("posts the result under one id, and everything that checks it", async () => {
    const job = await jobFor();
    const outcome = await output().run(job, config(), contextOf());
    const id = `${job.taskId}_0`;
    expect(outcome).toEqual({ state: "confirmed", reference: id, comment: "" });
    const { type, data } = receiver.hooks.get(id)?.body ?? {};
    expect(type).toBe("task.proved");
    expect(data).toMatchObject({ taskId: job.taskId, output: 0, projectId: "1", version: "0.1" });
    expect(data.publicValues).toBe(job.receipt.publicValues.toBase64());
    expect(taskIdOf(taskSchema.parse({ ...data.task, ...bigints(data.task) }))).toBe(job.taskId);
    expect(parseReceipt(data.receipt).proof).toEqual(job.receipt.proof);
  });

  test("sent again it has the same id and the same body", async () => {
    const job = await jobFor();
    receiver.fault = () => new Response(null, { status: 500 });
    expect((await failure(output().run(job, config(), contextOf()))).state).toBe("retry");
    receiver.fault = undefined;
    await output().run(job, config(), contextOf());
    const [first, second] = receiver.requests;
    expect(second).toEqual(first as NonNullable<typeof first>);
    expect(receiver.hooks.size).toBe(1);
  });

  test("while a secret is replaced, old and new both sign", async () => {
    const secrets = new Map([[1n, [new Uint8Array(24), secret]]]);
    await output({ secrets }).run(await jobFor(), config(), contextOf());
    expect(receiver.hooks.size).toBe(1);
  });

  test("light: without proof, once the router has accepted the task", async () => {
    const light = config({ light: true });
    const job = await jobFor(light);
    let accepted = false;
    const run = (deps: Partial<WebhookDeps>) => output(deps).run(job, light, contextOf());
    const isAccepted = () => Promise.resolve(accepted);
    expect((await failure(run({ isAccepted }))).state).toBe("early");
    expect((await failure(run({}))).state).toBe("dead");
    expect(receiver.requests).toEqual([]);
    accepted = true;
    await run({ isAccepted });
    const { data } = receiver.requests[0]?.body ?? {};
    expect(data.taskId).toBe(job.taskId);
    expect(data.receipt).toBeUndefined();
  });

  test("goes nowhere without a secret, without TLS, or to a private address", async () => {
    const refusals: [Promise<unknown>, string][] = [
      [
        output().run(await jobFor(config(), 2n), config(), contextOf()),
        "2=whsec_… to WEBHOOK_SECR",
      ],
      [output({ privateHosts: [] }).run(await jobFor(), config(), contextOf()), "without TLS"],
      ...await Promise.all(
        ["https://127.0.0.1/hook", "https://[::1]/", "https://169.254.169.254/latest"].map(
          async (url): Promise<[Promise<unknown>, string]> => {
            const job = await jobFor(config({ url }));
            return [output().run(job, config({ url }), contextOf()), "not at a public address"];
          },
        ),
      ),
    ];
    for (const [running, text] of refusals) {
      const error = await failure(running);
      expect(error.state).toBe("dead");
      expect(error.message).toContain(text);
    }
    expect(receiver.requests).toEqual([]);
  });

  test("a private host may be named with the port that its URL leaves out", async () => {
    const url = "https://127.0.0.1/hook";
    const run = async (privateHosts: string[]) =>
      await failure(
        output({ privateHosts }).run(await jobFor(config({ url })), config({ url }), contextOf()),
      );
    // It is asked, and does not answer.
    expect((await run(["127.0.0.1:443"])).state).toBe("retry");
    expect((await run(["127.0.0.1:80"])).message).toContain("not at a public address");
  });

  test("410 ends it, and a redirect is not followed", async () => {
    receiver.fault = () => new Response(null, { status: 410 });
    expect((await failure(output().run(await jobFor(), config(), contextOf()))).state).toBe("dead");
    const elsewhere = startReceiver(secret);
    try {
      receiver.fault = () =>
        new Response(null, { status: 308, headers: { location: elsewhere.url } });
      const error = await failure(output().run(await jobFor(), config(), contextOf()));
      expect(error.state).toBe("dead");
      expect(error.message).toContain("redirects");
      expect(elsewhere.requests).toEqual([]);
    } finally {
      await elsewhere.stop();
    }
  });

  test("a server that asks for time is left alone until then", async () => {
    const slow = output({ longestWaitMs: 30_000 });
    receiver.fault = () => new Response(null, { status: 429, headers: { "retry-after": "1" } });
    const job = await jobFor();
    await failure(slow.run(job, config(), contextOf()));
    const asked = performance.now();
    receiver.fault = undefined;
    await slow.run(job, config(), contextOf());
    expect(performance.now() - asked).toBeGreaterThan(900);

    const hasty = output({ longestWaitMs: 1 });
    receiver.fault = () => new Response(null, { status: 503, headers: { "retry-after": "3600" } });
    await failure(hasty.run(job, config(), contextOf()));
    const requests = receiver.requests.length;
    const error = await failure(hasty.run(job, config(), contextOf()));
    expect([error.state, error.message]).toEqual([
      "retry",
      `${receiver.host} asks to be left alone for 3600 s`,
    ]);
    expect(receiver.requests.length).toBe(requests);
  });

  test("a receiver that answers with a page has taken it", async () => {
    receiver.fault = () => new Response("x".repeat(200_000), { status: 200 });
    expect((await output().run(await jobFor(), config(), contextOf())).state).toBe("confirmed");
  });

  test("receivers that drip, never end or are gone are tried again later", async () => {
    for (const fault of [dripping, endless]) {
      receiver.fault = fault;
      const error = await failure(output().run(await jobFor(), config(), contextOf()));
      expect(error.state).toBe("retry");
    }
    const gone = startReceiver(secret);
    await gone.stop();
    const url = gone.url;
    const error = await failure(
      output({ privateHosts: ["127.0.0.1"] }).run(
        await jobFor(config({ url })),
        config({ url }),
        contextOf(),
      ),
    );
    expect(error.state).toBe("retry");
  });
});

/** The struct's numbers, which JSON has as text. */
const bigints = (task: Record<string, string>) => ({
  chainId: BigInt(task.chainId ?? 0),
  projectId: BigInt(task.projectId ?? 0),
  nonce: BigInt(task.nonce ?? 0),
});
