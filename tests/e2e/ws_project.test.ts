/** A project from its template to what the chain and IPFS services have of it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { CID } from "multiformats/cid";
import { sha256 } from "multiformats/hashes/sha2";
import { bytesToHex } from "viem";
import { type Anvil, anvilAccount, startAnvil } from "../../src/chain/anvil.ts";
import { parseProjectFile } from "../../src/project/file.ts";
import { fixture, workspace } from "./files.ts";
import { ws } from "./ws.ts";

const root = join(import.meta.dirname, "../..");
const place = workspace();
const folder = join(place.directory, "zkwasm");
const project = join(folder, "project.json");

const text = async (...args: Parameters<typeof ws>) => {
  const { out, err } = await ws(...args);
  return out + err;
};

/** @throws with what the command says, when it fails */
async function json(args: string[], env: Record<string, string> = {}) {
  const { code, out, err } = await ws([...args, "--json"], env);
  if (code !== 0) throw new Error(`${code}: ${out}${err}`);
  return JSON.parse(out);
}

beforeAll(async () => {
  await json(["init", folder, "--runtime", "zkwasm"]);
  await json(["project", "build", project]);
});
afterAll(() => place.remove());

describe("the template for zkwasm", () => {
  test("builds a program whose test passes, and that proves", async () => {
    const run = { cwd: folder, stdio: "pipe" } as const;
    expect(() => execFileSync(process.execPath, ["test"], run)).not.toThrow();
    const input = '{"public_input":[41],"private_input":[19,22]}';
    const args = ["prove", join(folder, "program.wasm"), "--dry-run", "--input", input];
    expect(await json(args)).toMatchObject({ status: "done" });
  });

  test("says what the compiler says", async () => {
    const broken = join(place.directory, "broken");
    await json(["init", broken, "--runtime", "zkwasm"]);
    await writeFile(join(broken, "program/index.ts"), "export function zkmain(): void { x(); }");
    const said = await text(["project", "build", join(broken, "project.json")]);
    expect(said).toContain("Cannot find name 'x'");
    expect(said).toContain("program/index.ts");
  });

  test("needs the contract's address for a chain of one's own", async () => {
    expect(await text(["project", "validate", project])).toContain("contractAddress");
  });
});

test("ws project validate says what makes a program that is not there, and of a folder what to give", async () => {
  const fresh = join(place.directory, "fresh");
  await json(["init", fresh, "--runtime", "zkwasm"]);
  const file = join(fresh, "project.json");
  expect(await text(["project", "validate", file])).toContain(`ws project build ${file} makes it`);
  expect(await text(["project", "validate", fresh])).toContain("is a folder: give the file in it");
});

describe("the template for halo2", () => {
  const halo2 = join(place.directory, "halo2");

  test("is valid, and its contract's test passes", async () => {
    await json(["init", halo2, "--runtime", "halo2"]);
    const { programs } = await json(["project", "validate", join(halo2, "project.json")]);
    expect(programs).toEqual([{ version: "1.0", programId: expect.stringMatching(/^0x/) }]);
    const said = execFileSync(join(root, "node_modules/.bin/forge"), ["test", "--root", halo2], {
      env: { ...process.env, FOUNDRY_SOLC: join(root, "contracts/solc.mjs") },
      encoding: "utf8",
    });
    expect(said).toContain("4 tests passed, 0 failed");
  });
});

describe("ws code convert", () => {
  test("makes the original's file of a program, and dag-json", async () => {
    const [original] = JSON.parse(await readFile(fixture("original-zkwasm.json"), "utf8"));
    const program = join(folder, "program.wasm");
    const convert = async (...more: string[]) => {
      const output = join(place.directory, "converted");
      await json(["code", "convert", program, "--vm-type", "zkwasm", "--output", output, ...more]);
      return new Uint8Array(await readFile(output));
    };
    const bytes = await convert();
    const [version] = JSON.parse(new TextDecoder().decode(bytes));
    expect(Object.keys(original)).toEqual(expect.arrayContaining(Object.keys(version)));
    expect(version).toMatchObject({ vmType: "zkwasm", version: "0.1" });
    expect(version.code).toMatch(/^789c[0-9a-f]+$/);

    const options = ["--format", "dag-json", "--param", '{"profile":"fast"}'];
    const file = await parseProjectFile(await convert(...options), { projectId: 1n });
    expect(file.versions.get("0.1")?.program).toMatchObject({
      code: new Uint8Array(await readFile(program)),
      param: '{"profile":"fast"}',
    });
  });

  test("refuses what no node takes", async () => {
    const output = join(place.directory, "none");
    const args = ["code", "convert", output, "--vm-type", "zkwasm", "--output", output];
    expect(await text(args)).toContain("can't read");
    expect(await text(["code", "convert", project, "--output", output])).toContain("--vm-type");
  });
});

describe("on a chain and with IPFS services", () => {
  const draft = join(root, "scripts/demo/project.json");
  const addresses = join(place.directory, "addresses.json");
  const key = bytesToHex(anvilAccount(0).getHdKey().privateKey as Uint8Array);
  const stored = new Map<string, Uint8Array>();
  const asked: { authorization: string | null; pin: unknown }[] = [];
  let anvil: Anvil, services: ReturnType<typeof Bun.serve>;

  beforeAll(async () => {
    anvil = await startAnvil();
    // Speaks the routes of Kubo's RPC API and of the pinning services' that are used.
    services = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      async fetch(request) {
        const { pathname, searchParams } = new URL(request.url);
        const authorization = request.headers.get("authorization");
        if (pathname === "/api/v0/block/put") {
          const data = (await request.formData()).get("data") as Blob;
          const bytes = new Uint8Array(await data.arrayBuffer());
          const codecs: Record<string, number> = { raw: 0x55, "dag-pb": 0x70, "dag-json": 0x129 };
          const codec = codecs[searchParams.get("cid-codec") ?? ""] as number;
          const cid = `${CID.createV1(codec, await sha256.digest(bytes))}`;
          stored.set(cid, bytes);
          return Response.json({ Key: cid, Size: bytes.length });
        }
        if (pathname === "/api/v0/wrong/api/v0/block/put") return Response.json({ Key: "bafy" });
        if (pathname !== "/pins") return new Response("no such route", { status: 404 });
        if (authorization !== "Bearer hunter2") return new Response("who?", { status: 401 });
        asked.push({ authorization, pin: await request.json() });
        return Response.json({ requestid: "1", status: "queued" }, { status: 202 });
      },
    });
  });
  afterAll(async () => {
    await services?.stop(true);
    await anvil?.stop();
  });

  test("publishes to Kubo and asks to pin", async () => {
    const publish = (...more: string[]) => [
      ...["project", "publish", draft, "--data-directory", join(place.directory, "data"), ...more],
    ];
    const at = `http://127.0.0.1:${services.port}`;
    const env = { IPFS_PIN_TOKEN: "hunter2" };
    const { uri, hash, pin } = await json(publish("--kubo", at, "--pin", at), env);
    expect(pin).toEqual({ requestid: "1", status: "queued" });
    const cid = uri.slice("ipfs://".length);
    expect(asked).toMatchObject([{ pin: { cid, origins: [] } }]);
    const load = (link: CID) => Promise.resolve(stored.get(`${link}`) as Uint8Array);
    const { digest } = CID.parse(cid).multihash;
    expect(bytesToHex(digest)).toBe(hash);
    const known = stored.get(cid) as Uint8Array;
    const file = await parseProjectFile(known, { projectId: 1n, loadLinked: load });
    expect(file.versions.get("1.0")?.vmType).toBe("halo2");

    const refused = await text(publish("--pin", at));
    expect(refused).toContain("401");
    expect(await text(publish("--kubo", `${at}/api/v0/wrong`))).toContain("stored bafy, not");
    expect(await text(publish("--kubo", `${at}/nothing`))).toContain("404");
    expect(await text(publish("--kubo", "http://127.0.0.1:1"))).toContain("no answer from");
    expect(await text(publish("--kubo", "nonsense"))).toContain("http(s) URL");
  });

  test("shows who may sign a project's tasks", async () => {
    const env = { OPERATOR_PRIVATE_KEY: key };
    const run = (...args: string[]) =>
      json([...args, "--chain", anvil.url, "--addresses", addresses], env);
    await run("deploy");
    const hash = `0x${"1".repeat(64)}`;
    await run("project", "create", "--uri", "ipfs://x", "--hash", hash);
    const [first, second] = [anvilAccount(1).address, anvilAccount(2).address];
    for (const operator of [first, second]) await run("project", "operator", "add", "1", operator);
    await run("project", "operator", "remove", "1", first);
    const owner = anvilAccount(0).address;
    expect(await run("project", "operators", "1")).toEqual({
      projectId: "1",
      owner,
      operators: [second],
    });
  });
});
