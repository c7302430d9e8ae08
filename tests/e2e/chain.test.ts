/** What goes wrong on or with the chain ends in a clear state; the node goes on. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { addOperator, createProject, setRoute } from "../../src/chain/registrars.ts";
import { encodeProject, openIpfs } from "../../src/project/index.ts";
import { tryToCheat } from "../../scripts/demo/refusals.ts";
import { type Proxy, startNetwork, startProxy, type TestNetwork } from "./chain.ts";
import { weatherModule, workspace } from "./files.ts";
import { type NodeProcess, post, reaches, sleep, startNode, until } from "./node.ts";
import { freePort } from "../../scripts/free_port.ts";

const place = workspace();
const data = join(place.directory, "data");
let network: TestNetwork, proxy: Proxy, node: NodeProcess, port: number;

const start = async () => {
  node = await startNode({ ...place.env, ...network.env, CHAIN_ENDPOINT: proxy.url }, { port });
};

beforeAll(async () => {
  network = await startNetwork(data, { count: 4, window: 1 });
  proxy = await startProxy(network.anvil.url);
  port = await freePort();
  await start();
  await until(
    "the project is served",
    () => post(node.url, 1, '{"value":1}').catch(() => undefined),
  );
});

afterAll(async () => {
  await node?.kill();
  await proxy?.stop();
  await network?.anvil.stop();
  await place.remove();
});

describe("on a chain", () => {
  test("readings become values in the dApp; cheating is refused", async () => {
    const ids = await Promise.all(
      [1, 2, 3, 6].map((value) => post(node.url, 1, `{"value":${value}}`)),
    );
    let transaction = "";
    for (const id of ids) transaction = (await reaches(node.url, id, "outputted")).result;
    const { chain, deployment, parties } = network;
    const refusals = await tryToCheat(
      chain,
      deployment.router,
      transaction as `0x${string}`,
      parties.rival.address,
      { "tampered mean": 31 },
    );
    expect(refusals.map(({ what, error }) => [what, error?.split("(")[0]])).toEqual([
      ["submitted again", "TaskUsed"],
      ["tampered proof", "InvalidProof"],
      ["tampered mean", "InvalidProof"],
      ["swapped prover", "BindingMismatch"],
      ["unsigned task", "NotOperator"],
    ]);
  });

  test(
    "a config with another hash than the chain's is not served, and the log says so",
    async () => {
      const { chain, deployment, parties } = network;
      const owner = chain.sender(parties.projectOwner);
      const uri = `ipfs://${(await encoded({ type: "stdout" })).root.cid}`;
      const { projectId } = await createProject(owner, deployment.projectRegistrar, {
        uri,
        hash: `0x${"12".repeat(32)}`,
      });
      await until("the log says why", async () => /hash/.test(node.log()) || undefined);
      expect(post(node.url, Number(projectId), '{"value":1}')).rejects.toThrow("404");
    },
  );

  test("a receiver that refuses ends the task as failed, with its decoded reason", async () => {
    const { chain, deployment, parties, project } = network;
    const owner = chain.sender(parties.projectOwner);
    const config = await encoded({ type: "ethereumContract" });
    // The dApp of project 1 takes nothing from another project.
    const { projectId } = await createProject(owner, deployment.projectRegistrar, {
      uri: `ipfs://${config.root.cid}`,
      hash: config.hash,
    });
    await addOperator(owner, deployment.projectRegistrar, {
      projectId,
      operator: parties.operator.address,
    });
    await setRoute(owner, deployment.router, {
      projectId,
      programId: config.file.versions.get("0.1")?.program.programId ?? project.programId,
      verifier: project.verifier,
      receiver: project.station,
      allowUnbound: false,
    });
    const id = await until(
      "the project is served",
      () => post(node.url, Number(projectId), '{"value":1}').catch(() => undefined),
    );
    const failed = await reaches(node.url, id, "failed");
    expect(failed.comment).toContain("ForeignProject");
  });

  test("while the RPC is down messages are taken; they are output when it is back", async () => {
    const before = await post(node.url, 1, '{"value":7}');
    proxy.down = true;
    const during = await post(node.url, 1, '{"value":8}');
    await sleep(6_000);
    expect(await fetch(`${node.url}/live`).then((r) => r.status)).toBe(200);
    proxy.down = false;
    for (const id of [before, during]) await reaches(node.url, id, "outputted");
  });

  test("a node that starts while the RPC is down serves what it knew", async () => {
    await node.kill();
    proxy.down = true;
    await start();
    const id = await until(
      "the project is served",
      () => post(node.url, 1, '{"value":9}').catch(() => undefined),
    );
    proxy.down = false;
    await reaches(node.url, id, "outputted");
  });
});

/** Blocks of a further weather config, put where the running node finds them. */
async function encoded(output: Record<string, unknown>) {
  const project = await encodeProject({
    versions: [{
      version: "0.1",
      vmType: "halo2",
      code: await weatherModule(),
      packing: { count: 4, window: 1 },
      output,
    }],
  });
  const ipfs = openIpfs({ directory: join(data, "ipfs") });
  await ipfs.put(project.blocks);
  await ipfs.close();
  return project;
}
