/** Enodes on one PostgreSQL and their znodes, as processes, under a load that never lets up. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { runtimeName } from "../../src/platform.ts";
import { encodeOriginal } from "../../src/project/encode.ts";
import { freePort } from "../free_port.ts";
import { cpuMs } from "./cpu.ts";

export interface Shape {
  readonly enodes: number;
  readonly znodes: number;
  readonly projects: number;
  /** Proofs that a znode makes at once. */
  readonly workers: number;
  readonly proveMs: number;
  readonly commitMs: number;
  readonly verifyMs: number;
  /** Messages that are always there to be dealt with. */
  readonly backlog: number;
}

/** What the nodes say of themselves at one moment. */
export interface Count {
  readonly at: number;
  /** Tasks that each enode saw through. */
  readonly done: readonly number[];
  /** Proofs that each znode made. */
  readonly proofs: readonly number[];
  /** CPU time of all nodes so far, ms. */
  readonly cpuMs: number;
}

class Node {
  readonly url: string;
  readonly #child: ChildProcess;

  constructor(role: string, port: number, args: readonly string[], env: Record<string, string>) {
    const script = new URL("./scale_node.ts", import.meta.url).pathname;
    const deno = runtimeName === "deno" ? ["run", "--quiet", "--allow-all"] : [];
    this.url = `http://127.0.0.1:${port}`;
    this.#child = spawn(process.execPath, [...deno, script, role, ...args], {
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        BUILD_NATIVE: "off",
        LOG_LEVEL: "error",
        HTTP_SERVICE_ENDPOINT: `127.0.0.1:${port}`,
        ...env,
      },
      // Outputs are printed; nobody reads them here.
      stdio: ["pipe", "ignore", "inherit"],
    });
  }

  get cpuMs(): number {
    return cpuMs(this.#child.pid as number);
  }

  async up(): Promise<this> {
    while (!await fetch(`${this.url}/live`).then((r) => r.ok, () => false)) {
      if (this.#child.exitCode !== null) throw new Error("a node of the bench ended early");
      await sleep(100);
    }
    return this;
  }

  /** The sum of a metric's series that have all these labels. */
  async metric(name: string, ...labels: readonly string[]): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    return text.split("\n")
      .filter((line) => line.startsWith(name) && labels.every((label) => line.includes(label)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 15_000);
    await ended;
    clearTimeout(timer);
  }
}

export class ScaleNetwork {
  readonly #directory = mkdtempSync(join(tmpdir(), "w3bstream-scale-"));
  #enodes: Node[] = [];
  #znodes: Node[] = [];
  #posted = 0;
  #feeding: Promise<void> | undefined;
  #fed = false;

  private constructor(private readonly shape: Shape) {}

  static async start(shape: Shape, dsn: string): Promise<ScaleNetwork> {
    const network = new ScaleNetwork(shape);
    try {
      await network.#start(dsn);
      return network;
    } catch (error) {
      await network.stop();
      throw error;
    }
  }

  async #start(dsn: string): Promise<void> {
    const { enodes, znodes, projects, workers, proveMs, commitMs, verifyMs } = this.shape;
    const files = join(this.#directory, "projects");
    mkdirSync(files);
    const file = await encodeOriginal({
      versions: [{
        version: "0.1",
        vmType: "halo2",
        code: new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]),
        packing: { count: 1 },
        output: { type: "stdout" },
      }],
    });
    for (let id = 1; id <= projects; id++) writeFileSync(join(files, `${id}`), file);
    const keys = (count: number) => Array.from({ length: count }, () => generatePrivateKey());
    const enodeKeys = keys(enodes), znodeKeys = keys(znodes);
    const all = {
      PROJECT_FILE_DIRECTORY: files,
      TRUSTED_ENODES: enodeKeys.map(privateKeyToAddress).join(),
    };
    const times = [proveMs, commitMs, verifyMs].map(String);
    const peers: string[] = [];
    for (const [i, key] of enodeKeys.entries()) {
      const directory = join(this.#directory, `enode${i}`);
      const env = {
        ...all,
        DATABASE_DSN: dsn,
        DATA_DIRECTORY: directory,
        OPERATOR_PRIVATE_KEY: key,
        TRUSTED_PROVERS: znodeKeys.map(privateKeyToAddress).join(),
      };
      const node = new Node("enode", await freePort(), times, env);
      this.#enodes.push(node);
      await node.up();
      peers.push(...JSON.parse(readFileSync(join(directory, "peer.json"), "utf8")).multiaddrs);
    }
    for (const [i, key] of znodeKeys.entries()) {
      this.#znodes.push(
        new Node("znode", await freePort(), times, {
          ...all,
          DATA_DIRECTORY: join(this.#directory, `znode${i}`),
          OPERATOR_PRIVATE_KEY: key,
          BOOTNODE_MULTIADDR: peers.join(),
          WORKERS: `${workers}`,
        }),
      );
    }
    await Promise.all(this.#znodes.map((node) => node.up()));
  }

  /** Keeps as many messages waiting as the shape says, posted to the enodes in turn. */
  feed(): void {
    this.#feeding = (async () => {
      for (let turn = 0; !this.#fed; turn++) {
        const { done } = await this.count();
        const missing = this.shape.backlog - (this.#posted - sum(done));
        if (missing > 0) await this.#post(missing, turn);
        await sleep(1_000);
      }
    })();
  }

  async #post(count: number, turn: number): Promise<void> {
    const messages = Array.from({ length: count }, (_, i) => ({
      projectID: 1 + (this.#posted + i) % this.shape.projects,
      projectVersion: "0.1",
      data: `{"value":${this.#posted + i}}`,
    }));
    const enode = this.#enodes[turn % this.#enodes.length] as Node;
    const response = await fetch(`${enode.url}/messages`, {
      method: "POST",
      body: JSON.stringify(messages),
    });
    if (response.status !== 200) throw new Error(await response.text());
    await response.body?.cancel();
    this.#posted += count;
  }

  async count(): Promise<Count> {
    const done = await Promise.all(
      this.#enodes.map((node) => node.metric("w3bstream_tasks_total{", 'state="outputted"')),
    );
    const proofs = await Promise.all(
      this.#znodes.map((node) => node.metric("w3bstream_proof_seconds_count")),
    );
    const spent = sum([...this.#enodes, ...this.#znodes].map((node) => node.cpuMs));
    return { at: performance.now(), done, proofs, cpuMs: spent };
  }

  /** Waits until each enode saw a task through and each znode made a proof, and some more. */
  async warm(tasks: number): Promise<void> {
    for (const until = performance.now() + 120_000; performance.now() < until; await sleep(200)) {
      const { done, proofs } = await this.count();
      if (sum(done) >= tasks && [...done, ...proofs].every((n) => n > 0)) return;
    }
    throw new Error(`not all nodes take part: ${JSON.stringify(await this.count())}`);
  }

  /** Posts no more, and waits until all is done; answers how many messages there were. */
  async drain(): Promise<number> {
    this.#fed = true;
    await this.#feeding;
    for (const until = performance.now() + 120_000; performance.now() < until; await sleep(200)) {
      if (sum((await this.count()).done) >= this.#posted) return this.#posted;
    }
    throw new Error(`of ${this.#posted} tasks not all end: ${JSON.stringify(await this.count())}`);
  }

  async stop(): Promise<void> {
    this.#fed = true;
    await this.#feeding?.catch(() => undefined);
    await Promise.all([...this.#znodes, ...this.#enodes].map((node) => node.end()));
    if (existsSync(this.#directory)) rmSync(this.#directory, { recursive: true, force: true });
  }
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
export const sleep = (ms: number): Promise<void> => new Promise((go) => setTimeout(go, ms));
