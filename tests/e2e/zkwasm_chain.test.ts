/**
 * A zkWasm run's proof by the router to a dApp, from a posted message on: the enode on one runtime, the
 * znode on the other. `SLOW=1` runs it: the proof takes minutes, and so do its keys the first time.
 */
import { afterAll, expect, test } from "bun:test";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { installedLibrary } from "../../runtimes/zkwasm/wrap/installed.ts";
import {
  localParties,
  nodeEnvironment,
  setUpNetwork,
  znodeKeys,
} from "../../scripts/demo/network.ts";
import { submissionOf, tryToCheat } from "../../scripts/demo/refusals.ts";
import { provenRun, registerRuns, wrapProject } from "../../scripts/demo/zkwasm_network.ts";
import { routerAbi } from "../../src/chain/abi/router.ts";
import { type Anvil, anvilKey, startAnvil } from "../../src/chain/anvil.ts";
import { connectChain } from "../../src/chain/clients.ts";
import { chainErrorText, revertData } from "../../src/chain/errors.ts";
import { encodeProject, openIpfs } from "../../src/project/index.ts";
import { bindingOf, signTask, taskIdOf } from "../../src/protocol/task.ts";
import { slow } from "../slow.ts";
import { workspace } from "./files.ts";
import { type NodeProcess, post, reaches, startNode, znodeRuntime } from "./node.ts";

const place = workspace();
const nodes: NodeProcess[] = [];
let anvil: Anvil | undefined;
afterAll(async () => {
  for (const node of nodes) await node.kill();
  await anvil?.stop();
  await place.remove();
});

const proofMs = 3_000_000;
const installed = installedLibrary() !== undefined;
if (slow && !installed) {
  test.skip("the library is not built (bun run build:native wrap)", () => {});
}

test.skipIf(!slow || !installed)(
  "a message becomes a value in the dApp, and no lie does",
  async () => {
    anvil = await startAnvil();
    const chain = await connectChain(anvil.url);
    const parties = localParties();
    const deployment = await setUpNetwork(chain, parties);
    const directory = (name: string) => join(place.directory, name);
    await mkdir(directory("enode"));
    const ipfs = openIpfs({ directory: join(directory("enode"), "ipfs") });
    const publish = async (guest: string) => {
      const encoded = await encodeProject(await wrapProject(guest, "small"));
      await ipfs.put(encoded.blocks);
      return encoded;
    };
    const [sum, fibonacci] = [await publish("sum"), await publish("fibonacci")];
    await ipfs.close();
    const project = await registerRuns(chain, deployment, parties, sum);
    const other = await registerRuns(chain, deployment, parties, fibonacci, project.verifier);
    expect(other.verifier).toBe(project.verifier);

    const { PROVER_PRIVATE_KEY: _, ...network } = nodeEnvironment(anvil.url, deployment);
    const enode = await startNode({
      ...network,
      DATA_DIRECTORY: directory("enode"),
      P2P_LISTEN: "/ip4/127.0.0.1/tcp/0",
    }, { role: "enode" });
    nodes.push(enode);
    const peer = JSON.parse(await readFile(join(directory("enode"), "peer.json"), "utf8"));
    const znode = await startNode({
      ...network,
      DATA_DIRECTORY: directory("znode"),
      OPERATOR_PRIVATE_KEY: znodeKeys()[0] as Hex,
      BOOTNODE_MULTIADDR: peer.multiaddrs.join(","),
      WORKERS: "1",
    }, { role: "znode", runtime: znodeRuntime });
    nodes.push(znode);

    const data = '{"public_input":[4123],"private_input":[4000,123]}';
    const id = await post(enode.url, Number(project.projectId), data, "1.0");
    const transaction = (await reaches(enode.url, id, "outputted", proofMs)).result as Hex;
    for (const phase of ["execute", "stark", "keys", "wrap"]) {
      expect(znode.log()).toContain(`"phase":"${phase}"`);
    }
    expect(enode.log() + znode.log()).not.toContain('"private_input"');

    const [task, , prover, publicValues, proof] = await submissionOf(chain, transaction);
    const { router } = deployment;
    const domain = { chainId: chain.id, router };
    const taskId = taskIdOf({ ...task, ...domain });
    expect(await provenRun(chain, project, taskId)).toEqual({
      inputs: [4123n],
      outputs: [],
      prover: parties.prover.address,
    });
    expect(publicValues).toContain(bindingOf(taskId, prover).slice(2));
    expect((proof.length - 2) / 2).toBe(project.program.proofBytes);

    const refusals = await tryToCheat(chain, router, transaction, parties.rival.address, {
      status: 1,
      "image id": 2,
      binding: 34,
      counts: 69,
      value: -1,
    });
    expect(refusals.map(({ what, error }) => [what, error?.split("(")[0]])).toEqual([
      ["submitted again", "TaskUsed"],
      ["tampered proof", "InvalidProof"],
      ["status", "InvalidProof"],
      ["image id", "InvalidProof"],
      ["binding", "InvalidProof"],
      ["counts", "InvalidProof"],
      ["value", "InvalidProof"],
      ["swapped prover", "BindingMismatch"],
      ["unsigned task", "NotOperator"],
    ]);

    const operator = privateKeyToAccount(anvilKey(2));
    /** What becomes of the receipt under another task. */
    const submitted = async (change: Partial<typeof task>) => {
      const changed = { ...task, ...change };
      const signature = await signTask({ ...changed, ...domain }, operator);
      const call = chain.reader.simulateContract({
        address: router,
        abi: routerAbi,
        functionName: "submit",
        args: [changed, signature, prover, publicValues, proof],
      });
      return await call.then(() => "accepted", (error) => {
        if (revertData(error) === undefined) throw error;
        return chainErrorText(error);
      });
    };
    expect(await submitted({ nonce: task.nonce + 1n })).toStartWith("BindingMismatch");
    const { projectId, program: { programId } } = other;
    expect(await submitted({ projectId, programId })).toStartWith("InvalidProof");
    expect(await submitted({ projectId })).toStartWith("NoRoute");
  },
  3_600_000,
);
