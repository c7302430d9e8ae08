/** Peers written by hand that do as little as they can of what they should. */
import { randomBytes } from "node:crypto";
import { multiaddr } from "@multiformats/multiaddr";
import { concatBytes, hexToBytes, zeroAddress } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { getRoute } from "../../src/chain/registrars.ts";
import { createLog } from "../../src/log.ts";
import { framesOver } from "../../src/network/frames.ts";
import type { Host } from "../../src/network/host.ts";
import { Link, type LinkIdentity } from "../../src/network/link.ts";
import { linkPeers } from "../../src/network/libp2p.ts";
import { TestPeers } from "../../src/network/testing.ts";
import { bindingOf, limits, type WireBody } from "../../src/protocol/index.ts";
import { bind, flood, lengthPrefix } from "../e2e/hostile_peer.ts";
import { sleep } from "../e2e/node.ts";
import type { FaultsNetwork } from "./network.ts";

const log = createLog("silent");

export class Strays {
  /** Kinds of frames that the unstaked peer was sent. */
  readonly leaked: string[] = [];
  /** How often each did what it does. */
  readonly did = { lies: 0, lazy: 0, turnedAway: 0, floods: 0 };
  readonly #peers = new TestPeers();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>[] = [];

  private constructor(
    private readonly network: FaultsNetwork,
    private readonly enodes: readonly string[],
  ) {}

  static async start(network: FaultsNetwork, enodes: readonly string[]): Promise<Strays> {
    const strays = new Strays(network, enodes);
    const [liar, lazy, flooder] = network.strays.map((key) => strays.#identity(key));
    await strays.#znode(liar as LinkIdentity, (link) => strays.#lie(link, liar as LinkIdentity));
    await strays.#znode(lazy as LinkIdentity, (link) => strays.#doNothing(link));
    strays.#running.push(
      strays.#flood(flooder as LinkIdentity),
      strays.#beg(strays.#identity(network.unstaked)),
    );
    return strays;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#peers.stop();
    await Promise.all(this.#running);
  }

  #identity(key: `0x${string}`): LinkIdentity {
    const { chain, deployment } = this.network;
    const signer = privateKeyToAccount(key);
    return { network: { chainId: chain.id, router: deployment.router }, signer };
  }

  /** Keeps links to all enodes, as a znode does. */
  async #znode(identity: LinkIdentity, serve: (link: Link) => Promise<void>): Promise<void> {
    const host = await this.#peers.host({ listen: [] }) as Host;
    const links = await linkPeers({
      host,
      identity,
      role: "znode",
      dial: this.enodes.map((m) => multiaddr(m)),
      mayLink: () => Promise.resolve(true),
      log,
    });
    links.onLink((link) => void serve(link).catch(() => undefined));
    for (const link of links.list()) void serve(link).catch(() => undefined);
    this.#stop.signal.addEventListener("abort", () => void links.close());
  }

  /** Takes work and gives proofs that are none; and claims what others have. */
  async #lie(link: Link, { signer }: LinkIdentity): Promise<void> {
    await link.send("hello", { runtimes: ["halo2"], capacity: 1 });
    const leases = new Map<string, WireBody<"lease">>();
    for await (const { kind, body } of link.messages()) {
      if (kind === "lease") {
        leases.set(body.taskId, body);
        await this.#accept(link, body);
      } else if (kind === "payload") {
        const lease = leases.get(body.taskId);
        if (!lease) continue;
        const { task, taskId, epoch } = lease;
        const binding = hexToBytes(bindingOf(taskId, signer.address));
        const limb = (part: Uint8Array) => concatBytes([new Uint8Array(16), part]);
        const receipt = {
          vmType: "halo2" as const,
          programId: task.programId,
          imageId: `0x${"7a11".repeat(16)}` as const,
          bindingKind: "data" as const,
          publicValues: concatBytes([
            hexToBytes(task.inputCommitment),
            ...[limb(binding.subarray(0, 16)), limb(binding.subarray(16))],
            new Uint8Array(32),
          ]),
          proof: new Uint8Array(randomBytes(32)),
        };
        this.did.lies++;
        const report = { output: 0, reference: "0x", comment: "" };
        await link.send("report", { taskId, epoch, ...report, state: "confirmed" });
        await link.send("receipt", { taskId, epoch, receipt });
        await link.send("report", { taskId, epoch, ...report, state: "dead" });
        // Of leases that it does not have.
        for (const other of [epoch + 1n, epoch - 1n]) {
          await link.send("receipt", { taskId, epoch: other, receipt });
          await link.send("failure", { taskId, epoch: other, reason: "no", retryable: false });
        }
        leases.delete(taskId);
      }
    }
  }

  /** Without naming the verifier it would not be given the payload. */
  async #accept(link: Link, { taskId, epoch, task }: WireBody<"lease">): Promise<void> {
    const { chain, deployment } = this.network;
    const route = await getRoute(chain.reader, deployment.router, task);
    await link.send("accept", { taskId, epoch, verifier: route?.verifier ?? zeroAddress });
  }

  async #doNothing(link: Link): Promise<void> {
    await link.send("hello", { runtimes: ["halo2"], capacity: 1 });
    for await (const { kind, body } of link.messages()) {
      if (kind !== "lease") continue;
      await this.#accept(link, body);
      this.did.lazy++;
    }
  }

  /** A staked key that sends what no one can read, whole frames of it, as long as it is let. */
  async #flood(identity: LinkIdentity): Promise<void> {
    await this.#again(async (host, enode, n) => {
      const { raw, frames, connection } = await bind(host, identity, [multiaddr(enode)]);
      if (n % 2 === 0) {
        await flood(raw, 64 << 20, lengthPrefix(limits.directFrame));
      } else {
        const link = new Link({
          remote: identity.signer.address,
          frames: framesOver(frames, limits.directFrame),
        }, identity);
        for (let i = 0; i < 200; i++) {
          await link.send("hello", { runtimes: [], capacity: 1 });
        }
      }
      this.did.floods++;
      connection.abort(new Error("done"));
    });
  }

  /** No stake: asks for work all the same. */
  async #beg(identity: LinkIdentity): Promise<void> {
    await this.#again(async (host, enode) => {
      const { frames, connection } = await bind(host, identity, [multiaddr(enode)]);
      const source = framesOver(frames, limits.directFrame);
      const link = new Link({ remote: identity.signer.address, frames: source }, identity);
      await link.send("hello", { runtimes: ["halo2"], capacity: 8 }).catch(() => undefined);
      // A reset is how the enode turns it away.
      const read = frames.read(limits.directFrame).catch(() => undefined);
      const frame = await Promise.race([read, sleep(3_000)]);
      if (frame) this.leaked.push(`${(frame as Uint8Array).length} bytes`);
      else this.did.turnedAway++;
      connection.abort(new Error("done"));
    });
  }

  async #again(
    work: (host: Host, enode: string, n: number) => Promise<void>,
  ): Promise<void> {
    const host = await this.#peers.host({ listen: [] }) as Host;
    for (let n = 0; !this.#stop.signal.aborted; n++) {
      const enode = this.enodes[n % this.enodes.length] as string;
      // The enode may be down, or has had enough.
      await work(host, enode, n).catch(() => undefined);
      await sleep(1_500);
    }
  }
}
