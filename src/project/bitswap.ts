/** Blocks from and for the peers that this node is connected to. */
import type { Connection, Libp2p, Stream } from "@libp2p/interface";
import type { Helia } from "helia";
import * as lp from "it-length-prefixed";
import type { CID } from "multiformats/cid";
import { sha256 } from "multiformats/hashes/sha2";
import {
  type BitswapMessageEventDetail,
  Network,
  // deno-lint-ignore no-sloppy-imports
} from "../../node_modules/@helia/bitswap/dist/src/network.js";
// deno-lint-ignore no-sloppy-imports
import { BitswapMessage } from "../../node_modules/@helia/bitswap/dist/src/pb/message.js";
// deno-lint-ignore no-sloppy-imports
import varintDecoder from "../../node_modules/@helia/bitswap/dist/src/utils/varint-decoder.js";
// deno-lint-ignore no-sloppy-imports
import { WantList } from "../../node_modules/@helia/bitswap/dist/src/want-list.js";
import { abortable } from "../abort.ts";
import { BlockServer, type FindBlock, type ServerLimits } from "./block_server.ts";

/** Largest message in bytes, so also the largest block, that is taken or given. */
export const maxMessageBytes = 4 * 1024 * 1024;
/** What may come on one stream while this node wants nothing: lists of wants. */
const maxListBytes = 128 * 1024;
/** What may come on one stream while it does. */
const maxStreamBytes = 4 * maxMessageBytes;
/** What may have come on all streams together that have not ended. */
const maxHeldBytes = 64 * 1024 * 1024;
/** A stream must end within so long of its last message, ms. */
const receiveMs = 10_000;

interface Retrieving {
  readonly result: Promise<{ readonly block: Uint8Array }>;
  users: number;
  readonly end: () => void;
}

/**
 * Bitswap 1.2.0 over a peer that somebody else starts and stops. All that the store holds is given
 * to whoever asks: project files and blocks of tasks, which are public. The package's own server
 * reads all that a peer wants into memory at once, for each peer, and keeps its lists for ever.
 */
export class PeerBlocks {
  readonly name = "peers";
  readonly #network: BoundedNetwork;
  readonly #wants: WantList;
  readonly #server: BlockServer;
  readonly #retrieving = new Map<string, Retrieving>();

  constructor(
    libp2p: Libp2p,
    { logger, routing, getHasher }: Pick<Helia, "logger" | "routing" | "getHasher">,
    find: FindBlock,
    limits: Partial<ServerLimits> = {},
  ) {
    this.#network = new BoundedNetwork({ libp2p, logger, routing }, {
      maxInboundStreams: 8,
      maxOutboundStreams: 64,
      maxIncomingMessageSize: maxMessageBytes,
      maxOutgoingMessageSize: maxMessageBytes,
    }, () => this.#wants.wants.size > 0);
    this.#wants = new WantList({ libp2p, logger, getHasher, network: this.#network });
    this.#server = new BlockServer(libp2p, this.#network, find, limits);
    this.#network.addEventListener(
      "bitswap:message",
      ({ detail }: CustomEvent<BitswapMessageEventDetail>) =>
        this.#server.receive(detail.connection, detail.message.wantlist),
    );
  }

  async start(): Promise<void> {
    this.#wants.start();
    await this.#network.start();
  }

  async stop(): Promise<void> {
    this.#server.stop();
    this.#wants.stop();
    await this.#network.stop();
  }

  /** The first answer of a connected peer, now or later, whose hash is the CID's. */
  async retrieve(
    cid: CID,
    { signal = new AbortController().signal }: { signal?: AbortSignal } = {},
  ): Promise<Uint8Array> {
    const key = `${cid.multihash.bytes}`;
    const want = this.#retrieving.get(key) ?? this.#begin(key, cid);
    want.users++;
    try {
      return (await abortable(want.result, signal)).block;
    } finally {
      if (--want.users === 0) want.end();
    }
  }

  /** The package has one want a CID, which ends for all when it ends for one. */
  #begin(key: string, cid: CID): Retrieving {
    const stop = new AbortController();
    const result = this.#wants.wantBlock(cid, { signal: stop.signal });
    result.catch(() => undefined);
    const end = () => {
      this.#retrieving.delete(key);
      stop.abort();
    };
    const want = { result, users: 0, end };
    this.#retrieving.set(key, want);
    return want;
  }

  /** Gives a block that is stored now to those who wait for it. */
  announce(cid: CID): Promise<void> {
    this.#server.arrived(cid);
    return Promise.resolve();
  }
}

function isSha256({ prefix }: { prefix: Uint8Array }): boolean {
  const [, , code, length, more] = varintDecoder(prefix);
  return code === sha256.code && length === 32 && more === undefined;
}

/** Reads what comes within bounds; the package's own holds what any peer sends. */
class BoundedNetwork extends Network {
  #held = 0;

  constructor(
    components: ConstructorParameters<typeof Network>[0],
    init: ConstructorParameters<typeof Network>[1],
    private readonly wanting: () => boolean,
  ) {
    super(components, init);
  }

  override _onStream(stream: Stream, connection: Connection): void {
    this.#read(stream, connection).catch((error) => stream.abort(error));
  }

  async #read(stream: Stream, connection: Connection): Promise<void> {
    const late = () => stream.abort(new Error("the bitswap stream is idle"));
    let timer = setTimeout(late, receiveMs);
    let held = 0;
    const count = async function* (this: BoundedNetwork) {
      for await (const chunk of stream) {
        held += chunk.byteLength;
        this.#held += chunk.byteLength;
        const most = this.wanting() ? maxStreamBytes : maxListBytes;
        if (held > most || this.#held > maxHeldBytes) throw new Error("too many bytes at once");
        yield chunk;
      }
    };
    try {
      // Answers go on streams of our own.
      await stream.close({ signal: AbortSignal.timeout(receiveMs) });
      const options = { maxDataLength: maxMessageBytes };
      for await (const data of lp.decode(count.call(this), options)) {
        const message = BitswapMessage.decode(data);
        // Hashing what nobody asked for is a cost. Of the hash, the package compares the digest
        // alone: with another function anybody can make one.
        message.blocks = this.wanting() ? message.blocks.filter(isSha256) : [];
        this.safeDispatchEvent<BitswapMessageEventDetail>("bitswap:message", {
          detail: { peer: connection.remotePeer, message, connection },
        });
        clearTimeout(timer);
        timer = setTimeout(late, receiveMs);
      }
    } finally {
      clearTimeout(timer);
      this.#held -= held;
    }
  }
}
