import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import http, { type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getAddress, type Hex, sha256, zeroAddress } from "viem";
import {
  addOperator,
  createProject,
  removeOperator,
  setProjectPaused,
  updateProject,
} from "../chain/registrars.ts";
import { openDa } from "../da/index.ts";
import { programIdOf } from "../protocol/task.ts";
import { encodeOriginal, encodeProject, type VersionDraft } from "./encode.ts";
import { openIpfs } from "./ipfs.ts";
import { createProjects, type ProjectsOptions } from "./manager.ts";
import { memoryLog, MemoryView, startTestChain, type TestChain, until } from "./testing.ts";
import type { Project, Projects } from "./types.ts";

const operator = getAddress("0x00000000000000000000000000000000000000aa");
const never = new AbortController().signal;
const program = (text: string) => new TextEncoder().encode(text);
const draft = (fields: Partial<VersionDraft> = {}): VersionDraft => ({
  version: "0.1",
  vmType: "halo2",
  code: program("one"),
  ...fields,
});
const original = (...versions: Partial<VersionDraft>[]) =>
  encodeOriginal({ versions: versions.map(draft) });
const idOf = (text: string) => programIdOf(program(text), "");
const names = (project: Project | undefined) => [...project?.versions.keys() ?? []];

let root: string;
let chain: TestChain | undefined;
let view: MemoryView;
let lines: string[];
let files: Files;
const open: Projects[] = [];

/** A web server of project files. */
class Files {
  readonly content = new Map<string, Uint8Array>();
  asked = 0;
  #server: Server | undefined;

  async start(): Promise<void> {
    const server = http.createServer((request, response) => {
      this.asked++;
      const bytes = this.content.get(request.url ?? "");
      response.statusCode = bytes ? 200 : 404;
      response.end(bytes ?? "not here");
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  }
  put(path: string, bytes: Uint8Array): { uri: string; hash: Hex } {
    this.content.set(path, bytes);
    const { port } = this.#server?.address() as AddressInfo;
    return { uri: `http://127.0.0.1:${port}${path}`, hash: sha256(bytes) };
  }
  stop(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "projects-"));
  view = new MemoryView();
  files = new Files();
  await files.start();
});
afterEach(async () => {
  for (const projects of open.splice(0)) await projects.close();
  await chain?.stop();
  chain = undefined;
  files.stop();
  await rm(root, { recursive: true });
});

async function start(options: Partial<ProjectsOptions> = {}): Promise<Projects> {
  const memory = memoryLog();
  lines = memory.lines;
  const projects = await createProjects({
    log: memory.log,
    dataDirectory: join(root, "data"),
    operator,
    retryMs: { first: 20, last: 100 },
    directoryPollMs: 20,
    ...options,
  });
  open.push(projects);
  return projects;
}
const onChain = (of: TestChain, options: Partial<ProjectsOptions> = {}) =>
  start({
    chain: {
      connect: of.connect,
      contract: of.registrar,
      view,
      pollMs: 30,
      retryMs: { first: 30, last: 100 },
    },
    ...options,
  });
const create = (of: TestChain, config: { uri: string; hash: Hex }) =>
  createProject(of.sender, of.registrar, config);
const update = (of: TestChain, projectId: bigint, config: { uri: string; hash: Hex }) =>
  updateProject(of.sender, of.registrar, { projectId, ...config });
const warnings = () => lines.filter((line) => line.startsWith("warn"));

describe("on the chain", () => {
  beforeEach(async () => {
    chain = await startTestChain();
  });

  test("a project that is there, and one that comes", async () => {
    const of = chain as TestChain;
    await create(of, files.put("/1", await original({})));
    const projects = await onChain(of);
    expect(projects.list()).toHaveLength(1);
    const project = projects.get(1n);
    expect(project).toMatchObject({
      id: 1n,
      source: "chain",
      paused: false,
      defaultVersion: "0.1",
      problem: undefined,
    });
    expect(projects.version(1n, "0.1")?.program.programId).toBe(idOf("one"));
    expect(projects.version(1n, "9")).toBeUndefined();
    expect(projects.version(2n, "0.1")).toBeUndefined();

    const changes: string[] = [];
    const stop = projects.onChange(({ id, problem }) => changes.push(`${id} ${problem}`));
    await create(of, files.put("/2", await original({ code: program("two") })));
    await until(() => projects.version(2n, "0.1"));
    expect(changes).toEqual(["2 undefined"]);
    stop();
    await create(of, files.put("/3", await original({ code: program("two") })));
    await until(() => projects.version(3n, "0.1"));
    expect(changes).toHaveLength(1);
    // One program, one object.
    expect(projects.version(3n, "0.1")?.program).toBe(
      projects.version(2n, "0.1")?.program as never,
    );
  });

  test("pause and unpause, without loading again", async () => {
    const of = chain as TestChain;
    await create(of, files.put("/1", await original({})));
    const projects = await onChain(of);
    const { asked } = files;
    const pause = (paused: boolean) =>
      setProjectPaused(of.sender, of.registrar, { projectId: 1n, paused });
    await pause(true);
    await until(() => projects.get(1n)?.paused);
    expect(projects.version(1n, "0.1")).toBeDefined();
    await pause(false);
    await until(() => projects.get(1n)?.paused === false);
    expect(files.asked).toBe(asked);
  });

  test("an update while running: new tasks get it, old ones end on what they were made for", async () => {
    const of = chain as TestChain;
    const both = [{ code: program("old") }, { version: "0.0", code: program("gone") }];
    await create(of, files.put("/1", await original(...both)));
    let projects = await onChain(of);
    await update(of, 1n, files.put("/2", await original({ code: program("new") })));
    await until(() => projects.version(1n, "0.1")?.program.programId === idOf("new"));

    for (const restarted of [false, true]) {
      if (restarted) {
        await projects.close();
        files.content.clear();
        projects = await onChain(of);
      }
      // Removed: no new messages, but what came is still packed.
      expect(projects.version(1n, "0.0")).toBeUndefined();
      await until(() => projects.get(1n)?.versions.get("0.0")?.retired);
      expect(projects.get(1n)?.problem).toBeUndefined();
      const old = await projects.forTask(1n, "0.1", idOf("old"), never);
      expect(old.program.code).toEqual(program("old"));
      const gone = await projects.forTask(1n, "0.0", idOf("gone"), never);
      expect(gone.program.code).toEqual(program("gone"));
      const now = await projects.forTask(1n, "0.1", idOf("new"), never);
      expect(now.program.code).toEqual(program("new"));
    }
  });

  test("a task of an update that this node hasn't seen yet", async () => {
    const of = chain as TestChain;
    await create(of, files.put("/1", await original({})));
    const projects = await onChain(of, {
      chain: { connect: of.connect, contract: of.registrar, view, pollMs: 1e6 },
    });
    await update(of, 1n, files.put("/2", await original({ code: program("new") })));
    const found = await projects.forTask(1n, "0.1", idOf("new"), never);
    expect(found.program.code).toEqual(program("new"));
  });

  test("a task from before this node was there: the chain's history", async () => {
    const of = chain as TestChain;
    await create(of, files.put("/1", await original({ code: program("first") })));
    await update(of, 1n, { uri: files.put("/2", program("junk")).uri, hash: sha256("0x12") });
    await update(of, 1n, files.put("/3", await original({ code: program("third") })));
    const projects = await onChain(of);
    const found = await projects.forTask(1n, "0.1", idOf("first"), never);
    expect(found.program.code).toEqual(program("first"));
    await expect(projects.forTask(1n, "0.1", idOf("never"), never)).rejects.toThrow(
      /^project 1 has no version 0\.1 with program 0x/,
    );
    await expect(projects.forTask(7n, "0.1", idOf("first"), never)).rejects.toThrow(
      "project 7 is not known",
    );
    // Asking again and again for what isn't there doesn't ask the chain again and again.
    const logs = of.proxy.count("eth_getLogs");
    for (let i = 0; i < 20; i++) {
      await projects.forTask(1n, "0.1", idOf(`never ${i}`), never).catch(() => {});
    }
    expect(of.proxy.count("eth_getLogs") - logs).toBeLessThan(10);
  });

  test("what is wrong with a config is said, and what was good goes on", async () => {
    const of = chain as TestChain;
    const good = files.put("/1", await original({}));
    await create(of, good);
    const projects = await onChain(of);
    const problem = () => projects.get(1n)?.problem ?? "";

    const other = files.put("/2", await original({ code: program("two") }));
    await update(of, 1n, { ...other, hash: idOf("else") });
    await until(() => problem());
    expect(problem()).toStartWith(
      `validate project config hash failed, projectID 1, uri ${other.uri}: the registrar has ` +
        `${idOf("else")}, the file ${other.hash}`,
    );
    expect(projects.version(1n, "0.1")?.program.programId).toBe(idOf("one"));

    await update(of, 1n, { uri: files.put("/3", new Uint8Array([1])).uri + "x", hash: idOf("3") });
    await until(() => problem().startsWith("fetch project config failed"));
    // Why, only the log says: the reason may name an endpoint of the operator's.
    expect(problem()).toEndWith("x");
    expect(warnings().join()).toContain("/3x: status 404");

    const bad = files.put("/4", program('[{"version":"0.1","vmType":"cairo","code":"00"}]'));
    await update(of, 1n, bad);
    await until(() => problem().startsWith("invalid project config"));
    expect(problem()).toBe(
      `invalid project config, projectID 1, uri ${bad.uri}: versions[0].vmType: unknown virtual ` +
        'machine "cairo"; use halo2, zkwasm, risc0',
    );

    await update(of, 1n, { uri: "gopher://x", hash: idOf("x") });
    await until(() => problem().startsWith("parse project uri gopher://x failed"));

    await update(of, 1n, files.put("/5", new Uint8Array()));
    await until(() => problem().startsWith("empty project config, projectID 1"));

    expect(projects.version(1n, "0.1")?.program.programId).toBe(idOf("one"));
    await update(of, 1n, other);
    await until(() => problem() === "");
    expect(projects.version(1n, "0.1")?.program.programId).toBe(idOf("two"));
    // Each problem was logged once, however often it was tried.
    expect(warnings()).toHaveLength(5);
  });

  test("the last good config also serves after a restart", async () => {
    const of = chain as TestChain;
    await create(of, files.put("/1", await original({})));
    await (await onChain(of)).close();
    await update(of, 1n, files.put("/2", program("[]")));
    const projects = await onChain(of);
    expect(projects.get(1n)?.problem).toContain("versions: has none");
    expect(projects.version(1n, "0.1")?.program.programId).toBe(idOf("one"));
  });

  test("a file that comes late, or is put right, is tried again", async () => {
    const of = chain as TestChain;
    const bytes = await original({});
    const { uri, hash } = files.put("/1", bytes);
    files.content.delete("/1");
    await create(of, { uri, hash });
    const projects = await onChain(of);
    expect(projects.get(1n)).toMatchObject({ defaultVersion: "", versions: new Map() });
    expect(projects.get(1n)?.problem).toStartWith("fetch project config failed");
    expect(warnings().join()).toContain("status 404");
    files.put("/1", program("not it"));
    await until(() => projects.get(1n)?.problem?.startsWith("validate project config hash"));
    files.put("/1", bytes);
    await until(() => projects.get(1n)?.problem === undefined);
    expect(projects.version(1n, "0.1")).toBeDefined();
  });

  test("a bad project doesn't hold up the others", async () => {
    const of = chain as TestChain;
    for (let i = 0; i < 12; i++) await create(of, { uri: `http://0.0.0.0:1/${i}`, hash: idOf("") });
    await create(of, files.put("/good", await original({})));
    const projects = await onChain(of);
    expect(projects.version(13n, "0.1")).toBeDefined();
    await until(() => projects.unready === undefined);
    expect(projects.list().filter(({ problem }) => problem !== undefined)).toHaveLength(12);
  });

  test("URIs into this network are for the development chain only", async () => {
    const of = chain as TestChain;
    await create(of, files.put("/1", await original({})));
    await create(of, {
      uri: "http://169.254.169.254/latest/meta-data/",
      hash: idOf(""),
    });
    const { cid } = (await encodeProject({ versions: [draft()] })).root;
    await create(of, { uri: `ipfs://localhost:9/${cid}`, hash: idOf("") });
    const projects = await onChain(of, { allowPrivate: false });
    expect(files.asked).toBe(0);
    for (const id of [1n, 2n, 3n]) {
      const { uri, problem } = projects.get(id) as Project;
      expect(problem).toBe(`fetch project config failed, projectID ${id}, uri ${uri}`);
      const warned = warnings().find((line) => line.includes(`${problem}: `));
      expect(warned).toContain("is not at a public address");
    }
  });

  test("dag-json on IPFS, and what the cache has of it", async () => {
    const of = chain as TestChain;
    const ipfs = openIpfs({ directory: join(root, "data", "ipfs") });
    const { root: top, blocks, hash } = await encodeProject({
      versions: [draft(), draft({ version: "0.2", packing: { count: 16 } })],
    });
    await ipfs.put(blocks);
    await ipfs.close();
    await create(of, { uri: `ipfs://${top.cid}`, hash });
    const projects = await onChain(of);
    expect(names(projects.get(1n))).toEqual(["0.1", "0.2"]);
    expect(projects.version(1n, "0.2")?.packing.count).toBe(16);
    await create(of, { uri: `ipfs://${top.cid}`, hash: idOf("other") });
    await until(() => projects.get(2n)?.problem?.startsWith("validate project config hash failed"));
  });

  test("the chain out of reach: what was loaded before serves at once", async () => {
    const of = chain as TestChain;
    await create(of, files.put("/1", await original({})));
    await (await onChain(of)).close();
    await of.proxy.down();
    files.content.clear();
    const begin = performance.now();
    const projects = await onChain(of);
    expect(performance.now() - begin).toBeLessThan(1500);
    expect(projects.version(1n, "0.1")?.program.programId).toBe(idOf("one"));
    await until(() => projects.unready === undefined);
    await of.proxy.up();
    await create(of, files.put("/2", await original({})));
    await until(() => projects.version(2n, "0.1"));
  });

  test("an endpoint that never answers doesn't hold up the start", async () => {
    const of = chain as TestChain;
    const connect = () => new Promise<never>(() => {});
    const begin = performance.now();
    const projects = await onChain(of, {
      chain: { connect, contract: of.registrar, view },
      startMs: 300,
    });
    expect(performance.now() - begin).toBeLessThan(1500);
    expect(projects.list()).toEqual([]);
    expect(projects.unready).toBe("they were not read from the chain yet");
  });

  test("a project that a reorganisation took gets no new tasks", async () => {
    const of = chain as TestChain;
    const snapshot = await of.rpc("evm_snapshot");
    const config = files.put("/1", await original({}));
    await create(of, config);
    const projects = await onChain(of);
    await of.rpc("evm_revert", snapshot);
    await of.rpc("anvil_mine", "0x5");
    await until(() => projects.get(1n)?.paused);
    expect(projects.get(1n)?.problem).toBe("the chain no longer has this project");
    expect(names(projects.get(1n))).toEqual(["0.1"]);
    await create(of, config);
    await until(() => projects.get(1n)?.problem === undefined);
    expect(projects.get(1n)?.paused).toBe(false);
  });

  test("who may operate, with an outage", async () => {
    const of = chain as TestChain;
    await create(of, files.put("/1", await original({})));
    const owner = of.sender.wallet.account.address;
    const projects = await onChain(of, {
      chain: { connect: of.connect, contract: of.registrar, view, pollMs: 1e6 },
    });
    expect(await projects.canOperate(1n, owner)).toBe(true);
    expect(await projects.canOperate(1n, operator)).toBe(false);
    expect(await projects.canOperate(5n, owner)).toBe(false);
    const calls = of.proxy.count("eth_call");
    for (let i = 0; i < 50; i++) await projects.canOperate(1n, owner);
    expect(of.proxy.count("eth_call")).toBe(calls);
    await of.proxy.down();
    expect(await projects.canOperate(1n, owner)).toBe(true);
    await expect(projects.canOperate(1n, zeroAddress)).rejects.toThrow();
  });

  test("an operator that is added and taken away", async () => {
    const of = chain as TestChain;
    await create(of, files.put("/1", await original({})));
    await addOperator(of.sender, of.registrar, { projectId: 1n, operator });
    const one = await onChain(of);
    expect(await one.canOperate(1n, operator)).toBe(true);
    await removeOperator(of.sender, of.registrar, { projectId: 1n, operator });
    await one.close();
    expect(await (await onChain(of)).canOperate(1n, operator)).toBe(false);
  });

  test("with the node's own database", async () => {
    const of = chain as TestChain;
    const da = await openDa({ directory: join(root, "pglite"), log: memoryLog().log });
    try {
      await create(of, files.put("/1", await original({})));
      const options = { connect: of.connect, contract: of.registrar, view: da.chain, pollMs: 30 };
      const projects = await onChain(of, { chain: options });
      await create(of, { uri: "x\0y", hash: idOf("") });
      await create(of, files.put("/3", await original({})));
      await until(() => projects.version(3n, "0.1"));
      await projects.close();
      of.proxy.calls.length = 0;
      const again = await onChain(of, { chain: options });
      expect(names(again.get(1n))).toEqual(["0.1"]);
      expect(of.proxy.count("eth_getLogs")).toBe(0);
      await again.close();
    } finally {
      await da.close();
    }
  }, 300_000);
});

describe("in a directory", () => {
  let directory: string;
  const write = async (name: string, bytes: Uint8Array | string) =>
    await writeFile(join(directory, name), bytes);
  const problem = (projects: Projects, id: bigint) => projects.get(id)?.problem ?? "";
  beforeEach(async () => {
    directory = join(root, "files");
    await mkdir(directory);
  });

  test("files are loaded, watched and let go", async () => {
    await write("7", await original({}));
    await write("8.json", await original({ code: program("eight") }));
    await write("notes.txt", "not a project");
    await write("0", "not a project either");
    await mkdir(join(directory, "9"));
    const projects = await start({ directory });
    expect(projects.list().map(({ id, source, hash }) => [id, source, hash])).toEqual([
      [7n, "directory", undefined],
      [8n, "directory", undefined],
    ]);
    expect(projects.version(8n, "0.1")?.program.programId).toBe(idOf("eight"));

    await write("7", await original({ code: program("changed") }));
    await until(() => projects.version(7n, "0.1")?.program.programId === idOf("changed"));
    const old = await projects.forTask(7n, "0.1", idOf("one"), never);
    expect(old.program.code).toEqual(program("one"));
    await write("10", await original({}));
    await until(() => projects.version(10n, "0.1"));

    await rm(join(directory, "7"));
    await until(() => projects.get(7n)?.paused);
    expect(problem(projects, 7n)).toBe("its project file was removed");
    expect(names(projects.get(7n))).toEqual(["0.1"]);
    await write("7", await original({}));
    await until(() => projects.get(7n)?.paused === false && problem(projects, 7n) === "");
    expect(warnings()).toHaveLength(1);
  });

  test("bad files are named with their field, and the others serve", async () => {
    await write("1", await original({}));
    await write("2", "{");
    await write("3", JSON.stringify([{ version: "0.1", vmType: "halo2", code: "00" }]));
    const projects = await start({ directory });
    expect(projects.version(1n, "0.1")).toBeDefined();
    expect(problem(projects, 2n)).toStartWith(
      `project file 2: the project file is not usable JSON`,
    );
    expect(problem(projects, 3n)).toStartWith(
      `project file 3: versions[0].code: must be zlib-compressed`,
    );
    expect(warnings()).toHaveLength(2);
    expect(warnings()[1]).toContain("versions[0].code: must be zlib-compressed");

    await write("1", "[]");
    await until(() => problem(projects, 1n).includes("versions: has none"));
    expect(projects.version(1n, "0.1")).toBeDefined();
    await write("2", await original({}));
    await until(() => projects.version(2n, "0.1"));
  });

  test("old versions outlive a restart", async () => {
    await write("1", await original({ code: program("old") }, { version: "0.0" }));
    await (await start({ directory })).close();
    await write("1", await original({ code: program("new") }));
    const projects = await start({ directory });
    await until(() => projects.get(1n)?.versions.get("0.0")?.retired);
    const old = await projects.forTask(1n, "0.1", idOf("old"), never);
    expect(old.program.code).toEqual(program("old"));
    await projects.close();

    await rm(join(directory, "1"));
    const without = await start({ directory });
    expect(without.get(1n)).toBeUndefined();
    const still = await without.forTask(1n, "0.1", idOf("old"), never);
    expect(still.program.code).toEqual(program("old"));
    await expect(without.forTask(2n, "0.1", idOf("old"), never)).rejects.toThrow(
      "project 2 is not known",
    );
  });

  test("without a chain, only the node's own operator operates", async () => {
    await write("1", await original({}));
    const projects = await start({ directory });
    expect(await projects.canOperate(1n, operator.toLowerCase() as Hex)).toBe(true);
    expect(await projects.canOperate(1n, zeroAddress)).toBe(false);
  });

  test("files take the place of the chain's projects, until they are removed", async () => {
    chain = await startTestChain();
    await create(chain, files.put("/1", await original({ code: program("chain") })));
    await write("1", await original({ code: program("file") }));
    const projects = await onChain(chain, { directory });
    expect(projects.get(1n)).toMatchObject({ source: "directory", hash: undefined });
    expect(projects.version(1n, "0.1")?.program.programId).toBe(idOf("file"));
    expect(await projects.canOperate(1n, operator)).toBe(true);
    await update(chain, 1n, files.put("/2", await original({ code: program("chain 2") })));
    await rm(join(directory, "1"));
    await until(() => projects.version(1n, "0.1")?.program.programId === idOf("chain 2"));
    expect(projects.get(1n)).toMatchObject({ source: "chain", problem: undefined });
    await write("1", await original({ code: program("file") }));
    await until(() => projects.get(1n)?.source === "directory");
  });

  test("a directory that isn't there yet", async () => {
    directory = join(root, "later");
    const projects = await start({ directory });
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toContain("PROJECT_FILE_DIRECTORY can't be read");
    await mkdir(directory);
    await write("1", await original({}));
    await until(() => projects.version(1n, "0.1"));
  });

  test("a listener that fails, and what is left when it is closed", async () => {
    const projects = await start({ directory });
    projects.onChange(() => {
      throw new Error("listener");
    });
    await write("1", await original({ code: new Uint8Array(randomBytes(1000)) }));
    await until(() => projects.version(1n, "0.1"));
    expect(lines.some((line) => line.startsWith("error a listener failed"))).toBe(true);
    await projects.close();
    await write("2", await original({}));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(projects.get(2n)).toBeUndefined();
    const kept = await readdir(join(root, "data", "projects", "1"));
    expect(kept.sort()).toEqual([expect.stringMatching(/^0x[0-9a-f]{64}$/), "index.json"]);
  });
});
