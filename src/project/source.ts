import type { CID } from "multiformats/cid";
import type { Hex } from "viem";
import { safeFetch } from "../safe-fetch.ts";
import { sha256Hex } from "./cache.ts";
import { IpfsError } from "./gateway.ts";
import { type Ipfs, parseCid } from "./ipfs.ts";
import { limits } from "./limits.ts";
import type { LoadLinked } from "./program.ts";

/** Where a project's URI points. */
export type Source =
  | { readonly kind: "http"; readonly url: string }
  /** `from`: an endpoint that the URI names, beside this node's own. */
  | { readonly kind: "ipfs"; readonly cid: CID; readonly from: string | undefined };

/** Why a project's config can't be had; the text names project and URI as the original's do. */
export class SourceError extends Error {
  override readonly name = "SourceError";

  /** @param detail for the log alone: it may name endpoints of the operator's */
  constructor(message: string, readonly detail?: string, options?: ErrorOptions) {
    super(message, options);
  }
}

const endpointPattern = /^(?:[\w-]+(?:\.[\w-]+)*|\[[\da-fA-F:.]+\])(?::\d{1,5})?$/;

/**
 * `https://…`, `ipfs://<cid>`, the original's `ipfs://<endpoint>/<cid>`, or a CID alone.
 * @throws {SourceError}
 */
export function parseUri(uri: string): Source {
  if (/^https?:\/\//i.test(uri)) return { kind: "http", url: uri };
  const path = /^ipfs:\/\/(.+)$/i.exec(uri)?.[1] ?? (/^[\w/]+$/.test(uri) ? uri : undefined);
  const parts = path?.split("/").filter((part) => part !== "" && part !== "ipfs") ?? [];
  const [first = "", second] = parts;
  try {
    if (parts.length === 1) return { kind: "ipfs", cid: parseCid(first), from: undefined };
    if (parts.length === 2 && second && endpointPattern.test(first)) {
      return { kind: "ipfs", cid: parseCid(second), from: first };
    }
  } catch (error) {
    if (!(error instanceof IpfsError)) throw error;
    throw new SourceError(`parse project uri ${uri} failed: ${error.message}`);
  }
  throw new SourceError(
    `parse project uri ${uri} failed: must be https://…, ipfs://<cid> or ipfs://<endpoint>/<cid>`,
  );
}

export interface FetchOptions {
  readonly ipfs: Ipfs;
  readonly signal: AbortSignal;
  /** Which addresses http(s) URIs may have. Default: public ones. */
  readonly allow: (address: string) => boolean;
}

/**
 * Fetches a project's config and checks its hash.
 * @throws {SourceError}, or the signal's reason
 */
export async function fetchConfig(
  project: { readonly id: bigint; readonly uri: string; readonly hash: Hex },
  options: FetchOptions,
): Promise<Uint8Array> {
  const source = parseUri(project.uri);
  const where = `projectID ${project.id}, uri ${project.uri}`;
  let bytes: Uint8Array;
  try {
    bytes = source.kind === "http"
      ? await download(source.url, options)
      : await options.ipfs.getFile(source.cid, {
        from: source.from,
        hash: project.hash,
        signal: options.signal,
      });
  } catch (error) {
    options.signal.throwIfAborted();
    const detail = (error as Error).message;
    throw new SourceError(`fetch project config failed, ${where}`, detail, { cause: error });
  }
  if (bytes.length === 0) throw new SourceError(`empty project config, ${where}`);
  const hash = sha256Hex(bytes);
  if (hash !== project.hash.toLowerCase()) {
    throw new SourceError(
      `validate project config hash failed, ${where}: the registrar has ${project.hash}, ` +
        `the file ${hash}`,
    );
  }
  return bytes;
}

async function download(url: string, options: FetchOptions): Promise<Uint8Array> {
  const { signal, allow } = options;
  const { status, body } = await safeFetch(url, { maxBytes: limits.fileBytes, signal, allow });
  if (status !== 200) throw new Error(`status ${status}`);
  return body;
}

/** Gets the files that a config of this URI links. */
export function linkLoader(uri: string | undefined, ipfs: Ipfs): LoadLinked {
  return (cid, signal) => {
    const source = uri === undefined ? undefined : parseUri(uri);
    return ipfs.getFile(cid, {
      signal,
      from: source?.kind === "ipfs" ? source.from : undefined,
    });
  };
}
