/** What enodes tell everyone of their projects' tasks. Nothing is trusted by it, or acted on. */
import { type Message, TopicValidatorResult } from "@libp2p/gossipsub";
import type { Hex } from "viem";
import { keccakHex } from "../keccak.ts";
import { errorText, type Log } from "../log.ts";
import type { Projects } from "../project/types.ts";
import {
  type DigestSigner,
  limits,
  type Network,
  open,
  projectTopic,
  seal,
  type WireBody,
  WireError,
  type WireMessage,
} from "../protocol/index.ts";
import type { Host } from "./host.ts";
import { refusals } from "./link.ts";
import { Patiences } from "./patience.ts";

export type GossipKind = "announce" | "state";

export interface GossipOptions {
  readonly host: Host;
  readonly network: Network;
  /** Topics are those of its projects, now and later. */
  readonly projects: Pick<Projects, "list" | "onChange" | "canOperate">;
  /** What was refused; never worth an answer. */
  readonly onRefused: (kind: string) => void;
  readonly onHeard?: (message: Extract<WireMessage, { kind: GossipKind }>) => void;
  readonly log: Log;
  readonly maxSkewMs?: number;
}

/** Frames remembered, so that none is passed on twice. */
const mostSeen = 16_384;
/** Frames that wait to be signed; more are not told. */
const mostWaiting = 256;

/** Joins the topics of a node's projects. */
export class Gossip {
  readonly #seen = new Set<Hex>();
  readonly #peers = new Patiences<string>(refusals.burst, refusals.perSecond);
  readonly #unsubscribe: () => void;
  #telling: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(private readonly options: GossipOptions) {
    for (const { id } of options.projects.list()) this.#join(id);
    this.#unsubscribe = options.projects.onChange(({ id }) => this.#join(id));
  }

  /** Tells who listens; what can't be told soon is not told. */
  tell<K extends GossipKind>(signer: DigestSigner, kind: K, body: WireBody<K>): void {
    const { host: { services: { pubsub } }, network, log } = this.options;
    const topic = projectTopic(body.projectId);
    if (this.#waiting >= mostWaiting || pubsub.getSubscribers(topic).length === 0) return;
    this.#waiting++;
    this.#telling = this.#telling.then(async () => {
      try {
        const frame = await seal<GossipKind>(network, signer, "", kind, body);
        this.#remember(keccakHex(frame));
        await pubsub.publish(topic, frame);
      } catch (error) {
        log.debug(`gossip not sent: ${errorText(error)}`);
      } finally {
        this.#waiting--;
      }
    });
  }

  /** Leaves all topics. */
  async close(): Promise<void> {
    this.#unsubscribe();
    await this.#telling;
    const { pubsub } = this.options.host.services;
    for (const topic of pubsub.getTopics()) {
      pubsub.unsubscribe(topic);
      pubsub.topicValidators.delete(topic);
    }
  }

  #join(projectId: bigint): void {
    const { pubsub } = this.options.host.services;
    const topic = projectTopic(projectId);
    if (pubsub.topicValidators.has(topic)) return;
    pubsub.topicValidators.set(
      topic,
      (peer, message) => this.#judge(projectId, peer.toString(), message),
    );
    pubsub.subscribe(topic);
  }

  /** Decides before anything is passed on. */
  async #judge(projectId: bigint, peer: string, { data }: Message): Promise<TopicValidatorResult> {
    const patience = this.#peers.with(peer);
    if (patience.ended) return TopicValidatorResult.Ignore;
    try {
      const message = await this.#open(projectId, data);
      this.options.onHeard?.(message);
      return TopicValidatorResult.Accept;
    } catch (error) {
      const kind = error instanceof WireError ? error.kind : "gossip";
      this.options.onRefused(kind);
      patience.spend();
      // A relay can see that a frame has no form, but not that its signer may not say it.
      const plain = kind === "size" || kind === "encoding";
      return plain ? TopicValidatorResult.Reject : TopicValidatorResult.Ignore;
    }
  }

  async #open(projectId: bigint, data: Uint8Array) {
    const { network, projects, maxSkewMs = 300_000 } = this.options;
    if (data.length > limits.gossipFrame) throw new WireError("size", "frame is too large");
    const hash = keccakHex(data);
    if (this.#seen.has(hash)) throw new WireError("stale", "frame was heard before");
    const message = open(data, {
      network,
      self: "",
      maxBytes: limits.gossipFrame,
      maxSkewMs,
    });
    if (message.kind !== "announce" && message.kind !== "state") {
      throw new WireError("schema", "not for everyone");
    }
    if (message.body.projectId !== projectId) {
      throw new WireError("recipient", "another project's topic");
    }
    if (!await projects.canOperate(projectId, message.from)) {
      throw new WireError("signature", "the signer may not operate the project");
    }
    if (this.#seen.has(hash)) throw new WireError("stale", "frame was heard before");
    this.#remember(hash);
    return message;
  }

  #remember(hash: Hex): void {
    this.#seen.add(hash);
    if (this.#seen.size > mostSeen) {
      for (const oldest of this.#seen) {
        this.#seen.delete(oldest);
        break;
      }
    }
  }
}
