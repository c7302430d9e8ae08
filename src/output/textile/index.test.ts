import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { generatePrivateKey } from "viem/accounts";
import { numberOf } from "../../../runtimes/zkwasm/profile.ts";
import { parseReceipt } from "../../protocol/receipt_file.ts";
import { accountOf } from "../../secp256k1.ts";
import { OutputError } from "../output.ts";
import { dripping, endless, startBasin } from "../testing/far_end.ts";
import { contextOf, jobOf } from "../testing/jobs.ts";
import { textileOutput } from "./index.ts";

setDefaultTimeout(60_000);

const signer = accountOf(generatePrivateKey());
const basin = startBasin({
  "weather.data": signer.address,
  "others.data": accountOf(
    generatePrivateKey(),
  ).address,
});
afterAll(() => basin.stop());

const output = textileOutput({
  endpoint: basin.url,
  signer: { address: signer.address, sign: (args) => signer.sign(args) },
  mayWrite: (projectId) => Promise.resolve(projectId === 1n),
  timeoutMs: 500,
});
const config = (vaultId = "weather.data", publicInputs = false) =>
  ({ type: "textile", vaultId, publicInputs }) as const;
/** A job whose proof is of zkwasm, of a profile that hides, or does not. */
const zkwasmJob = async (of = config(), hides = true) => {
  const proof = Uint8Array.of(1, numberOf(hides ? "zk" : "fast"), 3, 4);
  const job = await jobOf(of, { proof });
  return { ...job, receipt: { ...job.receipt, vmType: "zkwasm" as const } };
};
const failure = async (running: Promise<unknown>): Promise<OutputError> => {
  const error = await running.then(() => undefined, (error) => error);
  expect(error).toBeInstanceOf(OutputError);
  return error;
};

describe("the textile output", () => {
  test("writes what the vault's account signed: the public values and the receipt", async () => {
    basin.events.length = 0;
    const job = await zkwasmJob();
    const outcome = await output.run(job, config(), contextOf());
    const [event] = basin.events;
    expect(outcome).toEqual({
      state: "confirmed",
      reference: event?.signature as string,
      comment: "",
    });
    expect(event?.vault).toBe("weather.data");
    // The public values 0x0102, as the original writes them.
    expect(event?.body.result).toBe("12");
    const receipt = parseReceipt(JSON.parse(event?.body.proof ?? ""));
    expect(receipt).toMatchObject({
      vmType: "zkwasm",
      profile: "zk",
      proof: job.receipt.proof,
      task: { taskId: job.taskId, prover: job.prover },
    });
  });

  test("the same result sent again is the same event", async () => {
    basin.events.length = 0;
    const job = await zkwasmJob();
    await output.run(job, config(), contextOf());
    await output.run(job, config(), contextOf());
    const [first, second] = basin.events;
    expect(second).toEqual(first as NonNullable<typeof first>);
  });

  test("a proof that does not hide its input stays, unless the project's inputs are public", async () => {
    basin.events.length = 0;
    const job = await zkwasmJob(config(), false);
    await output.run(job, config(), contextOf());
    const held = JSON.parse(basin.events[0]?.body.proof ?? "");
    expect(held.withheld).toContain("do not hide the private input");
    expect(held.proof).toBeUndefined();
    expect(basin.events[0]?.body.result).toBe("12");

    await output.run(job, config("weather.data", true), contextOf());
    const shown = parseReceipt(JSON.parse(basin.events[1]?.body.proof ?? ""));
    expect(shown.proof).toEqual(job.receipt.proof);
  });

  test("a stranger's project gets no signature", async () => {
    basin.requests = 0;
    const job = await jobOf(config(), { projectId: 2n });
    const error = await failure(output.run(job, config(), contextOf()));
    expect(error.state).toBe("dead");
    expect(error.message).toContain("adds textile:weather.data to OUTPUT_ALLOW");
    expect(basin.requests).toBe(0);
  });

  test("nothing is sent under a grant that has ended", async () => {
    basin.requests = 0;
    const job = { ...await zkwasmJob(), live: () => false };
    expect((await failure(output.run(job, config(), contextOf()))).state).toBe("retry");
    expect(basin.requests).toBe(0);
  });

  test("another's vault, and one that is not there, say what to look at", async () => {
    const cases = [
      ["others.data", "401 (unauthorized)"],
      ["none.data", "404 (namespace not found)"],
    ] as const;
    const odd = config("no-vault");
    const refused = await failure(output.run(await zkwasmJob(odd), odd, contextOf()));
    expect(refused.message).toBe("the vault answers HTTP 400 (not a valid vault)");
    for (const [vault, said] of cases) {
      const job = await zkwasmJob(config(vault));
      const error = await failure(output.run(job, config(vault), contextOf()));
      expect(error.state).toBe("retry");
      expect(error.message).toBe(
        `the vault answers HTTP ${said}: is the vault ${vault} there, and ${signer.address}'s?`,
      );
    }
  });

  test("servers that fail, redirect, drip or never end are tried again later", async () => {
    const away = startBasin({});
    try {
      const faults = [
        () => new Response("<html>", { status: 502 }),
        () => new Response(null, { status: 307, headers: { location: away.url } }),
        dripping,
        endless,
      ];
      for (const fault of faults) {
        basin.fault = fault;
        const job = await zkwasmJob();
        expect((await failure(output.run(job, config(), contextOf()))).state).toBe("retry");
      }
      expect(away.requests).toBe(0);
    } finally {
      basin.fault = undefined;
      await away.stop();
    }
  });
});
