/** Project files of the original's formats run unchanged from PROJECT_FILE_DIRECTORY. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  createTestClient,
  decodeAbiParameters,
  type Hex,
  hexToString,
  http,
  parseAbiParameters,
} from "viem";
import { type Anvil, anvilAccount, startAnvil } from "../../src/chain/anvil.ts";
import { connectChain } from "../../src/chain/clients.ts";
import { deployContract } from "../../src/chain/deploy_contract.ts";
import { testContracts } from "../../src/output/testing/contracts.ts";
import { startNetwork, type TestNetwork } from "./chain.ts";
import { fixture, weatherModule, workspace, writeProject } from "./files.ts";
import { type NodeProcess, post, reaches, startNode, states } from "./node.ts";

const place = workspace();
const projects = join(place.directory, "projects");
let node: NodeProcess;

beforeAll(async () => {
  await mkdir(projects);
  await copyFile(fixture("original-halo2-v1.json"), join(projects, "10001"));
  await copyFile(fixture("original-halo2-v2.json"), join(projects, "10002"));
  await writeProject(projects, 1, {
    code: await weatherModule(),
    packing: { count: 4, window: 1 },
  });
  node = await startNode({ ...place.env, PROJECT_FILE_DIRECTORY: projects });
});

afterAll(async () => {
  await node?.kill();
  await place.remove();
});

describe("a node without a chain", () => {
  test.each([["prove(input)", 10001], ["prove(project, task, client, signature, input)", 10002]])(
    "proves for an original module of the form %s and outputs to stdout",
    async (_form, project) => {
      const id = await post(node.url, project, '{"private_a":3,"private_b":4}');
      await reaches(node.url, id, "outputted");
      const life = await states(node.url, id);
      expect(life.map((entry) => entry.state)).toEqual([
        "received",
        "packed",
        "dispatched",
        "proved",
        "outputted",
      ]);
      expect(life[3]?.result).toContain("proof");
      // Printed as hex, once, as the original has it.
      const printed = new RegExp(
        `^stdout projectID=${project} taskID=0x\\w{64} proof=(\\w+)$`,
        "gm",
      );
      const proofs = [...node.log().matchAll(printed)].map(([, proof]) => proof ?? "");
      expect(proofs.map((proof) => Buffer.from(proof, "hex").toString())).toEqual([
        life[3]?.result as string,
      ]);
    },
  );

  test(
    "packs leftovers when the window ends, and proves them with the sample circuit",
    async () => {
      const ids = await Promise.all(
        [12.3, -4.5].map((value) => post(node.url, 1, JSON.stringify({ value }))),
      );
      for (const id of ids) await reaches(node.url, id, "outputted");
    },
  );

  test("one message that the program refuses fails alone", async () => {
    const [good, bad] = await Promise.all([
      post(node.url, 1, '{"value":1}'),
      post(node.url, 1, '{"value":"hunter2"}'),
    ]);
    const failed = await reaches(node.url, bad, "failed");
    expect(failed.comment).toContain("value");
    await reaches(node.url, good, "outputted");
    expect(failed.comment + node.log()).not.toContain("hunter2");
  });

  test("shows a task by its number and by its id, and the metrics of all", async () => {
    const byNumber = await (await fetch(`${node.url}/task/10001/1`)).json();
    expect(byNumber).toMatchObject({ taskID: 1, projectID: 10001 });
    const byId = await (await fetch(`${node.url}/task/10001/${byNumber.taskHash}`)).json();
    expect(byId).toEqual(byNumber);
    const metrics = await (await fetch(`${node.url}/metrics`)).text();
    expect(metrics).toContain('w3bstream_messages_total{project="10001",result="accepted"} 1');
  });

  test("ends by itself on SIGTERM", async () => {
    expect(await node.stop()).toBe(0);
  });
});

describe("a node with a chain", () => {
  const other = workspace();
  const contractAddress = "0xa54B215fE14fC7e8462B10b55cfb19ce871a50F4";
  const receiverAddress = "0x66DFbaD50d80a376BFF7446A2895426dEC89c702";
  const { Target } = testContracts();
  let network: TestNetwork, iotex: Anvil, node: NodeProcess;

  /** The original's file, but for its output; the contract's ABI is text, as the compiler wrote it. */
  async function originalFile(): Promise<string> {
    const [version] = JSON.parse(await readFile(fixture("original-halo2-v1.json"), "utf8"));
    const output = {
      type: "ethereumContract",
      ethereum: {
        chainEndpoint: "https://babel-api.testnet.iotex.io",
        contractAddress,
        receiverAddress,
        contractMethod: "store",
        contractAbiJSON: JSON.stringify(Target.abi),
      },
    };
    return JSON.stringify([{ ...version, output }]);
  }

  beforeAll(async () => {
    const folder = join(other.directory, "projects");
    await mkdir(folder);
    await writeFile(join(folder, "10003"), await originalFile());
    [network, iotex] = await Promise.all([
      startNetwork(join(other.directory, "data"), { count: 1 }),
      // At IoTeX's price of gas, a call like this takes coins that are worth cents.
      startAnvil({ chainId: 4690, args: ["--block-base-fee-per-gas", `${10n ** 12n}`] }),
    ]);
    // The contract is where the file says.
    const { reader, sender } = await connectChain(iotex.url);
    const deployed = await deployContract(sender(anvilAccount(0)), "Target", Target, {});
    const bytecode = await reader.getCode(deployed) as Hex;
    const control = createTestClient({ mode: "anvil", transport: http(iotex.url) });
    await control.setCode({ address: contractAddress, bytecode });
    node = await startNode({
      ...{ ...other.env, ...network.env, PROJECT_FILE_DIRECTORY: folder },
      CHAIN_ENDPOINTS: `4690=${iotex.url}`,
    });
  }, 300_000);
  afterAll(async () => {
    await node?.kill();
    await network?.anvil.stop();
    await iotex?.stop();
    await other.remove();
  });

  test("makes the call of an original file, on the chain of its chainEndpoint", async () => {
    const message = '{"private_a":3,"private_b":4,"amount":"0x20000000000001"}';
    const id = await post(node.url, 10003, message);
    const { result } = await reaches(node.url, id, "outputted");
    const { reader } = await connectChain(iotex.url);
    const call = await reader.getTransaction({ hash: result as Hex });
    expect([call.from, call.to]).toEqual([
      anvilAccount(2).address.toLowerCase() as Hex,
      contractAddress.toLowerCase() as Hex,
    ]);
    const target = { address: contractAddress, abi: Target.abi } as const;
    expect(await reader.readContract({ ...target, functionName: "count" })).toBe(1n);
    const last = await reader.readContract({ ...target, functionName: "last" }) as Hex;
    const [proof, ...others] = decodeAbiParameters(
      parseAbiParameters("bytes, uint256, address, uint256"),
      last,
    );
    expect(others).toEqual([10003n, receiverAddress, 0x20000000000001n]);
    const proved = (await states(node.url, id)).find(({ state }) => state === "proved");
    expect(hexToString(proof)).toBe(proved?.result as string);
  }, 300_000);
});
