/** What operators and owners do with stake, faults and rewards, by the command line on a real chain. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { bytesToHex, createTestClient, http, keccak256, toBytes } from "viem";
import { type Anvil, anvilAccount, startAnvil } from "../../src/chain/anvil.ts";
import { workspace } from "./files.ts";
import { ws } from "./ws.ts";

const place = workspace();
const addresses = join(place.directory, "addresses.json");
const prover = anvilAccount(4).address;
let anvil: Anvil;
let deployment: Record<string, string>;

const key = (index: number) => bytesToHex(anvilAccount(index).getHdKey().privateKey as Uint8Array);
const run = (signer: number, ...args: string[]) =>
  ws([...args, "--chain", anvil.url, "--addresses", addresses], {
    OPERATOR_PRIVATE_KEY: key(signer),
  });
/** Answers the JSON. */
async function json(signer: number, ...args: string[]) {
  const { code, out, err } = await run(signer, ...args, "--json");
  if (code !== 0) throw new Error(`${code}: ${out}${err}`);
  return JSON.parse(out);
}
async function refused(signer: number, ...args: string[]): Promise<string> {
  const { code, out, err } = await run(signer, ...args);
  expect(code).toBe(1);
  return out + err;
}

beforeAll(async () => {
  anvil = await startAnvil();
  deployment = await json(0, "deploy", "--unstake-delay", "3600", "--penalty", "0.25");
});
afterAll(async () => {
  await anvil?.stop();
  await place.remove();
});

test("a znode's stake goes in, is asked back and comes out", async () => {
  const wanted = ["--did", "did:io:0x1", "--operator", prover, "--stake", "2"];
  expect((await json(3, "znode", "register", ...wanted)).znodeId).toBe("1");
  await json(3, "znode", "stake", "1", "1");
  const unstaking = await json(3, "znode", "unstake", "1", "2.5");
  const status = await json(3, "znode", "status", "1");
  expect(status).toEqual({
    znodeId: "1",
    did: "did:io:0x1",
    owner: anvilAccount(3).address,
    paused: false,
    stake: "500000000000000000",
    minStake: "1000000000000000000",
    pending: "2500000000000000000",
    releaseAt: unstaking.releaseAt,
    operators: [{ operator: prover, bound: true, eligible: false }],
  });
  const text = (await run(3, "znode", "status", prover)).out;
  expect(text).toMatch(/^stake +0\.5 \(of at least 1\)$/m);
  expect(text).toMatch(/^asked back 2\.5, from 20\d\d-/m);
  expect(text).toMatch(/not eligible/);
  expect(await refused(3, "znode", "withdraw", "1")).toMatch(/StakeLocked/);
  const clock = createTestClient({ mode: "anvil", transport: http(anvil.url) });
  await clock.increaseTime({ seconds: 3600 });
  await clock.mine({ blocks: 1 });
  expect((await json(3, "znode", "withdraw", "1")).amount).toBe("2500000000000000000");
  await json(3, "znode", "stake", "1", "1");
  expect((await json(3, "znode", "status", prover)).eligible).toBe(true);
});

test("registering says what is missing, and refuses the key that owns the stake", async () => {
  const did = ["--did", "did:io:0x2"];
  const owner = ["--operator", anvilAccount(5).address];
  const own = ["znode", "register", ...did, ...owner, "--stake", "2"];
  expect(await refused(5, ...own)).toMatch(/would own the stake/);
  const few = ["znode", "register", ...did, "--operator", anvilAccount(6).address];
  const { out } = await run(5, ...few, "--stake", "0.25");
  const [, znodeId = ""] =
    /^znode (\d+): .* may not prove yet: ws znode stake \1 0\.75$/m.exec(out) ??
      [];
  await json(5, "znode", "stake", znodeId, "0.75");
  expect((await json(5, "znode", "status", anvilAccount(6).address)).eligible).toBe(true);
});

test("a paused znode's key is not eligible", async () => {
  await json(3, "znode", "pause", "1");
  expect(await json(3, "znode", "status", prover)).toMatchObject({ paused: true, eligible: false });
  expect(await refused(3, "znode", "pause", "1")).toMatch(/already paused/);
  await json(3, "znode", "unpause", "1");
  expect((await json(3, "znode", "status", prover)).eligible).toBe(true);
  expect(await refused(5, "znode", "pause", "1")).toMatch(/Not authorized/);
  expect(await refused(3, "znode", "status", "7")).toMatch(/there is no znode 7/);
  expect(await refused(3, "znode", "status", "zero")).toMatch(/must be a number from 1/);
});

test("the admin lists verifiers, and everyone sees it", async () => {
  const program = keccak256(toBytes("program"));
  const pair = ["--verifier", deployment.router as string, "--program", program];
  const listing = ["slasher", "list-verifier", ...pair, "--gas-limit", "500000"];
  expect(await refused(1, ...listing)).toMatch(/NotAdmin\(\)/);
  const { codehash } = await json(0, ...listing);
  expect(codehash).toMatch(/^0x[0-9a-f]{64}$/);
  expect(await json(0, "slasher", "status", ...pair, "--reporter", prover)).toMatchObject({
    slasher: deployment.slasher,
    penalty: "250000000000000000",
    active: true,
    gasLimit: "500000",
    credit: "0",
  });
  await json(0, "slasher", "list-verifier", ...pair, "--gas-limit", "0");
  expect((await run(0, "slasher", "status", ...pair)).out).toMatch(/not listed/);
  expect(await refused(0, "slasher", "status", "--program", program)).toMatch(/go together/);
});

test("a project's owner deposits what provers are paid with", async () => {
  const config = ["--uri", "ipfs://x", "--hash", `0x${"1".repeat(64)}`];
  await json(1, "project", "create", ...config);
  expect((await json(2, "rewards", "deposit", "1", "1.5")).amount).toBe("1500000000000000000");
  expect(await json(2, "rewards", "balance", "1")).toMatchObject({
    pool: deployment.rewardPool,
    deposit: "1500000000000000000",
  });
  expect(await refused(2, "rewards", "withdraw-deposit", "1", "1")).toMatch(/NotProjectOwner/);
  await json(1, "rewards", "withdraw-deposit", "1", "0.5");
  expect((await run(2, "rewards", "balance", "1")).out.trim()).toBe("1 to pay with");
  expect((await json(2, "rewards", "balance", prover)).earned).toBe("0");
  expect(await refused(4, "rewards", "withdraw")).toMatch(/NothingToWithdraw/);
  const task = keccak256(toBytes("task"));
  expect(await refused(4, "rewards", "refund", task)).toMatch(/NoEscrow/);
  expect(await refused(4, "rewards", "deposit", "1", "much")).toMatch(/an amount is like/);
});
