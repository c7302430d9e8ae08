/** The page of an enode: it hears a task by gossip and checks its receipt, in a headless Chromium. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import type { Page } from "playwright-core";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { receiptText } from "../../src/protocol/receipt_file.ts";
import { fixture, weatherModule, workspace, wrappedReceipt, writeProject } from "../e2e/files.ts";
import { type NodeProcess, post, reaches, startNode, znodeRuntime } from "../e2e/node.ts";
import { hasChromium, launchChromium, type Pages } from "./chromium.ts";

setDefaultTimeout(600_000);

const place = workspace();
const at = (name: string) => join(place.directory, name);
const [enodeKey, znodeKey] = [generatePrivateKey(), generatePrivateKey()];
const zkwasmProject = 10002;
/** What a test waits for comes sooner by far, ms. */
const patience = { timeout: 300_000 };

if (!hasChromium) {
  test.skip(`the enode's page: no Chromium for ${process.platform}-${process.arch}`, () => {});
} else {
  const nodes: NodeProcess[] = [];
  let enode: NodeProcess;
  let chromium: Pages;
  let page: Page;
  const requests: string[] = [];

  const start = async (role: string, env: Record<string, string>): Promise<NodeProcess> => {
    const own = { DATA_DIRECTORY: at(role), PROJECT_FILE_DIRECTORY: at("projects") };
    const options = role === "znode" ? { role, runtime: znodeRuntime } : { role };
    const node = await startNode({ ...own, ...env }, options);
    nodes.push(node);
    return node;
  };

  beforeAll(async () => {
    await mkdir(at("projects"));
    await writeProject(at("projects"), 1, {
      code: await weatherModule(),
      packing: { count: 1, window: 1 },
    });
    await copyFile(fixture("original-zkwasm.json"), join(at("projects"), `${zkwasmProject}`));
    enode = await start("enode", {
      P2P_LISTEN: "/ip4/127.0.0.1/tcp/0,/ip4/127.0.0.1/tcp/0/ws",
      OPERATOR_PRIVATE_KEY: enodeKey,
      TRUSTED_PROVERS: privateKeyToAddress(znodeKey),
    });
    const { multiaddrs } = JSON.parse(await readFile(join(at("enode"), "peer.json"), "utf8"));
    await start("znode", {
      OPERATOR_PRIVATE_KEY: znodeKey,
      TRUSTED_ENODES: privateKeyToAddress(enodeKey),
      BOOTNODE_MULTIADDR: multiaddrs.find((text: string) => !text.includes("/ws")),
    });
    chromium = await launchChromium();
    page = await chromium.open(`${enode.url}/watch`);
    page.on("request", (request) => requests.push(new URL(request.url()).pathname));
    await page.getByText(/^connected; watching/).waitFor(patience);
  });

  afterAll(async () => {
    await chromium?.close();
    for (const node of nodes) await node.kill();
    await place.remove();
  });

  /** Its row, once that says that it was output. */
  const outputted = async (projectId: number, data: string) => {
    const known = await page.locator("#tasks tr[data-task]").count();
    const id = await post(enode.url, projectId, data);
    await reaches(enode.url, id, "outputted");
    const row = page.locator("#tasks tr[data-state=outputted]").first();
    await page.waitForFunction(
      (count) => document.querySelectorAll("#tasks tr[data-state=outputted]").length > count,
      known,
      patience,
    );
    return { id, row, taskId: await row.getAttribute("data-task") };
  };

  /** The verdict on a file, and what it says. */
  const checkFile = async (name: string, text: string): Promise<string> => {
    await writeFile(at(name), text);
    await page.locator("#checked").evaluate((element) => element.replaceChildren());
    await page.locator("#file").setInputFiles(at(name));
    await page.locator("#checked").getByText(/^(valid|refused)/).waitFor(patience);
    return await page.locator("#checked").innerText();
  };

  const receiptOf = async (projectId: number, taskId: string | null): Promise<string> => {
    const response = await fetch(`${enode.url}/task/${projectId}/${taskId}/receipt`);
    expect(response.status).toBe(200);
    return await response.text();
  };

  /** The receipt with one bit of its proof another. */
  const tampered = (text: string): string => {
    const file = JSON.parse(text);
    const proof = Uint8Array.fromBase64(file.proof);
    const middle = proof.length >> 1;
    proof[middle] = (proof[middle] ?? 0) ^ 1;
    return JSON.stringify({ ...file, proof: proof.toBase64() });
  };

  const programs = [
    ["halo2", 1, '{"value":21.5}'],
    ["zkwasm", zkwasmProject, '{"public_input":[7],"private_input":[3,"0x4"]}'],
  ] as const;
  for (const [machine, projectId, data] of programs) {
    test(`a ${machine} task is heard, and its receipt checked`, async () => {
      requests.length = 0;
      const { row, taskId } = await outputted(projectId, data);
      // It was heard: the page asked the enode for nothing but who signed.
      const operator = `/operator/${projectId}/${privateKeyToAddress(enodeKey)}`;
      expect(requests.filter((path) => path !== "/watch/network")).toEqual([operator]);
      await row.getByRole("button").click();
      const result = page.locator(`#tasks tr[data-task="${taskId}"] + tr`);
      await result.getByText(/^(valid|refused)/).waitFor(patience);
      const answer = await result.innerText();
      expect(answer).toStartWith("valid");
      for (const text of [machine, taskId ?? "", privateKeyToAddress(znodeKey)]) {
        expect(answer).toContain(text);
      }
      expect(await checkFile("receipt.json", tampered(await receiptOf(projectId, taskId))))
        .toStartWith("refused");
      expect(await checkFile("receipt.json", await receiptOf(projectId, taskId)))
        .toStartWith("valid");
    });
  }

  test("a receipt that is moved to another task, or of another program, is refused", async () => {
    const { taskId } = await outputted(1, '{"value":20}');
    const file = JSON.parse(await receiptOf(1, taskId));
    const moved = { ...file, task: { ...file.task, taskId: `0x${"11".repeat(32)}` } };
    expect(await checkFile("moved.json", JSON.stringify(moved))).toContain("another task");
    const other = { ...file, programId: `0x${"22".repeat(32)}` };
    expect(await checkFile("other.json", JSON.stringify(other))).toStartWith("refused");
    expect(await checkFile("text.json", "{")).toContain("no receipt");
  });

  test("a message is followed from what was sent to its proof", async () => {
    const [sent, other] = ['{"value":19.5}', '{"value":19.6}'];
    const { id, taskId } = await outputted(1, sent);
    const ask = async (data: string): Promise<string> => {
      await page.locator("#checked").evaluate((element) => element.replaceChildren());
      await page.getByLabel("message", { exact: true }).fill(id);
      await page.getByLabel("what was sent").fill(data);
      await page.locator("#lookup").getByRole("button").click();
      await page.locator("#checked").getByText(/^(valid|refused)/).waitFor(patience);
      return await page.locator("#checked").innerText();
    };
    const answer = await ask(sent);
    expect(answer).toStartWith("valid");
    for (const text of [id, taskId ?? "", "1 of 1", "halo2"]) expect(answer).toContain(text);
    expect(answer.replace(/\s+/g, " ")).toContain("is of the message given yes");
    expect(await ask(other)).toContain("refused: it is of another message");
    expect((await ask("")).replace(/\s+/g, " ")).toContain("is of the message given not checked");
    const receipt = await (await fetch(`${enode.url}/message/${id}/receipt`)).json();
    const moved = { ...receipt, leaf: { ...receipt.leaf, hash: receipt.taskId } };
    expect(await checkFile("moved.json", JSON.stringify(moved)))
      .toContain("refused: the leaf is not under the task's root");
    const { proof } = receipt;
    const broken = { ...receipt, proof: JSON.parse(tampered(JSON.stringify(proof))) };
    expect(await checkFile("broken.json", JSON.stringify(broken))).toStartWith("refused");
  });

  test("proofs for contracts are checked by their class's key, which is told", async () => {
    const guest = join(import.meta.dirname, "../../wasm/dist/guests/fibonacci.wasm");
    const receipt = await wrappedReceipt(guest);
    const answer = await checkFile("wrapped.json", receiptText(receipt));
    expect(answer).toStartWith("valid");
    expect(answer).toContain("of the test setup: anyone can forge proofs");
    expect(await checkFile("wrapped.json", tampered(receiptText(receipt)))).toStartWith("refused");
    const keyed = receiptText({ ...receipt, key: Uint8Array.of(12, 1) });
    expect(await checkFile("keyed.json", keyed)).toStartWith("refused");
  });

  test("risc0 receipts are checked by the module alone", async () => {
    const statement = JSON.parse(await readFile(fixture("risc0/meter.json"), "utf8"));
    const text = receiptText({
      version: 1,
      vmType: "risc0",
      programId: `0x${"33".repeat(32)}`,
      imageId: statement.imageId,
      bindingKind: "data",
      publicValues: Uint8Array.fromHex(statement.journal.slice(2)),
      proof: new Uint8Array(await readFile(fixture("risc0/succinct.bin"))),
    });
    const answer = await checkFile("risc0.json", text);
    expect(answer).toStartWith("valid");
    expect(answer).toContain(statement.imageId);
    expect(await checkFile("risc0.json", tampered(text))).toStartWith("refused");
  });

  test("a page comes by webrtc-direct too", async () => {
    const direct = await startNode({
      DATA_DIRECTORY: at("direct"),
      PROJECT_FILE_DIRECTORY: at("projects"),
      P2P_LISTEN: "/ip4/127.0.0.1/udp/0/webrtc-direct",
    }, { role: "enode" });
    nodes.push(direct);
    const other = await chromium.open(`${direct.url}/watch?project=1`);
    await other.getByText("connected; watching project 1").waitFor(patience);
    await post(direct.url, 1, '{"value":1}');
    await other.locator("#tasks tr[data-state=packed]").waitFor(patience);
    await other.close();
    expect(await direct.stop()).toBe(0);
  });

  test("nothing went wrong, and the page is light", async () => {
    expect(chromium.errors).toEqual([]);
    const bounds = {
      "watch/page.js": 300,
      "verifier/worker.js": 120,
      "verifier/zkwasm.wasm": 1024,
      "verifier/risc0.wasm": 1024,
      "verifier/wrap.wasm": 1024,
    };
    for (const [name, kib] of Object.entries(bounds)) {
      const response = await fetch(`${enode.url}/${name}`, {
        headers: { "accept-encoding": "gzip" },
        decompress: false,
      });
      const size = (await response.arrayBuffer()).byteLength;
      expect([name, size > 10_000, size < kib * 1024]).toEqual([name, true, true]);
    }
    // An enode ends by itself though a page is connected.
    expect(await enode.stop()).toBe(0);
  });
}
