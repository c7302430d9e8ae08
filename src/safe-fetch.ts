/** HTTP for URLs that a stranger chose: project files, credentials, webhooks (DESIGN R11). */
import { lookup } from "node:dns/promises";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { isIP } from "node:net";
import { abortable } from "./abort.ts";
import { isPublicAddress } from "./public-address.ts";

export interface SafeFetchOptions {
  readonly method?: "GET" | "HEAD" | "POST" | "PUT";
  /** Only `Accept` follows a redirect to another origin. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Uint8Array;
  /** Most bytes of the answer's body. */
  readonly maxBytes: number;
  /** For everything together: names, connections, redirects, body. Default 15 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Only GET follows redirects. Default 3; with 0 a redirect is an answer like any other. */
  readonly maxRedirects?: number;
  /** Which addresses may be asked. Default `isPublicAddress`. */
  readonly allow?: (address: string) => boolean;
  /** Certificates to trust instead of the system's, PEM. */
  readonly ca?: string;
  /** Default: the system's resolver. */
  readonly resolve?: (host: string) => Promise<readonly { readonly address: string }[]>;
}

export interface SafeResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** Where the answer came from, after redirects. */
  readonly url: string;
}

/** For `allow`: the operator's own endpoints, and files of a development chain. */
export const anyAddress = (): boolean => true;

/** `refused`: the URL may not be asked. `failed`: it gave no usable answer; try again later. */
export class SafeFetchError extends Error {
  constructor(readonly kind: "refused" | "failed", message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SafeFetchError";
  }
}

/** The answer is larger than was allowed: it would be the next time, too. */
export class TooLargeError extends SafeFetchError {}

/**
 * Fetches a URL whose host, after DNS and after each redirect, is a public address; the connection
 * goes to the address that was checked, so that a name can't change its mind in between.
 *
 * @throws {SafeFetchError}, or the signal's reason
 */
export async function safeFetch(url: string, options: SafeFetchOptions): Promise<SafeResponse> {
  const { timeoutMs = 15_000, maxRedirects = 3, method = "GET" } = options;
  const timeout = new AbortController();
  const timer = setTimeout(
    () => timeout.abort(new SafeFetchError("failed", `no answer within ${timeoutMs} ms`)),
    timeoutMs,
  );
  const signal = options.signal
    ? AbortSignal.any([options.signal, timeout.signal])
    : timeout.signal;
  try {
    signal.throwIfAborted();
    let target = checkedUrl(url);
    let headers = options.headers;
    for (let hop = 0;; hop++) {
      const response = await request(target, { ...options, headers }, signal);
      const location = response.headers.get("location");
      const follows = method === "GET" && maxRedirects > 0;
      if (!follows || !isRedirect(response.status) || location === null) return response;
      if (hop === maxRedirects) {
        throw new SafeFetchError("failed", `more than ${maxRedirects} redirects`);
      }
      const next = checkedUrl(location, target);
      if (next.origin !== target.origin) headers = withoutSecrets(headers);
      target = next;
    }
  } finally {
    clearTimeout(timer);
  }
}

/** What one host was told is not passed on to another. */
function withoutSecrets(headers: SafeFetchOptions["headers"]): SafeFetchOptions["headers"] {
  const harmless = Object.entries(headers ?? {}).filter(([name]) => /^accept$/i.test(name));
  return Object.fromEntries(harmless);
}

const isRedirect = (status: number) => [301, 302, 303, 307, 308].includes(status);

function checkedUrl(text: string, base?: URL): URL {
  if (!URL.canParse(text, base)) throw new SafeFetchError("refused", "the URL is malformed");
  const url = new URL(text, base);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new SafeFetchError("refused", `only http and https are fetched, not ${url.protocol}`);
  }
  if (url.username || url.password) {
    throw new SafeFetchError("refused", "the URL contains a user name or password");
  }
  return url;
}

async function request(
  url: URL,
  options: SafeFetchOptions,
  signal: AbortSignal,
): Promise<SafeResponse> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const addresses = await abortable(addressesOf(host, options), signal);
  let lastError: unknown;
  for (const address of addresses.slice(0, 4)) {
    try {
      return await exchange(url, host, address, options, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof SafeFetchError || !isConnectError(error)) throw asFailure(error, host);
      lastError = error;
    }
  }
  throw asFailure(lastError, host);
}

async function addressesOf(host: string, options: SafeFetchOptions): Promise<string[]> {
  const resolve = options.resolve ?? ((name: string) => lookup(name, { all: true }));
  let addresses: string[];
  try {
    addresses = isIP(host) ? [host] : (await resolve(host)).map(({ address }) => address);
  } catch (error) {
    throw asFailure(error, host);
  }
  if (addresses.length === 0) throw new SafeFetchError("failed", `${host} has no address`);
  if (!addresses.every(options.allow ?? isPublicAddress)) {
    throw new SafeFetchError("refused", `${host} is not at a public address`);
  }
  // Many hosts have no IPv6 route; a refused connection would cost a round trip.
  return addresses.sort((a, b) => isIP(a) - isIP(b));
}

function exchange(
  url: URL,
  host: string,
  address: string,
  options: SafeFetchOptions,
  signal: AbortSignal,
): Promise<SafeResponse> {
  return new Promise((resolve, reject) => {
    const client = url.protocol === "https:" ? https : http;
    const req = client.request({
      host: address,
      port: url.port || (client === https ? 443 : 80),
      path: `${url.pathname}${url.search}`,
      method: options.method ?? "GET",
      headers: {
        ...options.headers,
        Host: url.host,
        "Accept-Encoding": "identity",
        ...(options.body ? { "Content-Length": String(options.body.length) } : {}),
      },
      agent: false,
      ...(isIP(host) ? {} : { servername: host }),
      ...(options.ca === undefined ? {} : { ca: options.ca }),
    }, (response) => {
      collect(response, options.maxBytes).then(
        (body) => finish(() => resolve(answer(response, body, url))),
        (error) => finish(() => reject(error)),
      );
    });
    const abort = () => finish(() => reject(signal.reason));
    const finish = (settle: () => void) => {
      signal.removeEventListener("abort", abort);
      settle();
      req.destroy();
    };
    signal.addEventListener("abort", abort, { once: true });
    req.on("error", (error) => finish(() => reject(error)));
    req.end(options.body);
  });
}

function collect(response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const tooLarge = new TooLargeError("failed", `the answer has more than ${maxBytes} bytes`);
    if (Number(response.headers["content-length"] ?? 0) > maxBytes) return reject(tooLarge);
    const encoding = response.headers["content-encoding"];
    if (encoding !== undefined && encoding !== "identity") {
      return reject(new SafeFetchError("failed", "the answer is compressed without being asked"));
    }
    const chunks: Uint8Array[] = [];
    let size = 0;
    response.on("data", (chunk: Uint8Array) => {
      size += chunk.length;
      if (size > maxBytes) return reject(tooLarge);
      chunks.push(chunk);
    });
    response.on("end", () => {
      if (response.complete === false) reject(new SafeFetchError("failed", "the answer was cut"));
      else resolve(join(chunks, size));
    });
    response.on("error", reject);
    response.on("close", () => reject(new SafeFetchError("failed", "the answer was cut")));
  });
}

function join(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const body = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.length;
  }
  return body;
}

function answer(response: IncomingMessage, body: Uint8Array, url: URL): SafeResponse {
  const headers = new Headers();
  for (const [name, value] of Object.entries(response.headers)) {
    for (const one of Array.isArray(value) ? value : [value ?? ""]) headers.append(name, one);
  }
  return { status: response.statusCode ?? 0, headers, body, url: url.href };
}

function isConnectError(error: unknown): boolean {
  const { code } = error as { code?: string };
  return ["ECONNREFUSED", "ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL"].includes(code ?? "");
}

function asFailure(error: unknown, host: string): SafeFetchError {
  if (error instanceof SafeFetchError) return error;
  const { code, message } = error as { code?: string; message?: string };
  return new SafeFetchError("failed", `${host}: ${code ?? message ?? "no connection"}`, {
    cause: error,
  });
}
