import { join } from "node:path";
import * as dagJson from "@ipld/dag-json";
import type { Libp2p } from "@libp2p/interface";
import type { Helia } from "helia";
import { CID } from "multiformats/cid";
import { sha256 } from "multiformats/hashes/sha2";
import { bytesToHex, type Hex } from "viem";
import { anyAddress } from "../safe-fetch.ts";
import { PeerBlocks } from "./bitswap.ts";
import type { FindBlock } from "./block_server.ts";
import { FileBlocks } from "./blocks.ts";
import type { Block } from "./encode.ts";
import { Endpoint, type EndpointOptions, IpfsError } from "./gateway.ts";
import { limits } from "./limits.ts";
import { readUnixFs, UnixFsError } from "./unixfs.ts";

const dagPb = 0x70;

export interface IpfsOptions {
  /** Where blocks are kept. Made when needed. */
  readonly directory: string;
  /** The operator's gateway or Kubo API; it may be on a private network. */
  readonly endpoint?: string | undefined;
  /** Which addresses endpoints named by strangers may have. Default: public ones. */
  readonly allow?: ((address: string) => boolean) | undefined;
  /** Milliseconds for one block, or for one file of many. Default 30,000. */
  readonly timeoutMs?: number;
  /** Exchanges blocks with the peers that this one is connected to. Default: with nobody. */
  readonly host?: Libp2p | undefined;
}

export interface GetOptions {
  readonly signal?: AbortSignal | undefined;
  /** A stranger's endpoint, asked after this node's own store. */
  readonly from?: string | undefined;
}

/** An embedded IPFS node. All that it gives was compared with its CID. */
export interface Ipfs {
  /** Stores blocks so that they survive a restart. @throws {IpfsError} if one isn't its CID's */
  put(blocks: Iterable<Block>): Promise<void>;
  /** Gives peers the blocks that are found so, too. */
  serve(find: FindBlock): void;
  /** Gives a block to the peers that wait for it. */
  announce(cid: CID): void;
  /** @throws {IpfsError} */
  getBlock(cid: CID, options?: GetOptions): Promise<Uint8Array>;
  /**
   * The file that a CID names: a block, or a UnixFS file of many. With `hash`, its sha256, a
   * gateway that only serves whole files will do.
   * @throws {IpfsError}
   */
  getFile(cid: CID, options?: GetOptions & { readonly hash?: Hex }): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Helia is loaded and started by the first use: a node without IPFS projects never pays for it.
 * With a host it starts at once, since others may ask.
 */
export function openIpfs(options: IpfsOptions): Ipfs {
  return new EmbeddedIpfs(options);
}

/** @throws {IpfsError} for a hash that is not a whole SHA-256 */
export function parseCid(text: string): CID {
  let cid: CID;
  try {
    cid = CID.parse(text);
  } catch (error) {
    throw new IpfsError(`"${text.slice(0, 100)}" is not a CID`, { cause: error });
  }
  requireSha256(cid);
  return cid;
}

class EmbeddedIpfs implements Ipfs {
  #helia: Promise<Helia> | undefined;
  #peers: PeerBlocks | undefined;
  #more: FindBlock | undefined;
  #closed = false;
  readonly #store: FileBlocks;
  readonly #endpoint: Endpoint | undefined;

  constructor(private readonly options: IpfsOptions) {
    this.#store = new FileBlocks(join(options.directory, "blocks"));
    if (options.endpoint !== undefined) this.#endpoint = new Endpoint(options.endpoint);
    // Whoever uses it next is told of a failure.
    if (options.host) this.#started().catch(() => undefined);
  }

  async put(blocks: Iterable<Block>): Promise<void> {
    this.#open();
    const list = [...blocks];
    for (const { cid, bytes } of list) await verify(cid, bytes);
    await this.#store.putAll(list);
    for (const { cid } of list) this.announce(cid);
  }

  serve(find: FindBlock): void {
    this.#more = find;
  }

  announce(cid: CID): void {
    void this.#peers?.announce(cid);
  }

  async getBlock(cid: CID, options: GetOptions = {}): Promise<Uint8Array> {
    requireSha256(cid);
    const helia = await this.#started();
    const stored = await this.#stored(helia, cid);
    if (stored) return stored;
    const signal = this.#deadline(options.signal);
    try {
      if (options.from === undefined) return await this.#fromNetwork(helia, cid, signal);
      const bytes = await this.#askStranger(options.from, "block", cid, {
        verify: (block) => verify(cid, block),
        signal,
      });
      await this.put([{ cid, bytes }]);
      return bytes;
    } catch (error) {
      options.signal?.throwIfAborted();
      throw asIpfsError(error, cid);
    }
  }

  async getFile(
    cid: CID,
    options: GetOptions & { readonly hash?: Hex } = {},
  ): Promise<Uint8Array> {
    if (cid.code !== dagPb) return await this.getBlock(cid, options);
    const signal = this.#deadline(options.signal);
    const load = (link: CID) => this.getBlock(link, { ...options, signal });
    try {
      return await readUnixFs(cid, load, limits.fileBytes);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof UnixFsError) throw new IpfsError(`${cid} ${error.message}`);
      if (options.hash === undefined) throw error;
      return await this.#wholeFile(cid, options, options.hash, error as Error);
    }
  }

  /** From a gateway that serves no single blocks; the file's own hash takes the CID's place. */
  async #wholeFile(cid: CID, options: GetOptions, hash: Hex, blocks: Error): Promise<Uint8Array> {
    const request = {
      verify: async (bytes: Uint8Array) => {
        const digest = bytesToHex((await sha256.digest(bytes)).digest);
        if (digest !== hash.toLowerCase()) throw new IpfsError(`not the file with hash ${hash}`);
      },
      signal: this.#deadline(options.signal),
    };
    if (options.from !== undefined) {
      return await this.#askStranger(options.from, "file", cid, request);
    }
    if (!this.#endpoint) throw blocks;
    return await this.#endpoint.ask("file", cid, {
      ...this.#bounds,
      ...request,
      allow: anyAddress,
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await (await this.#helia)?.stop();
  }

  get #bounds() {
    return { maxBytes: limits.fileBytes, timeoutMs: this.options.timeoutMs ?? 30_000 };
  }

  #deadline(signal: AbortSignal | undefined): AbortSignal {
    const deadline = AbortSignal.timeout(this.#bounds.timeoutMs);
    return signal ? AbortSignal.any([signal, deadline]) : deadline;
  }

  /** A stored block; one that a crash or a disk spoilt is dropped and fetched anew. */
  async #stored(helia: Helia, cid: CID): Promise<Uint8Array | undefined> {
    if (!await helia.blockstore.has(cid)) return undefined;
    const bytes = await whole(helia.blockstore.get(cid, { offline: true }));
    if (await matches(cid, bytes)) return bytes;
    await helia.blockstore.delete(cid);
    return undefined;
  }

  async #fromNetwork(helia: Helia, cid: CID, signal: AbortSignal): Promise<Uint8Array> {
    if (!this.#endpoint && !this.options.host) {
      throw new IpfsError(`${cid} is not stored here, and IPFS_ENDPOINT is not set to fetch it`);
    }
    try {
      return await whole(helia.blockstore.get(cid, { signal }));
    } catch (error) {
      if (!signal.aborted || !this.options.host) throw error;
      const endpoint = this.#endpoint ? "IPFS_ENDPOINT" : "an endpoint (IPFS_ENDPOINT is not set)";
      throw new IpfsError(`${cid} came neither from a connected peer nor from ${endpoint}`);
    }
  }

  /** The endpoint of an `ipfs://` URI has no scheme: HTTPS first. */
  async #askStranger(
    host: string,
    what: "block" | "file",
    cid: CID,
    request: Pick<EndpointOptions, "verify" | "signal">,
  ): Promise<Uint8Array> {
    const { allow } = this.options;
    const options = { ...this.#bounds, ...request, ...(allow ? { allow } : {}) };
    try {
      return await new Endpoint(`https://${host}`).ask(what, cid, options);
    } catch (error) {
      request.signal?.throwIfAborted();
      if (error instanceof IpfsError && error.refused) throw error;
      return await new Endpoint(`http://${host}`).ask(what, cid, options);
    }
  }

  #open(): void {
    if (this.#closed) throw new IpfsError("the IPFS node is closed");
  }

  async #started(): Promise<Helia> {
    this.#open();
    return this.#helia ??= this.#start();
  }

  async #start(): Promise<Helia> {
    // The package's entry also loads libp2p and a native WebRTC addon, which this node does without:
    // a fifth of the time, half the memory, and no FFI permission under Deno.
    // deno-lint-ignore no-sloppy-imports
    const { Helia } = await import("../../node_modules/helia/dist/src/helia.js");
    const endpoint = this.#endpoint;
    const helia: Helia = new Helia({
      name: "w3bstream",
      version: "1",
      blockstore: this.#store,
      codecs: [dagJson],
      blockBrokers: endpoint ? [this.#broker(endpoint)] : [],
    });
    const { host } = this.options;
    if (host) {
      const find: FindBlock = async (cid) => await this.#store.find(cid) ?? await this.#more?.(cid);
      this.#peers = new PeerBlocks(host, helia, find);
      helia.addBlockBroker(this.#peers);
    }
    return await helia.start();
  }

  #broker(endpoint: Endpoint) {
    return {
      name: "endpoint",
      retrieve: (cid: CID, { signal }: { signal?: AbortSignal } = {}) =>
        endpoint.ask("block", cid, {
          ...this.#bounds,
          allow: anyAddress,
          verify: (block) => verify(cid, block),
          signal,
        }),
    };
  }
}

function requireSha256(cid: CID): void {
  const { code, digest } = cid.multihash;
  if (code !== sha256.code || digest.length !== 32) {
    throw new IpfsError(`${cid} is not named by a SHA-256 of 32 bytes, as project files must be`);
  }
}

async function matches(cid: CID, bytes: Uint8Array): Promise<boolean> {
  const { digest } = await sha256.digest(bytes);
  return digest.every((byte, index) => byte === cid.multihash.digest[index]);
}

async function verify(cid: CID, bytes: Uint8Array): Promise<void> {
  requireSha256(cid);
  if (!await matches(cid, bytes)) throw new IpfsError(`the answer is not the block of ${cid}`);
}

async function whole(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return parts.length === 1 && parts[0] ? parts[0] : new Uint8Array(Buffer.concat(parts));
}

function asIpfsError(error: unknown, cid: CID): Error {
  if (error instanceof IpfsError) return error;
  const [first] = (error as AggregateError).errors ?? [];
  if (first instanceof IpfsError) return first;
  const reason = first instanceof Error ? first.message : (error as Error).message;
  return new IpfsError(`${cid} can't be fetched: ${reason}`, { cause: error });
}
