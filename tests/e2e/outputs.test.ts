/** From a posted message to what each far end has of its result. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { ed25519 } from "@noble/curves/ed25519.js";
import { base58btc } from "multiformats/bases/base58";
import { concatBytes, hexToBytes } from "viem";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { installedLibrary } from "../../runtimes/risc0/installed.ts";
import { tiny } from "../../runtimes/testing/tiny.ts";
import { startValidator } from "../../src/output/solana/testing/validator.ts";
import { startBasin, startReceiver } from "../../src/output/testing/far_end.ts";
import { parseReceipt } from "../../src/protocol/receipt_file.ts";
import { slow } from "../slow.ts";
import { startNetwork, type TestNetwork } from "./chain.ts";
import { fixture, workspace, writeProject } from "./files.ts";
import { type NodeProcess, post, reaches, startNode, states, until } from "./node.ts";
import { ws } from "./ws.ts";

const validator = startValidator();
const secret = new Uint8Array(randomBytes(32));
const receiver = startReceiver(secret);
const operator = generatePrivateKey();
const basin = startBasin({ "bonfire_vault.data1": privateKeyToAddress(operator) });

const solanaKey = new Uint8Array(randomBytes(32));
const solanaAccount = ed25519.getPublicKey(solanaKey);
validator.fund(base58btc.baseEncode(solanaAccount));

afterAll(async () => {
  await Promise.all([validator.stop(), receiver.stop(), basin.stop()]);
});

/** The operator's settings for all of them. */
const farEnds = {
  TEXTILE_ENDPOINT: basin.url,
  SOLANA_ENDPOINTS: `${validator.genesisHash}=${validator.url}`,
  // As Solana's own tools write it.
  OPERATOR_PRIVATE_KEY_ED25519: JSON.stringify([...solanaKey, ...solanaAccount]),
  WEBHOOK_SECRETS: `1=whsec_${secret.toBase64()}`,
  WEBHOOK_PRIVATE_HOSTS: receiver.host,
};
const solana = (stateAccountPK: string, more = {}) => ({
  type: "solanaProgram",
  solana: {
    chainEndpoint: "https://a-stranger.example/rpc",
    programID: validator.programId,
    stateAccountPK,
    ...more,
  },
});
const taskOf = async (url: string, messageId: string) => {
  const { taskId } = await (await fetch(`${url}/message/${messageId}/receipt`)).json();
  return taskId as `0x${string}`;
};

describe("a node without a chain", () => {
  const place = workspace();
  const projects = join(place.directory, "projects");
  const archive = join(place.directory, "archive");
  const [state, unused] = [validator.stateAccount(), validator.stateAccount()];
  const input = JSON.stringify({ public_input: [7], private_input: [3, "0x4"] });
  let node: NodeProcess;

  const start = () =>
    startNode({
      ...place.env,
      ...farEnds,
      PROJECT_FILE_DIRECTORY: projects,
      OPERATOR_PRIVATE_KEY: operator,
      ARCHIVE_DIRECTORY: archive,
    });

  /** An original's project, with another output. */
  async function withOutput(id: number, output: unknown, of = "zkwasm"): Promise<void> {
    const versions = JSON.parse(await readFile(fixture(`original-${of}.json`), "utf8"));
    const changed = versions.map((version: object) => ({ ...version, output }));
    await writeFile(join(projects, `${id}`), JSON.stringify(changed));
  }

  beforeAll(async () => {
    await mkdir(projects);
    const textile = { type: "textile", textile: { vaultID: "bonfire_vault.data1" } };
    await withOutput(10002, textile, "risc0");
    await withOutput(10003, textile);
    await writeProject(projects, 10004, { code: tiny(), output: solana(state) });
    await withOutput(10005, solana(unused));
    const webhook = { type: "webhook", webhook: { url: receiver.url } };
    await withOutput(1, [webhook, { type: "archive", archive: { prefix: "weather" } }]);
    node = await start();
  });
  afterAll(async () => {
    await node?.kill();
    await place.remove();
  });

  test("an original's file with textile: the vault has the signed event", async () => {
    const id = await post(node.url, 10003, input);
    const { result } = await reaches(node.url, id, "outputted");
    const [event] = basin.events;
    expect(basin.events.length).toBe(1);
    expect(event?.signature).toBe(result);
    const receipt = parseReceipt(JSON.parse(event?.body.proof ?? ""));
    const taskId = await taskOf(node.url, id);
    expect(receipt).toMatchObject({ vmType: "zkwasm", profile: "zk", task: { taskId } });
    expect(event?.body.result).toBe(Array.from(receipt.publicValues, String).join(""));
  });

  test.skipIf(!slow || !installedLibrary())(
    "an original's file of risc0 with textile: the result, and why the proof is not there",
    async () => {
      basin.events.length = 0;
      const data = '{"private_input":"14","public_input":"3,34","receipt_type":"Stark"}';
      const id = await post(node.url, 10002, data);
      // Proofs of an original's guests take minutes.
      await reaches(node.url, id, "outputted", 1_200_000);
      const proved = (await states(node.url, id)).find(({ state }) => state === "proved");
      const journal = Buffer.from(JSON.parse(proved?.result ?? "").journal.slice(2), "hex");
      const [event] = basin.events;
      expect(event?.body.result).toBe(Array.from(journal, String).join(""));
      expect(JSON.parse(event?.body.proof ?? "")).toEqual({
        programId: expect.any(String),
        task: { taskId: await taskOf(node.url, id), prover: expect.any(String) },
        withheld: expect.stringContaining("STARK proofs of risc0"),
      });
    },
  );

  test("an original's file with solanaProgram: the program has the proof, once", async () => {
    const id = await post(node.url, 10004, "reading");
    const { result } = await reaches(node.url, id, "outputted");
    expect(result).toMatch(/^[1-9A-HJ-NP-Za-km-z]{86,88}$/);
    const kept = validator.state(state);
    expect([kept.calls, new TextDecoder().decode(kept.proof)]).toEqual([1, "ok"]);
  });

  test("killed while a Solana transaction is open, the node finds that one again", async () => {
    // No slot passes: what landed does not become final.
    validator.slotsPerLook = 0;
    const id = await post(node.url, 10004, "another reading");
    await until("it landed", async () => validator.state(state).calls === 2 || undefined);
    await node.kill();
    validator.slotsPerLook = 40;
    // So long that its blockhash is not good any more.
    validator.slot += 500;
    node = await start();
    await reaches(node.url, id, "outputted");
    expect(validator.state(state).calls).toBe(2);
  });

  test("a proof that fits no Solana transaction fails with that reason", async () => {
    const id = await post(node.url, 10005, input);
    const { comment } = await reaches(node.url, id, "failed");
    expect(comment).toMatch(/the proof does not fit a Solana transaction: \d+ bytes, of 1232/);
    expect(validator.state(unused).calls).toBe(0);
  });

  test("webhook and archive: the receiver has one hook, and the file is a receipt", async () => {
    let refusals = 2;
    receiver.fault = () => refusals-- > 0 ? new Response(null, { status: 503 }) : undefined;
    const id = await post(node.url, 1, input);
    await reaches(node.url, id, "outputted");
    const taskId = await taskOf(node.url, id);
    expect([...receiver.hooks.keys()]).toEqual([`${taskId}_0`]);
    expect(receiver.requests.length).toBe(3);
    const { data } = receiver.hooks.get(`${taskId}_0`)?.body ?? {};
    const path = join(archive, "weather/1", `${taskId}.json`);
    const file = JSON.parse(await readFile(path, "utf8"));
    expect(data.receipt).toEqual(file);

    const [version] = JSON.parse(await readFile(join(projects, "1"), "utf8"));
    const program = join(place.directory, "program.wasm");
    await writeFile(program, inflateSync(Buffer.from(version.code, "hex")));
    const verified = await ws(["verify", path, "--program", program]);
    expect(verified).toMatchObject({ code: 0, out: expect.stringContaining("valid") });
  });

  test("killed before a receiver's answer is noted, the node sends the same once more", async () => {
    receiver.hooks.clear();
    receiver.requests.length = 0;
    const [came, killed] = [Promise.withResolvers<void>(), Promise.withResolvers<undefined>()];
    receiver.fault = () => (came.resolve(), killed.promise);
    const id = await post(node.url, 1, input);
    await came.promise;
    await node.kill();
    receiver.fault = undefined;
    // It is taken, and nobody hears so.
    killed.resolve(undefined);
    node = await start();
    await reaches(node.url, id, "outputted");
    expect([...receiver.hooks.keys()]).toEqual([`${await taskOf(node.url, id)}_0`]);
    const [first, ...again] = receiver.requests;
    expect(again.length).toBeGreaterThan(0);
    for (const one of again) expect(one).toEqual(first as NonNullable<typeof first>);
  });

  test("nothing of the input and no secret is told", async () => {
    const told = node.log() + JSON.stringify([basin.events, [...receiver.hooks.values()]]);
    expect(told).not.toContain(secret.toBase64());
    expect(told).not.toContain("secret-access-key");
    expect(told).not.toContain('"0x4"');
  });
});

describe("a node with a chain", () => {
  const place = workspace();
  const state = validator.stateAccount();
  let network: TestNetwork, node: NodeProcess;

  beforeAll(async () => {
    network = await startNetwork(join(place.directory, "data"), { count: 1 }, {
      output: [
        { type: "ethereumContract" },
        solana(state, { light: true }),
        { type: "webhook", webhook: { url: receiver.url, light: true } },
      ],
    });
    node = await startNode({
      ...place.env,
      ...network.env,
      ...farEnds,
      OUTPUT_ALLOW: `solana:${validator.programId}`,
    });
  });
  afterAll(async () => {
    await node?.kill();
    await network?.anvil.stop();
    await place.remove();
  });

  test("tells others what the router accepted, without the proof", async () => {
    receiver.hooks.clear();
    const id = await until(
      "the project is served",
      () => post(node.url, 1, '{"value":21.5}').catch(() => undefined),
    );
    await reaches(node.url, id, "outputted");
    const taskId = await taskOf(node.url, id);
    const { data } = receiver.hooks.get(`${taskId}_2`)?.body ?? {};
    expect(data.receipt).toBeUndefined();
    const said = concatBytes([
      hexToBytes(taskId),
      hexToBytes(data.programId),
      Uint8Array.fromBase64(data.publicValues),
    ]);
    expect(validator.state(state)).toEqual({ calls: 1, proof: said });
    expect((await states(node.url, id)).at(-1)?.state).toBe("outputted");
  });
});
