/** A fault that an enode keeps is shown, checked and reported from the command line, and costs stake. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { parseEther, toBytes, toHex } from "viem";
import { znodeRegistrarAbi } from "../../src/chain/abi/znodeRegistrar.ts";
import { type Anvil, anvilAccount, startAnvil } from "../../src/chain/anvil.ts";
import { connectChain } from "../../src/chain/clients.ts";
import { deployCore } from "../../src/chain/deploy.ts";
import { registerZNode } from "../../src/chain/registrars.ts";
import { silent, useDatabase } from "../../src/da/testing/databases.ts";
import { createIngest } from "../../src/ingest/index.ts";
import { identity, someProjects } from "../../src/ingest/testing/projects.ts";
import { keccakHex } from "../../src/keccak.ts";
import { createMetrics } from "../../src/metrics.ts";
import { type HttpServer, serveHttp } from "../../src/platform.ts";
import {
  claimOf,
  encodeMessage,
  evidenceOf,
  type Fault,
  sealAll,
  statementHash,
} from "../../src/protocol/index.ts";
import { ws } from "./ws.ts";

const subject = useDatabase("pglite");
const prover = anvilAccount(5);
const word = (text: string) => keccakHex(toBytes(text));
let anvil: Anvil, server: HttpServer;

beforeAll(async () => {
  anvil = await startAnvil();
  const ingest = createIngest({
    ...{ da: subject.da, projects: someProjects(), maxBodyBytes: 4096, identity, log: silent },
    metrics: createMetrics(),
  });
  server = serveHttp((request) => ingest.fetch(request), {
    ...{ hostname: "127.0.0.1", port: 0, maxBodyBytes: 1 << 20 },
  });
}, 60_000);
afterAll(async () => {
  await server.stop();
  await anvil.stop();
});

test("ws evidence lists, checks and submits", async () => {
  const owner = (await connectChain(anvil.url)).sender(anvilAccount(0));
  const core = await deployCore(owner, { penalty: parseEther("0.5") });
  const { chainId, router, znodeRegistrar } = core;
  const znode = { did: "did:key:one", operators: [prover.address], amount: parseEther("2") };
  const { znodeId } = await registerZNode(owner, znodeRegistrar, znode);
  const claim = async (text: string) => {
    const receipt = {
      ...{ vmType: "halo2" as const, programId: word("program"), imageId: word("image") },
      ...{ bindingKind: "data" as const, publicValues: toBytes(text), proof: toBytes("proof") },
    };
    const body = { taskId: word("task"), epoch: 1n, receipt };
    const frame = await sealAll({ chainId, router }, prover, anvilAccount(7).address, [
      encodeMessage("receipt", body, prover.address),
    ]);
    const statement = claimOf(body, prover.address);
    return { statement, evidence: evidenceOf(frame, statementHash("ReceiptClaim", statement)) };
  };
  const claims: [Awaited<ReturnType<typeof claim>>, Awaited<ReturnType<typeof claim>>] = [
    await claim("21"),
    await claim("22"),
  ];
  const fault: Fault = { kind: "equivocation", chainId, router, claims };
  expect(await subject.da.evidence.add(fault)).toBe(true);

  const url = `http://127.0.0.1:${server.port}`;
  const environment = {
    CHAIN_ENDPOINT: anvil.url,
    ENODE_ENDPOINT: url,
    PROJECT_CONTRACT_ADDRESS: core.projectRegistrar,
    ZNODE_CONTRACT_ADDRESS: znodeRegistrar,
    ROUTER_CONTRACT_ADDRESS: router,
    OPERATOR_PRIVATE_KEY: toHex(anvilAccount(1).getHdKey().privateKey as Uint8Array),
  };
  const run = async (...line: string[]) => {
    const { out, err } = await ws(["evidence", ...line], environment);
    return out + err;
  };
  const stake = () =>
    owner.reader.readContract({
      ...{ address: znodeRegistrar, abi: znodeRegistrarAbi },
      ...{ functionName: "stakeOf", args: [znodeId] },
    });
  const statuses = ["/faults/2", "/faults/x", `/faults/${2n ** 63n}`, "/faults?prover=1"]
    .map(async (path) => (await fetch(url + path)).status);
  expect(await Promise.all(statuses)).toEqual([404, 400, 400, 400]);
  expect(await run("list")).toContain(prover.address);
  expect(await run("list", "--prover", anvilAccount(6).address)).toContain("none");
  expect(await run("check", "1")).toContain(`would take stake of znode ${znodeId}`);
  expect(await stake()).toBe(parseEther("2"));
  expect(await run("submit", "1")).toContain(`0.5 taken from znode ${znodeId}`);
  expect(await stake()).toBe(parseEther("1.5"));
  expect(await run("submit", "1")).toContain("AlreadySlashed");
}, 120_000);
