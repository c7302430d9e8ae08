/** What enodes tell everyone of their projects' tasks. Nothing is trusted by it, or acted on. */
import { type Message, TopicValidatorResult } from "@libp2p/gossipsub";
import type { Hex } from "viem";
import { keccakHex } from "../keccak.ts";
import { sleep } from "../abort.ts";
import { errorText, type Log } from "../log.ts";
import type { Projects } from "../project/types.ts";
import {
  type DigestSigner,
  type Encoded,
  encodeMessage,
  fitting,
  limits,
  type Network,
  openFrame,
  projectTopic,
  readMessage,
  sealAll,
  type WireBody,
  WireError,
  type WireMessage,
} from "../protocol/index.ts";
import type { Host } from "./host.ts";
import { refusals } from "./link.ts";
import { Patiences } from "./patience.ts";
import type { PeerScores } from "./peer_scores.ts";

export type GossipKind = "announce" | "state";
export type Told = Extract<WireMessage, { kind: GossipKind }>;

export interface GossipOptions {
  readonly host: Host;
  readonly network: Network;
  /** Topics are those of its projects, now and later. */
  readonly projects: Pick<Projects, "list" | "onChange" | "canOperate">;
  /** What was refused; never worth an answer. */
  readonly onRefused: (kind: string) => void;
  readonly onHeard?: (message: Told) => void;
  readonly scores?: PeerScores;
  readonly log: Log;
  readonly maxSkewMs?: number;
}

/** Frames remembered, so that none is passed on twice. */
const mostSeen = 16_384;
/** Messages that wait to be signed; more are not told. */
const mostWaiting = 256;
/**
 * Least time between two frames of a topic, ms: what is said meanwhile shares the next one. A frame
 * costs each who hears it two checks of signatures, and each who passes it on as much as it is.
 */
const spacingMs = 500;

/** What is to be told on one topic. */
interface Queue {
  unsent: Encoded[];
  sentAt: number;
  /** Undefined: nothing is under way. */
  sending: Promise<void> | undefined;
}

/** Joins the topics of a node's projects. */
export class Gossip {
  readonly #seen = new Set<Hex>();
  readonly #peers = new Patiences<string>(refusals.burst, refusals.perSecond);
  readonly #unsubscribe: () => void;
  readonly #queues = new Map<string, Queue>();
  readonly #closing = new AbortController();
  #waiting = 0;

  constructor(private readonly options: GossipOptions) {
    for (const { id } of options.projects.list()) this.#join(id);
    this.#unsubscribe = options.projects.onChange(({ id }) => this.#join(id));
  }

  /** Tells who listens; what can't be told soon is not told. */
  tell<K extends GossipKind>(signer: DigestSigner, kind: K, body: WireBody<K>): void {
    const { pubsub } = this.options.host.services;
    const topic = projectTopic(body.projectId);
    if (this.#waiting >= mostWaiting || pubsub.getSubscribers(topic).length === 0) return;
    const known = this.#queues.get(topic);
    const queue = known ?? { unsent: [], sentAt: -Infinity, sending: undefined };
    if (!known) this.#queues.set(topic, queue);
    this.#waiting++;
    queue.unsent.push(encodeMessage<GossipKind>(kind, body, signer.address));
    queue.sending ??= this.#send(signer, topic, queue);
  }

  async #send(signer: DigestSigner, topic: string, queue: Queue): Promise<void> {
    const { host: { services: { pubsub } }, network, log } = this.options;
    // What is said in one turn of the event loop goes together.
    await Promise.resolve();
    while (queue.unsent.length > 0) {
      const early = queue.sentAt + spacingMs - performance.now();
      if (early > 0) await sleep(early, this.#closing.signal);
      queue.sentAt = performance.now();
      const batch = queue.unsent.splice(0, fitting(queue.unsent, limits.gossipFrame));
      this.#waiting -= batch.length;
      try {
        const frame = await sealAll(network, signer, "", batch);
        this.#remember(keccakHex(frame));
        await pubsub.publish(topic, frame);
      } catch (error) {
        log.debug(`gossip not sent: ${errorText(error)}`);
      }
    }
    queue.sending = undefined;
  }

  /** Leaves all topics, when what was to be told is told. */
  async close(): Promise<void> {
    this.#unsubscribe();
    this.#closing.abort();
    await Promise.all([...this.#queues.values()].map(({ sending }) => sending));
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
  async #judge(projectId: bigint, peer: string, heard: Message): Promise<TopicValidatorResult> {
    const patience = this.#peers.with(peer);
    if (patience.ended) return TopicValidatorResult.Ignore;
    try {
      const messages = await this.#open(projectId, heard.data);
      for (const message of messages) this.options.onHeard?.(message);
      return TopicValidatorResult.Accept;
    } catch (error) {
      const kind = error instanceof WireError ? error.kind : "gossip";
      this.options.onRefused(kind);
      patience.spend();
      // A relay can see that a frame has no form, but not that its signer may not say it.
      const plain = kind === "size" || kind === "encoding" || kind === "schema";
      const own = heard.type === "signed" && heard.from.toString() === peer;
      if (plain || own) this.options.scores?.refused(peer, plain ? "malformed" : "own");
      return plain ? TopicValidatorResult.Reject : TopicValidatorResult.Ignore;
    }
  }

  async #open(projectId: bigint, data: Uint8Array) {
    const { network, projects, maxSkewMs = 300_000 } = this.options;
    if (data.length > limits.gossipFrame) throw new WireError("size", "frame is too large");
    const hash = keccakHex(data);
    if (this.#seen.has(hash)) throw new WireError("stale", "frame was heard before");
    const frame = openFrame(data, {
      network,
      self: "",
      maxBytes: limits.gossipFrame,
      maxSkewMs,
    });
    const messages = frame.messages.map((bytes) => forEveryone(readMessage(bytes, frame)));
    if (messages.some(({ body }) => body.projectId !== projectId)) {
      throw new WireError("recipient", "another project's topic");
    }
    if (!await projects.canOperate(projectId, frame.from)) {
      throw new WireError("signature", "the signer may not operate the project");
    }
    if (this.#seen.has(hash)) throw new WireError("stale", "frame was heard before");
    this.#remember(hash);
    return messages;
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

function forEveryone(message: WireMessage): Told {
  if (message.kind === "announce" || message.kind === "state") return message;
  throw new WireError("recipient", "not for everyone");
}
