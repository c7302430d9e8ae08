/** Real peers on loopback for tests. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Libp2p } from "@libp2p/interface";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import type { Address } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { createLog } from "../log.ts";
import { createHost, type HostOptions } from "./host.ts";
import type { Link, LinkIdentity } from "./link.ts";
import { linkPeers, type PeerLinks, type PeerLinksOptions } from "./libp2p.ts";

const network = { chainId: 5n, router: "0x00000000000000000000000000000000000000AA" } as const;

export const identityOf = (byte: string): LinkIdentity => ({
  network,
  signer: privateKeyToAccount(`0x${byte.repeat(32)}`),
});

/** Starts peers and links, and stops them all. */
export class TestPeers {
  readonly #stops: (() => unknown)[] = [];

  /** Each call is another peer, unless it names a directory that one had before. */
  async host(options: Partial<HostOptions> = {}): Promise<Libp2p> {
    const directory = options.directory ?? await this.directory();
    const listen = ["/ip4/127.0.0.1/tcp/0"];
    const host = await createHost({ listen, ...options, directory });
    this.#stops.push(() => host.stop());
    return host;
  }

  async directory(): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), "w3bstream-peer-"));
    this.#stops.push(() => rm(directory, { recursive: true, force: true }));
    return directory;
  }

  /** The enode's end; only `allowed` may link. */
  enode(
    host: Libp2p,
    identity: LinkIdentity,
    allowed: readonly Address[],
    options: PeerLinksOptions["options"] = {},
    dial: readonly Multiaddr[] = [],
  ): Promise<PeerLinks> {
    const mayLink = (remote: Address) => Promise.resolve(allowed.includes(remote));
    return this.#links({ host, identity, role: "enode", mayLink, dial, options });
  }

  znode(
    host: Libp2p,
    identity: LinkIdentity,
    enode: Libp2p,
    options: PeerLinksOptions["options"] = {},
    dial: readonly Multiaddr[] = enode.getMultiaddrs(),
  ): Promise<PeerLinks> {
    const mayLink = () => Promise.resolve(true);
    return this.#links({ host, identity, role: "znode", mayLink, dial, options });
  }

  /** Another address of a peer, whose wire can go silent without being closed. */
  async wire(host: Libp2p): Promise<{ multiaddrs: Multiaddr[]; silence(): void }> {
    const target = Number(host.getMultiaddrs()[0]?.getComponents()[1]?.value);
    const sockets: Socket[] = [];
    const server = createServer((near) => {
      const far = connect(target, "127.0.0.1");
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) socket.on("error", () => socket.destroy());
      sockets.push(near, far);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    this.#stops.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const { port } = server.address() as { port: number };
    return {
      multiaddrs: [multiaddr(`/ip4/127.0.0.1/tcp/${port}/p2p/${host.peerId}`)],
      silence() {
        for (const socket of sockets) socket.unpipe().pause();
      },
    };
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop();
  }

  async #links(options: Omit<PeerLinksOptions, "log">): Promise<PeerLinks> {
    const links = await linkPeers({ ...options, log: createLog("silent") });
    this.#stops.push(() => links.close());
    return links;
  }
}

export async function until(what: string, test: () => boolean, ms = 10_000): Promise<void> {
  for (const deadline = Date.now() + ms; Date.now() < deadline;) {
    if (test()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`timed out waiting until ${what}`);
}

/** The only link, once it is there. */
export async function onlyLink(links: PeerLinks): Promise<Link> {
  await until("there is a link", () => links.list().length === 1);
  return links.list()[0] as Link;
}
