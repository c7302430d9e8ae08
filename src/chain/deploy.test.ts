import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Hex, keccak256, parseEther, toBytes } from "viem";
import vectors from "../../contracts/test/vectors/halo2-weather.json" with { type: "json" };
import { type Anvil, anvilAccount, startAnvil } from "./anvil.ts";
import { halo2AdapterAbi } from "./abi/halo2Adapter.ts";
import { routerAbi } from "./abi/router.ts";
import { weatherStationAbi } from "./abi/weatherStation.ts";
import { znodeRegistrarAbi } from "./abi/znodeRegistrar.ts";
import { weatherVerifier } from "./bytecode/weatherVerifier.ts";
import { connectChain, type Sender } from "./clients.ts";
import {
  checkDeployment,
  deployCore,
  deployHalo2Verifier,
  type Deployment,
  deployWeatherStation,
  halo2Layout,
  readDeployment,
  writeDeployment,
} from "./deploy.ts";

let anvil: Anvil, sender: Sender, core: Deployment, folder: string;
const deployed: string[] = [];
const names = ["mean", "min", "max", "count", "inputCommitment", "bindingHi", "bindingLo"];
const layout = halo2Layout({
  publicValues: names,
  proofBytes: (vectors.proof.length - 2) / 2,
});
const programId = vectors.programId as Hex;
const publicValues = vectors.publicValues as Hex;
const proof = vectors.proof as Hex;

beforeAll(async () => {
  anvil = await startAnvil();
  sender = (await connectChain(anvil.url, { retries: 0 })).sender(anvilAccount(0));
  folder = await mkdtemp(join(tmpdir(), "deployment-"));
  core = await deployCore(sender, {
    minStake: parseEther("2"),
    unstakeDelay: 60n,
    onDeployed: (name) => deployed.push(name),
  });
});
afterAll(async () => {
  await anvil.stop();
  await rm(folder, { recursive: true });
});

test("deploys registrars and router with the given stake and delay", async () => {
  expect(deployed).toEqual([
    "ProjectRegistrar",
    "ZNodeRegistrar",
    "W3bstreamRouter",
    "Slasher",
    "RewardPool",
  ]);
  expect(core.chainId).toBe(31337n);
  expect(core.block).toBe(1n);
  const read = (functionName: "minStake" | "unstakeDelay" | "admin") =>
    sender.reader.readContract({
      address: core.znodeRegistrar,
      abi: znodeRegistrarAbi,
      functionName,
    });
  expect(await read("minStake")).toBe(parseEther("2"));
  expect(await read("unstakeDelay")).toBe(60n);
  expect(await read("admin")).toBe(sender.wallet.account.address);
  const registrar = await sender.reader.readContract({
    address: core.router,
    abi: routerAbi,
    functionName: "projectRegistrar",
  });
  expect(registrar).toBe(core.projectRegistrar);
});

test("a deployment's file is read back as it was written", async () => {
  const path = join(folder, "addresses.json");
  const verifiers = { [programId]: { verifier: core.router, adapter: core.znodeRegistrar } };
  await writeDeployment(path, { ...core, verifiers });
  expect(await readDeployment(path)).toEqual({ ...core, verifiers });
  await writeDeployment(path, core);
  expect(await readDeployment(path)).toEqual(core);
  expect(await readdir(folder)).toEqual(["addresses.json"]);

  const { slasher: _, rewardPool: __, ...old } = core;
  await writeDeployment(path, old);
  expect(await readDeployment(path)).toEqual(old);

  const broken = { ...JSON.parse(await readFile(path, "utf8")), router: "0x12" };
  await writeFile(path, JSON.stringify(broken));
  await expect(readDeployment(path)).rejects.toThrow("router: must be an address");
});

test("tells a wrong address from a right one", async () => {
  await checkDeployment(sender.reader, core);
  const swapped = { ...core, router: core.projectRegistrar };
  await expect(checkDeployment(sender.reader, swapped)).rejects.toThrow("is no W3bstreamRouter");
  const nobody = anvilAccount(9).address;
  await expect(checkDeployment(sender.reader, { ...core, router: nobody }))
    .rejects.toThrow("is no W3bstreamRouter");
  await expect(checkDeployment(sender.reader, { ...core, znodeRegistrar: nobody }))
    .rejects.toThrow(`the router's znodeRegistrar is ${core.znodeRegistrar}`);
});

test("the deployed verifier takes a real proof and refuses changed ones", async () => {
  const program = { programId, verifier: weatherVerifier, layout };
  const { verifier, adapter } = await deployHalo2Verifier(sender, program);
  expect(verifier).not.toBe(adapter);
  const verify = (values: Hex, bytes: Hex, id = programId) =>
    sender.reader.readContract({
      address: adapter,
      abi: halo2AdapterAbi,
      functionName: "verify",
      args: [id, values, bytes],
    });
  expect(await verify(publicValues, proof)).toBe(true);
  expect(await verify(publicValues, `${proof.slice(0, -1)}${proof.endsWith("0") ? 1 : 0}` as Hex))
    .toBe(false);
  expect(await verify(publicValues.replace("80", "81") as Hex, proof)).toBe(false);
  expect(await verify("0x", proof)).toBe(false);
  expect(await verify(publicValues, proof, keccak256(toBytes("other")))).toBe(false);
});

test("a test setup is refused on every chain but a local one, before anything is sent", async () => {
  const public_ = await startAnvil({ chainId: 4690 });
  try {
    const other = (await connectChain(public_.url)).sender(anvilAccount(0));
    const unsafe = { ...weatherVerifier, name: "UnsafeTestSetupVerifier", unsafeTestSetup: true };
    await expect(deployHalo2Verifier(other, { programId, verifier: unsafe, layout }))
      .rejects.toThrow(/test setup whose secret is public.*chain 31337 only.*chain 4690/);
    expect(await other.reader.getBlockNumber()).toBe(0n);

    // Calling it by its proper name does not help: the contract looks at the chain itself.
    if (weatherVerifier.unsafeTestSetup) {
      const disguised = { ...weatherVerifier, unsafeTestSetup: false };
      await expect(deployHalo2Verifier(other, { programId, verifier: disguised, layout }))
        .rejects.toThrow("unsafe test setup");
    }
    const registrars = await deployCore(other);
    expect(registrars.chainId).toBe(4690n);
  } finally {
    await public_.stop();
  }
});

test("deploys the sample receiver for one project", async () => {
  const station = { router: core.router, projectId: 7n, programId };
  const address = await deployWeatherStation(sender, station);
  const read = (functionName: "router" | "projectId" | "programId") =>
    sender.reader.readContract({ address, abi: weatherStationAbi, functionName });
  expect(await read("router")).toBe(core.router);
  expect(await read("projectId")).toBe(7n);
  expect(await read("programId")).toBe(programId);
});

test("a failed deployment says what failed and why", async () => {
  const broken = { name: "Broken", unsafeTestSetup: false, bytecode: "0xfe" as const };
  await expect(deployHalo2Verifier(sender, { programId, verifier: broken, layout }))
    .rejects.toThrow("deploying Broken: ");
  const layoutOutside = { ...layout, bindingLo: 7n };
  const program = { programId, verifier: weatherVerifier, layout: layoutOutside };
  await expect(deployHalo2Verifier(sender, program)).rejects.toThrow("BadLayout()");
  const poor = (await connectChain(anvil.url, { retries: 0 })).sender(anvilAccount(20));
  await expect(deployCore(poor)).rejects.toThrow(/^deploying ProjectRegistrar: .*funds/);
});

test("a program without commitment or binding has no layout", () => {
  expect(() => halo2Layout({ publicValues: ["mean"], proofBytes: 1 }))
    .toThrow('no public value "inputCommitment"');
  expect(() => halo2Layout({ publicValues: names, proofBytes: undefined }))
    .toThrow("states no proofBytes");
  const { words, inputCommitment, bindingHi, bindingLo } = layout;
  expect([words, inputCommitment, bindingHi, bindingLo]).toEqual([7n, 4n, 5n, 6n]);
});
