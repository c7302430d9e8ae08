/** The command line, as a project developer uses it, against a real chain and node. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Address, bytesToHex, type Hex, keccak256 } from "viem";
import { type Anvil, anvilAccount, startAnvil } from "../../src/chain/anvil.ts";
import { proofVerifierAbi } from "../../src/chain/abi/proofVerifier.ts";
import { connectChain } from "../../src/chain/clients.ts";
import { fixture, workspace } from "./files.ts";
import { type NodeProcess, startNode } from "./node.ts";
import { ws } from "./ws.ts";

const root = join(import.meta.dirname, "../..");
const place = workspace();
const addresses = join(place.directory, "addresses.json");
let anvil: Anvil, node: NodeProcess;

const key = (index: number) => bytesToHex(anvilAccount(index).getHdKey().privateKey as Uint8Array);
/** With a key, on the test's chain; answers the JSON. */
async function onChain(signer: number, ...args: string[]): Promise<Record<string, unknown>> {
  const flags = ["--chain", anvil.url, "--addresses", addresses, "--json"];
  const { code, out, err } = await ws([...args, ...flags], { OPERATOR_PRIVATE_KEY: key(signer) });
  if (code !== 0) throw new Error(`${code}: ${out}${err}`);
  return JSON.parse(out);
}

beforeAll(async () => {
  const projects = join(place.directory, "projects");
  await mkdir(projects);
  await writeFile(join(projects, "10001"), readFileSync(fixture("original-halo2-v1.json")));
  [anvil, node] = await Promise.all([
    startAnvil(),
    startNode({ ...place.env, PROJECT_FILE_DIRECTORY: projects }),
  ]);
});

afterAll(async () => {
  await node?.kill();
  await anvil?.stop();
  await place.remove();
});

describe("ws", () => {
  test("deploys, registers a znode, publishes a project and shows it", async () => {
    const deployment = await onChain(0, "deploy");
    expect(deployment.chainId).toBe("31337");
    const prover = anvilAccount(4).address;
    const znode = await onChain(
      3,
      "znode",
      "register",
      "--did",
      "did:io:0x1",
      "--operator",
      prover,
      "--stake",
      "1",
    );
    expect(znode.znodeId).toBe("1");
    expect((await onChain(3, "znode", "status", prover)).eligible).toBe(true);

    const data = join(place.directory, "publish");
    const draft = join(root, "scripts/demo/project.json");
    const published = await ws(["project", "publish", draft, "--data-directory", data, "--json"]);
    const { uri, hash } = JSON.parse(published.out);
    expect(uri).toMatch(/^ipfs:\/\/b/);
    const created = await onChain(1, "project", "create", "--uri", uri, "--hash", hash);
    expect(created.projectId).toBe("1");
    await onChain(1, "project", "operator", "add", "1", anvilAccount(2).address);
    await onChain(1, "project", "pause", "1");
    expect(await onChain(1, "project", "show", "1")).toEqual({
      projectId: "1",
      owner: anvilAccount(1).address,
      uri,
      hash,
      paused: true,
    });
  });

  test("deploys a verifier of risc0 receipts that takes a published one", async () => {
    const receipt = JSON.parse(
      readFileSync(join(root, "contracts/test/vectors/risc0-groth16.json"), "utf8"),
    );
    const program = keccak256("0x00");
    const wanted = ["--program", program, "--image-id", receipt.image_id];
    const old = ["--zkvm", "2.2", "--binding", "none"];
    const { adapter } = await onChain(0, "verifier", "risc0", ...wanted, ...old);
    const { reader } = await connectChain(anvil.url);
    const takes = (seal: Hex) =>
      reader.readContract({
        address: adapter as Address,
        abi: proofVerifierAbi,
        functionName: "verify",
        args: [program, receipt.journal, seal],
      });
    expect(await takes(receipt.seal)).toBe(true);
    expect(await takes(`${receipt.seal.slice(0, -2)}00` as Hex)).toBe(false);
  });

  test("says what to do when something is missing or wrong", async () => {
    const refusals: [string[], Record<string, string>, RegExp][] = [
      [["deploy"], {}, /OPERATOR_PRIVATE_KEY/],
      [["deploy"], { OPERATOR_PRIVATE_KEY: key(0) }, /--chain <url> or set CHAIN_ENDPOINT/],
      [["deploy", "--chain", anvil.url], { OPERATOR_PRIVATE_KEY: "0xhunter2" }, /32 bytes of hex/],
      [["project", "show", "0"], {}, /number, from 1/],
      [["project", "publish", "missing.json"], {}, /can't read missing.json/],
      [
        ["project", "show", "1", "--chain", anvil.url, "--addresses", "no.json"],
        {},
        /no.json is missing/,
      ],
      [
        ["message", "send", "1", "--data", "x", "--enode", "http://127.0.0.1:1"],
        {},
        /no enode answers/,
      ],
      [["task", "dead", "--enode", "localhost:9000"], {}, /like http:.*not localhost:9000/],
      [["message", "send", "1"], {}, /--data or by --file/],
      [
        ["project", "operator", "delete", "1", anvilAccount(2).address],
        {},
        /choices are add, remove/,
      ],
      [
        ["project", "show", "77", "--chain", anvil.url, "--addresses", addresses],
        {},
        /there is no project 77/,
      ],
      [["deploy", "--unstake-delay", "1h"], {}, /whole seconds/],
      [["frobnicate"], {}, /unknown command/],
    ];
    for (const [args, env, message] of refusals) {
      const { code, out, err } = await ws(args, env);
      expect({ args, code, text: out + err }).toEqual({
        args,
        code: 1,
        text: expect.stringMatching(message),
      });
      expect(out + err).not.toContain("hunter2");
    }
  });

  test("one may do only what one owns", async () => {
    expect(
      onChain(4, "project", "update", "1", "--uri", "ipfs://x", "--hash", `0x${"1".repeat(64)}`),
    )
      .rejects.toThrow(/Not authorized/);
  });

  test("sends a message and follows it to its end", async () => {
    const data = '{"private_a":3,"private_b":4}';
    const sent = await ws([
      "message",
      "send",
      "10001",
      "--data",
      data,
      "--wait",
      "--enode",
      node.url,
    ]);
    expect(sent.err + sent.out).toContain("outputted");
    expect(sent.code).toBe(0);
    const id = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(sent.err)?.[0] as string;
    const shown = await ws(["message", "show", id, "--json", "--enode", node.url]);
    expect(JSON.parse(shown.out)).toMatchObject({
      messageID: id,
      states: [{ state: "received" }, {}, {}, {}, {}],
    });
    const query = await ws(["message", "query", id, "--json", "--enode", node.url]);
    expect(query.out).toBe(shown.out);
    const task = await ws(["task", "show", "10001", "1", "--enode", node.url]);
    expect(task.out).toContain("outputted");
    expect(task.out).toMatch(/^block bagu[a-z2-7]+$/m);
  });

  test("lists its commands", async () => {
    const { code, out } = await ws(["--help"]);
    expect(code).toBe(0);
    for (const name of ["deploy", "project", "znode", "message", "task"]) {
      expect(out).toContain(name);
    }
  });
});
