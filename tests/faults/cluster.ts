/** Three enodes on one PostgreSQL and five znodes, with something to cut between any two. */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../../scripts/free_port.ts";
import { type Proxy, startProxy } from "../e2e/chain.ts";
import { startNode, until } from "../e2e/node.ts";
import { startTcpProxy, type TcpProxy } from "../e2e/tcp_proxy.ts";
import { startPostgres, type TestPostgres } from "../postgres.ts";
import { alive, Member } from "./member.ts";
import { enodeKeys, type FaultsNetwork, startFaultsNetwork, znodeKeys } from "./network.ts";

export class Cluster {
  readonly enodes: Member[] = [];
  readonly znodes: Member[] = [];
  /** Between an enode and its znodes. */
  readonly wires: TcpProxy[] = [];
  /** Between an enode and the database. */
  readonly lines: TcpProxy[] = [];
  /** Between the enodes, the znodes and the chain. */
  readonly rpcs: Proxy[] = [];
  /** Where the enodes serve HTTP. */
  readonly urls: string[] = [];
  readonly bootnodes: string[] = [];

  private constructor(
    readonly directory: string,
    readonly network: FaultsNetwork,
    readonly postgres: TestPostgres,
    /** Of the enodes' database, past all proxies. */
    readonly dsn: string,
  ) {}

  static async start(directory: string): Promise<Cluster> {
    const directories = enodeKeys.map((_, i) => join(directory, `enode${i}`));
    const network = await startFaultsNetwork(directories);
    const postgres = await startPostgres({ settings: ["max_connections=100"] })
      .catch(async (error) => {
        await network.stop();
        throw error;
      });
    const dsn = await postgres.freshDatabase();
    const cluster = new Cluster(directory, network, postgres, dsn);
    try {
      await cluster.#start(directories);
    } catch (error) {
      await cluster.kill();
      throw error;
    }
    return cluster;
  }

  get all(): Member[] {
    return [...this.enodes, ...this.znodes];
  }

  get proxies(): TcpProxy[] {
    return [...this.wires, ...this.lines];
  }

  async #start(directories: readonly string[]): Promise<void> {
    const { network, dsn } = this;
    for (let i = 0; i < 2; i++) this.rpcs.push(await startProxy(network.anvil.url));
    const [enodeRpc = "", znodeRpc = ""] = this.rpcs.map(({ url }) => url);
    for (const [i, data] of directories.entries()) {
      const [port, p2p] = [await freePort(), await freePort()];
      const wire = await startTcpProxy(p2p);
      this.wires.push(wire);
      const line = await startTcpProxy(Number(new URL(dsn).port));
      this.lines.push(line);
      const enodeDsn = new URL(dsn);
      enodeDsn.port = `${line.port}`;
      this.urls.push(`http://127.0.0.1:${port}`);
      const env = {
        ...network.env,
        CHAIN_ENDPOINT: enodeRpc,
        OPERATOR_PRIVATE_KEY: enodeKeys[i] as string,
        DATABASE_DSN: enodeDsn.toString(),
        DATA_DIRECTORY: data,
        P2P_LISTEN: `/ip4/127.0.0.1/tcp/${p2p}`,
        P2P_ANNOUNCE: `/ip4/127.0.0.1/tcp/${wire.port}`,
      };
      const runtime = i === 1 ? "deno" : "bun";
      const enode = new Member(
        `enode ${i}`,
        () => startNode(env, { role: "enode", port, runtime }),
      );
      this.enodes.push(enode);
      await enode.up();
      const { peerId } = JSON.parse(await readFile(join(data, "peer.json"), "utf8"));
      this.bootnodes.push(`/ip4/127.0.0.1/tcp/${wire.port}/p2p/${peerId}`);
    }
    for (const [i, key] of znodeKeys.entries()) {
      const data = join(this.directory, `znode${i}`);
      await mkdir(data, { recursive: true });
      const port = await freePort();
      const env = {
        ...network.env,
        CHAIN_ENDPOINT: znodeRpc,
        OPERATOR_PRIVATE_KEY: key,
        DATA_DIRECTORY: data,
        BOOTNODE_MULTIADDR: this.bootnodes.join(","),
        WORKERS: "1",
      };
      const runtime = i % 2 === 1 ? "deno" : "bun";
      this.znodes.push(
        new Member(`znode ${i}`, () => startNode(env, { role: "znode", port, runtime })),
      );
    }
    await Promise.all(this.znodes.map((znode) => znode.up()));
  }

  /** SIGTERM to all; their exit codes. Nothing of theirs is left. */
  async stop(): Promise<(number | null)[]> {
    const codes = await Promise.all(this.all.map((member) => member.stop()));
    const children = this.all.flatMap((member) => [...member.children]);
    await until("the provers ended", async () => children.some(alive) ? undefined : true);
    await until(
      "the connections ended",
      async () => this.proxies.every(({ open }) => open === 0) || undefined,
    );
    return codes;
  }

  async kill(): Promise<void> {
    await Promise.all(this.all.map((member) => member.kill()));
    for (const proxy of [...this.proxies, ...this.rpcs]) await proxy.stop();
    await this.network.stop();
    await this.postgres.stop();
  }
}
