/** Znodes that sign bad proofs lose their stake on the chain; the honest one loses nothing. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { multiaddr } from "@multiformats/multiaddr";
import { type Address, bytesToHex } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { freePort } from "../../scripts/free_port.ts";
import { createRuntimes } from "../../runtimes/index.ts";
import type { Program } from "../../runtimes/runtime.ts";
import { znodeRegistrarAbi } from "../../src/chain/abi/znodeRegistrar.ts";
import { anvilAccount } from "../../src/chain/anvil.ts";
import { registerZNode } from "../../src/chain/registrars.ts";
import { createLog } from "../../src/log.ts";
import type { Link } from "../../src/network/link.ts";
import { linkPeers } from "../../src/network/libp2p.ts";
import { TestPeers } from "../../src/network/testing.ts";
import type { DigestSigner, WireBody } from "../../src/protocol/index.ts";
import { startNetwork, type TestNetwork } from "./chain.ts";
import { weatherModule, workspace } from "./files.ts";
import { type NodeProcess, post, reaches, startNode, until, znodeRuntime } from "./node.ts";
import { expectEachOnce } from "./readings.ts";
import { ws } from "./ws.ts";

const place = workspace();
const directory = (name: string) => join(place.directory, name);
const keyOf = (index: number) =>
  bytesToHex(anvilAccount(index).getHdKey().privateKey as Uint8Array);
const honest = anvilAccount(4).address;
const peers = new TestPeers();
const runtimes = createRuntimes({ workers: 1, allowTestSetups: true });
let network: TestNetwork, program: Program, enode: NodeProcess, port: number, http: number;
let znode: NodeProcess | undefined;

beforeAll(async () => {
  network = await startNetwork(directory("enode"), { count: 1 }, { attempts: 20 });
  const { programId } = network.project;
  const spec = { vmType: "halo2" as const, code: await weatherModule(), param: "", programId };
  program = await runtimes.load(spec, AbortSignal.timeout(60_000));
  [port, http] = [await freePort(), await freePort()];
  await startEnode();
});
afterAll(async () => {
  await peers.stop();
  await znode?.kill();
  await enode?.kill();
  await runtimes.close();
  await network?.anvil.stop();
  await place.remove();
});

async function startEnode(settings: Record<string, string> = {}): Promise<void> {
  const { PROVER_PRIVATE_KEY: _, ...env } = network.env;
  const data = {
    DATA_DIRECTORY: directory("enode"),
    P2P_LISTEN: `/ip4/127.0.0.1/tcp/${port}`,
  };
  enode = await startNode({ ...env, ...data, ...settings }, { role: "enode", port: http });
}

const bootnodes = async (): Promise<string[]> =>
  JSON.parse(await readFile(join(directory("enode"), "peer.json"), "utf8")).multiaddrs;

async function startHonest(): Promise<void> {
  const data = directory("znode");
  await mkdir(data, { recursive: true });
  const { PROVER_PRIVATE_KEY: _, ...env } = network.env;
  znode = await startNode({
    ...env,
    DATA_DIRECTORY: data,
    OPERATOR_PRIVATE_KEY: keyOf(4),
    BOOTNODE_MULTIADDR: (await bootnodes()).join(","),
    WORKERS: "1",
  }, { role: "znode", runtime: znodeRuntime });
}

/** A znode that proves, and signs another result than it proved: once, then it leaves. */
async function lie(signer: DigestSigner & { readonly address: Address }): Promise<void> {
  const identity = {
    network: { chainId: network.chain.id, router: network.deployment.router },
    signer,
  };
  const links = await linkPeers({
    host: await peers.host({ listen: [] }) as never,
    identity,
    role: "znode",
    dial: (await bootnodes()).map((address) => multiaddr(address)),
    mayLink: () => Promise.resolve(true),
    log: createLog("silent"),
  });
  const lied = Promise.withResolvers<void>();
  links.onLink((link) => void serve(link, signer.address).then(lied.resolve, () => {}));
  for (const link of links.list()) void serve(link, signer.address).then(lied.resolve, () => {});
  await lied.promise;
  await until("the fault is kept", async () => (await faultsOf(signer.address))[0]);
  await links.close();
}

async function serve(link: Link, prover: Address): Promise<void> {
  await link.send("hello", { runtimes: ["halo2"], capacity: 1 });
  let lease: WireBody<"lease"> | undefined;
  for await (const { kind, body } of link.messages()) {
    if (kind === "lease") {
      lease = body;
      const { taskId, epoch } = body;
      await link.send("accept", { taskId, epoch, verifier: network.project.verifier });
    } else if (kind === "payload" && lease) {
      const { taskId, epoch, task, signature, serial } = lease;
      const context = {
        ...{ taskId, prover, projectId: task.projectId, version: task.version, serial, signature },
        ...{ clientId: body.clientId, allowRemote: false, timeoutSeconds: 60 },
      };
      const beat = setInterval(
        () =>
          void link.send("progress", { taskId, epoch, phase: "prove", done: 0, total: 1 })
            .catch(() => {}),
        2_000,
      );
      const receipt = await program.prove(
        { messages: body.messages, salt: body.inputSalt },
        context,
        new AbortController().signal,
        () => {},
      ).finally(() => clearInterval(beat));
      const publicValues = receipt.publicValues.slice();
      // The last word is a part of the result, the last byte its lowest.
      publicValues[publicValues.length - 1] = (publicValues.at(-1) as number) ^ 1;
      return await link.send("receipt", { taskId, epoch, receipt: { ...receipt, publicValues } });
    }
  }
  throw new Error("the link ended");
}

interface Fault {
  readonly id: string;
  readonly kind: string;
}
const faultsOf = async (prover: Address): Promise<Fault[]> =>
  (await (await fetch(`${enode.url}/faults?prover=${prover}`)).json() as { faults: Fault[] })
    .faults;

const stakeOf = (znodeId: bigint) =>
  network.chain.reader.readContract({
    address: network.deployment.znodeRegistrar,
    abi: znodeRegistrarAbi,
    functionName: "stakeOf",
    args: [znodeId],
  });

async function run(key: number, ...args: string[]): Promise<string> {
  const env = { ...network.env, ENODE_ENDPOINT: enode.url, OPERATOR_PRIVATE_KEY: keyOf(key) };
  const { out, err } = await ws(args, env);
  return out + err;
}

const sentByEnode = () =>
  network.chain.reader.getTransactionCount({ address: network.parties.operator.address });

/** Reports by what became of them. */
async function reports(result: string): Promise<number> {
  const metrics = await (await fetch(`${enode.url}/metrics`)).text();
  const line = new RegExp(`^w3bstream_reports_total\\{result="${result}"\\} (\\d+)$`, "m");
  return Number(line.exec(metrics)?.[1] ?? 0);
}

test("by a person's report, and by the enode itself where its operator wants that", async () => {
  const { deployment: { minStake, znodeRegistrar }, chain, parties, project } = network;
  const [first, second] = [anvilAccount(5), anvilAccount(6)];
  const id = await until(
    "the project is served",
    () => post(enode.url, 1, '{"value":1}').catch(() => undefined),
  );
  await lie(first);
  await lie(second);
  expect((await faultsOf(first.address)).map(({ kind }) => kind)).toEqual(["invalid-proof"]);
  await startHonest();
  await reaches(enode.url, id, "outputted");

  // Until the slasher's admin lists the verifier for the program, it takes nothing.
  const [fault] = await faultsOf(first.address) as [Fault];
  expect(await run(1, "evidence", "check", fault.id)).toContain("VerifierNotListed");
  const listing = ["--verifier", project.verifier, "--program", project.programId];
  expect(await run(0, "slasher", "list-verifier", ...listing, "--gas-limit", "2000000"))
    .toContain("judges proofs");
  expect(await run(1, "evidence", "submit", fault.id)).toContain("taken from znode 2");
  expect([await stakeOf(2n), await stakeOf(3n)]).toEqual([0n, minStake]);
  expect(await run(1, "slasher", "withdraw")).toContain("withdrawn by 0x");

  // What it keeps is reported by the next process, once; what was reported is not.
  const before = await sentByEnode();
  await enode.kill();
  await startEnode({ SUBMIT_EVIDENCE: "on" });
  await until("the second's stake is gone", async () => await stakeOf(3n) === 0n || undefined);
  for (const result of ["settled", "slashed"]) {
    await until(`one is ${result}`, async () => await reports(result) === 1 || undefined);
  }
  expect(await sentByEnode()).toBe(before + 1);

  // And what is found while it runs.
  await znode?.kill();
  const third = privateKeyToAccount(generatePrivateKey());
  const { znodeId } = await registerZNode(chain.sender(parties.staker), znodeRegistrar, {
    did: `did:pkh:eip155:${chain.id}:${third.address}`,
    operators: [third.address],
    amount: minStake,
  });
  const later = await until(
    "the message is taken",
    () => post(enode.url, 1, '{"value":2}').catch(() => undefined),
  );
  await lie(third);
  await until("the third's stake is gone", async () => await stakeOf(znodeId) === 0n || undefined);
  await startHonest();
  await reaches(enode.url, later, "outputted");
  expect(new Set((await expectEachOnce(network, enode.url, 2)).values())).toEqual(
    new Set([honest]),
  );
  expect(await sentByEnode()).toBe(before + 2);
  expect(await faultsOf(honest)).toEqual([]);
  expect(await stakeOf(1n)).toBe(minStake);
}, 600_000);
