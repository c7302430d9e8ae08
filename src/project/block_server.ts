/** Gives blocks to whoever asks, in turns, with a bounded part of them in memory. */
import type { Connection, Libp2p, PeerId } from "@libp2p/interface";
import { CID } from "multiformats/cid";
import { sha256 } from "multiformats/hashes/sha2";
// deno-lint-ignore no-sloppy-imports
import type { Network } from "../../node_modules/@helia/bitswap/dist/src/network.js";
import {
  BlockPresenceType,
  type Wantlist,
  WantType,
  // deno-lint-ignore no-sloppy-imports
} from "../../node_modules/@helia/bitswap/dist/src/pb/message.js";
// deno-lint-ignore no-sloppy-imports
import { QueuedBitswapMessage } from "../../node_modules/@helia/bitswap/dist/src/utils/bitswap-message.js";
// deno-lint-ignore no-sloppy-imports
import { cidToPrefix } from "../../node_modules/@helia/bitswap/dist/src/utils/cid-prefix.js";

export interface ServerLimits {
  /** Peers that are answered at once; each costs one message in memory. */
  readonly slots: number;
  /** Of those, for peers that connected only now: who is not linked is soon cut off again. */
  readonly newcomers: number;
  /** A newcomer's time, ms. */
  readonly newMs: number;
  /** Wants kept of one peer; the oldest gives way. */
  readonly wants: number;
  /** Bytes after which no further block is put into the same message. */
  readonly messageBytes: number;
  /** A message must be taken within so long, ms. */
  readonly sendMs: number;
}

const defaults: ServerLimits = {
  slots: 6,
  newcomers: 4,
  newMs: 15_000,
  wants: 256,
  messageBytes: 512 * 1024,
  sendMs: 10_000,
};
/** A smaller block is given to who only asks whether it is there. */
const smallBlock = 1024;

interface Want {
  readonly cid: CID;
  /** Only whether it is there. */
  readonly ask: boolean;
  /** Wants to be told that it isn't. */
  readonly tell: boolean;
}

interface Peer {
  readonly id: PeerId;
  /** By multihash, oldest first: those to answer, and those whose block isn't here yet. */
  readonly wants: Map<string, Want>;
  readonly absent: Map<string, Want>;
  busy: boolean;
}

/** Gives a block that is stored here. */
export type FindBlock = (cid: CID) => Promise<Uint8Array | undefined>;

export class BlockServer {
  /** In the order in which they have their turns. */
  readonly #peers = new Map<string, Peer>();
  readonly #limits: ServerLimits;
  #busy = 0;
  #newcomers = 0;
  #stopped = false;
  /** Looks again when newcomers that found no place are none any more. */
  #later: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly libp2p: Libp2p,
    private readonly network: Pick<Network, "sendMessage">,
    private readonly find: FindBlock,
    limits: Partial<ServerLimits> = {},
  ) {
    this.#limits = { ...defaults, ...limits };
    libp2p.addEventListener("peer:disconnect", this.#onGone);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#later);
    this.libp2p.removeEventListener("peer:disconnect", this.#onGone);
    this.#peers.clear();
  }

  receive({ remotePeer }: Connection, list: Wantlist | undefined): void {
    if (!list || this.#stopped || this.libp2p.getConnections(remotePeer).length === 0) return;
    const name = remotePeer.toString();
    const peer = this.#peers.get(name) ??
      { id: remotePeer, wants: new Map(), absent: new Map(), busy: false };
    this.#peers.set(name, peer);
    if (list.full) {
      peer.wants.clear();
      peer.absent.clear();
    }
    for (const entry of list.entries) {
      const cid = cidOf(entry.cid);
      if (!cid) continue;
      const key = keyOf(cid);
      peer.wants.delete(key);
      peer.absent.delete(key);
      if (entry.cancel) continue;
      const ask = entry.wantType === WantType.WantHave;
      peer.wants.set(key, { cid, ask, tell: entry.sendDontHave === true });
      if (peer.wants.size + peer.absent.size <= this.#limits.wants) continue;
      const from = peer.absent.size > 0 ? peer.absent : peer.wants;
      from.delete(from.keys().next().value as string);
    }
    this.#work();
  }

  /** A block is stored now. */
  arrived(cid: CID): void {
    const key = keyOf(cid);
    for (const peer of this.#peers.values()) {
      const want = peer.absent.get(key);
      if (!want) continue;
      peer.absent.delete(key);
      peer.wants.set(key, want);
    }
    this.#work();
  }

  readonly #onGone = ({ detail }: CustomEvent<PeerId>) => {
    this.#peers.delete(detail.toString());
  };

  readonly #onLater = () => {
    this.#later = undefined;
    this.#work();
  };

  #work(): void {
    for (const [name, peer] of this.#peers) {
      if (this.#stopped || this.#busy >= this.#limits.slots) return;
      if (peer.busy || peer.wants.size === 0) continue;
      const isNew = this.#isNew(peer);
      if (isNew && this.#newcomers >= this.#limits.newcomers) {
        this.#later ??= setTimeout(this.#onLater, this.#limits.newMs);
        continue;
      }
      // To the end of the line.
      this.#peers.delete(name);
      this.#peers.set(name, peer);
      void this.#serve(peer, isNew);
    }
  }

  async #serve(peer: Peer, isNew: boolean): Promise<void> {
    peer.busy = true;
    this.#busy++;
    if (isNew) this.#newcomers++;
    try {
      const message = await this.#answer(peer);
      if (message.blocks.size === 0 && message.blockPresences.size === 0) return;
      const signal = AbortSignal.timeout(this.#limits.sendMs);
      await this.network.sendMessage(peer.id, message, { signal });
    } catch {
      // It took too long, or the disk failed: the peer may ask again.
      peer.wants.clear();
    } finally {
      peer.busy = false;
      this.#busy--;
      if (isNew) this.#newcomers--;
      this.#work();
    }
  }

  async #answer(peer: Peer): Promise<QueuedBitswapMessage> {
    const message = new QueuedBitswapMessage();
    let bytes = 0;
    for (const [key, want] of peer.wants) {
      if (bytes >= this.#limits.messageBytes) break;
      peer.wants.delete(key);
      const { cid, ask, tell } = want;
      const found = await this.find(cid);
      const data = found && new Uint8Array(found);
      if (data && (!ask || data.length <= smallBlock)) {
        message.addBlock(cid, { data, prefix: cidToPrefix(cid) });
        bytes += data.length;
        continue;
      }
      if (!data) peer.absent.set(key, { ...want, tell: false });
      const type = data ? BlockPresenceType.HaveBlock : BlockPresenceType.DoNotHaveBlock;
      if (data || tell) message.addBlockPresence(cid, { cid: cid.bytes, type });
    }
    return message;
  }

  #isNew({ id }: Peer): boolean {
    const since = Date.now() - this.#limits.newMs;
    return this.libp2p.getConnections(id).every(({ timeline }) => timeline.open > since);
  }
}

/** What the store can have: names by SHA-256. */
function cidOf(bytes: Uint8Array): CID | undefined {
  try {
    const cid = CID.decode(bytes);
    const { code, digest } = cid.multihash;
    return code === sha256.code && digest.length === 32 ? cid : undefined;
  } catch {
    return undefined;
  }
}

const keyOf = (cid: CID): string => Buffer.from(cid.multihash.bytes).toString("base64");
