import { join } from "node:path";
import * as dagJson from "@ipld/dag-json";
import type { Helia } from "helia";
import { CID } from "multiformats/cid";
import { sha256 } from "multiformats/hashes/sha2";
import { bytesToHex, type Hex } from "viem";
import { anyAddress } from "../safe-fetch.ts";
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
  /** Adds a network (libp2p and bitswap) to the node. Default: none, nothing listens or dials. */
  readonly network?: (helia: Helia) => Helia;
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
  putDagJson(value: unknown): Promise<CID>;
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

/** Helia is loaded and started by the first use: a node without IPFS projects never pays for it. */
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
  #closed = false;
  readonly #endpoint: Endpoint | undefined;

  constructor(private readonly options: IpfsOptions) {
    if (options.endpoint !== undefined) this.#endpoint = new Endpoint(options.endpoint);
  }

  async put(blocks: Iterable<Block>): Promise<void> {
    const { blockstore } = await this.#started();
    for (const { cid, bytes } of blocks) {
      await verify(cid, bytes);
      await blockstore.put(cid, bytes);
    }
  }

  async putDagJson(value: unknown): Promise<CID> {
    const bytes = dagJson.encode(value);
    const cid = CID.createV1(dagJson.code, await sha256.digest(bytes));
    await this.put([{ cid, bytes }]);
    return cid;
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
      await helia.blockstore.put(cid, bytes);
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
    if (!this.#endpoint && !this.options.network) {
      throw new IpfsError(`${cid} is not stored here, and IPFS_ENDPOINT is not set to fetch it`);
    }
    return await whole(helia.blockstore.get(cid, { signal }));
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

  #started(): Promise<Helia> {
    if (this.#closed) return Promise.reject(new IpfsError("the IPFS node is closed"));
    return this.#helia ??= this.#start();
  }

  async #start(): Promise<Helia> {
    // The package's entry also loads libp2p and a native WebRTC addon, which this node does without:
    // a fifth of the time, half the memory, and no FFI permission under Deno.
    // deno-lint-ignore no-sloppy-imports
    const { Helia } = await import("../../node_modules/helia/dist/src/helia.js");
    const blockstore = new FileBlocks(join(this.options.directory, "blocks"));
    const endpoint = this.#endpoint;
    const brokers = endpoint ? [this.#broker(endpoint)] : [];
    const light: Helia = new Helia({
      name: "w3bstream",
      version: "1",
      blockstore,
      codecs: [dagJson],
      blockBrokers: brokers,
    });
    const { network } = this.options;
    return await (network ? network(light) : light).start();
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
