import type { CID } from "multiformats/cid";
import {
  safeFetch,
  SafeFetchError,
  type SafeFetchOptions,
  type SafeResponse,
} from "../safe-fetch.ts";

/** An IPFS endpoint gave nothing usable; what it gave is never trusted, only compared. */
export class IpfsError extends Error {
  override readonly name = "IpfsError";
  /** The endpoint's address may not be asked at all. */
  get refused(): boolean {
    return this.cause instanceof SafeFetchError && this.cause.kind === "refused";
  }
}

export interface EndpointOptions extends SafeFetchOptions {
  /** Checks the answer; throws when it is not what the CID or hash names. */
  readonly verify: (bytes: Uint8Array) => Promise<void>;
}

type Ask = (base: string, cid: CID, options: EndpointOptions) => Promise<SafeResponse>;

const get = (path: (cid: CID) => string, accept: string): Ask => (base, cid, options) =>
  safeFetch(`${base}${path(cid)}`, {
    ...options,
    headers: { ...options.headers, Accept: accept },
  });
const post = (path: (cid: CID) => string): Ask => (base, cid, options) =>
  safeFetch(`${base}${path(cid)}`, { ...options, method: "POST", body: new Uint8Array() });

const ways: Readonly<Record<"block" | "file", readonly Ask[]>> = {
  /** By a trustless gateway (IPIP-402), or by Kubo's RPC API. */
  block: [
    get((cid) => `/ipfs/${cid}?format=raw`, "application/vnd.ipld.raw"),
    post((cid) => `/api/v0/block/get?arg=${cid}`),
  ],
  /** A whole file, which no CID can check. */
  file: [
    get((cid) => `/ipfs/${cid}`, "*/*"),
    post((cid) => `/api/v0/cat?arg=${cid}`),
  ],
};

/** One gateway or Kubo API. Which of the two it is shows when it answers. */
export class Endpoint {
  /** Index of the way that answered last. */
  #preferred = 0;

  readonly #base: string;
  readonly #authorization: Readonly<Record<string, string>>;

  /** @param text http(s) with optional path and `user:password@`, which are sent as Basic */
  constructor(text: string) {
    const url = new URL(text);
    const credentials = [url.username, url.password].map(decodeURIComponent).join(":");
    this.#authorization = url.username || url.password
      ? { Authorization: `Basic ${Buffer.from(credentials).toString("base64")}` }
      : {};
    this.#base = `${url.origin}${url.pathname}`.replace(/\/+$/, "");
  }

  /** @throws {IpfsError} */
  async ask(what: "block" | "file", cid: CID, options: EndpointOptions): Promise<Uint8Array> {
    const order = this.#preferred === 0 ? [0, 1] : [1, 0];
    const request = { ...options, headers: this.#authorization };
    const reasons: string[] = [];
    let cause: unknown;
    for (const index of order) {
      try {
        const { status, body } = await (ways[what][index] as Ask)(this.#base, cid, request);
        if (status !== 200) throw new IpfsError(`status ${status}`);
        await options.verify(body);
        this.#preferred = index;
        return body;
      } catch (error) {
        options.signal?.throwIfAborted();
        cause = error;
        reasons.push((error as Error).message);
      }
    }
    // The endpoint may be a secret of the operator's; the reasons name at most its host.
    const why = [...new Set(reasons)].join("; ");
    throw new IpfsError(`${cid} can't be fetched: ${why}`, { cause });
  }
}
