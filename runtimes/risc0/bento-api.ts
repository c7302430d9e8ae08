/**
 * The REST API of RISC Zero's provers, as Bento serves it (`bento/crates/api` of
 * boundless-xyz/boundless) and the crate `bonsai-sdk` asks for it.
 */
import { z } from "zod";
import { Backoff, sleep } from "../../src/abort.ts";
import { isPublicAddress } from "../../src/public-address.ts";
import {
  anyAddress,
  safeFetch,
  SafeFetchError,
  type SafeResponse,
  TooLargeError,
} from "../../src/safe-fetch.ts";
import { ProgramError } from "../runtime.ts";

export interface BentoApiOptions {
  readonly url: string;
  readonly apiKey?: string | undefined;
  readonly origins?: readonly string[] | undefined;
  readonly maxReceiptBytes: number;
  /** For an answer; bodies have more by their size. */
  readonly requestMs: number;
  /** How long a request that fails is tried again. */
  readonly retryMs: number;
  /** Wait before the second try; it doubles, up to 20 times as long. */
  readonly firstRetryMs: number;
}

/** What the service says of a session or a snark. Its own text of a failure stays here. */
export type JobStatus =
  | { readonly status: "RUNNING"; readonly done: number; readonly total: number }
  | { readonly status: "SUCCEEDED"; readonly receipt: URL }
  /** `guest`: the program failed, not the service. */
  | { readonly status: "FAILED"; readonly guest: boolean }
  | { readonly status: "TIMED_OUT" | "ABORTED" };

/** The service doesn't have, or no longer has, what was asked for. */
export class Lost extends Error {}

class Unavailable extends ProgramError {
  /** @param status of the last answer; undefined when there was none */
  constructor(message: string, readonly status: number | undefined) {
    super("unsupported", message);
  }
}

const risc0Version = "5.0.0-rc.1";
const answerBytes = 256 * 1024;
/** The slowest line that a body may have. */
const bytesPerMs = 128;
const longestRetryAfterMs = 60_000;

const link = z.string().min(1).max(4096);
const imageAnswer = z.object({ url: link });
const uploadAnswer = z.object({ url: link, uuid: z.guid() });
const createAnswer = z.object({ uuid: z.guid() });
const statusAnswer = z.object({
  status: z.enum(["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]),
  /** Of sessions. */
  receipt_url: link.nullish(),
  /** Of snarks. */
  output: link.nullish(),
  error_msg: z.string().nullish(),
  state: z.string().nullish(),
});

/** What risc0's executor, and Bento's around it, say when the run itself failed. */
const guestFailure = /guest panicked|session limit exceeded|execution failed/i;

const unusable = (what: string) => new ProgramError("unsupported", `the remote prover ${what}`);

export class BentoApi {
  readonly #base: URL;
  readonly #origins: ReadonlySet<string>;

  /** @throws {TypeError} when the options can't be used; its text has none of them */
  constructor(private readonly options: BentoApiOptions) {
    const { url, apiKey, origins = [] } = options;
    const base = httpUrl(url);
    if (!base || base.search || base.hash) {
      throw new TypeError("the remote prover's URL must be http(s), with nothing but a path");
    }
    this.#base = base;
    if (apiKey !== undefined && !/^[\x21-\x7e]{1,512}$/.test(apiKey)) {
      throw new TypeError("the remote prover's API key must be printable ASCII without spaces");
    }
    this.#origins = new Set([
      this.#base.origin,
      ...origins.map((text) => {
        const origin = httpUrl(text);
        if (origin?.href !== `${origin?.origin}/`) {
          throw new TypeError("origins of the remote prover must be like https://host:port");
        }
        return origin.origin;
      }),
    ]);
  }

  /** Gives the service the program, unless it has it. */
  async provideImage(
    imageId: string,
    binary: Uint8Array,
    signal: AbortSignal,
  ): Promise<void> {
    const answer = await this.#get(`images/upload/${imageId}`, signal);
    if (answer.status === 204) return;
    const target = this.#link(parsed(answer, imageAnswer).url);
    const { status } = await this.#ask("PUT", target, { body: binary, signal });
    if (status === 400) {
      throw unusable("computes another image id for the program: its risc0 may be another version");
    }
    succeeded(status);
  }

  /** @returns the service's name of the input */
  async uploadInput(stdin: Uint8Array, signal: AbortSignal): Promise<string> {
    const { url, uuid } = parsed(await this.#get("inputs/upload", signal), uploadAnswer);
    const { status } = await this.#ask("PUT", this.#link(url), { body: stdin, signal });
    succeeded(status);
    return uuid;
  }

  /** A request whose answer is lost on the way leaves a session that nobody asks for. */
  async createSession(imageId: string, inputId: string, signal: AbortSignal): Promise<string> {
    return await this.#create("sessions/create", {
      img: imageId,
      input: inputId,
      assumptions: [],
      execute_only: false,
      exec_cycle_limit: null,
    }, signal);
  }

  /** Starts the Groth16 proof of a session that succeeded. */
  async createSnark(sessionId: string, signal: AbortSignal): Promise<string> {
    return await this.#create("snark/create", { session_id: sessionId }, signal);
  }

  /** @throws {Lost} */
  sessionStatus(sessionId: string, signal: AbortSignal): Promise<JobStatus> {
    return this.#status(`sessions/status/${sessionId}`, signal);
  }

  /** @throws {Lost} */
  snarkStatus(snarkId: string, signal: AbortSignal): Promise<JobStatus> {
    return this.#status(`snark/status/${snarkId}`, signal);
  }

  /** @throws {Lost} */
  async download(url: URL, signal: AbortSignal): Promise<Uint8Array> {
    const { maxReceiptBytes } = this.options;
    const { status, body } = await this.#ask("GET", url, { maxBytes: maxReceiptBytes, signal });
    if (status === 404) throw new Lost();
    succeeded(status);
    if (body.length === 0) throw unusable("serves an empty receipt");
    return body;
  }

  /** Asks once. False where the service has no such route, as Bento, or doesn't answer. */
  async stop(sessionId: string): Promise<boolean> {
    try {
      const response = await this.#once("GET", this.#route(`sessions/stop/${sessionId}`), {
        signal: AbortSignal.timeout(Math.min(5_000, this.options.requestMs)),
      });
      return response !== undefined && isSuccess(response.status);
    } catch {
      return false;
    }
  }

  async #status(path: string, signal: AbortSignal): Promise<JobStatus> {
    let response: SafeResponse;
    try {
      response = await this.#get(path, signal);
    } catch (error) {
      // Bento answers 500 for a session that is not in its database.
      if (error instanceof Unavailable && error.status === 500) throw new Lost();
      throw error;
    }
    if (response.status === 404) throw new Lost();
    const answer = parsed(response, statusAnswer);
    switch (answer.status) {
      case "RUNNING": {
        const [, done = 0, total = 0] = /(\d{1,9})\/(\d{1,9})$/.exec(answer.state ?? "") ?? [];
        return { status: "RUNNING", done: Number(done), total: Number(total) };
      }
      case "SUCCEEDED": {
        const url = answer.receipt_url ?? answer.output;
        if (!url) throw unusable("names no receipt of a session that succeeded");
        return { status: "SUCCEEDED", receipt: this.#link(url) };
      }
      case "FAILED":
        return { status: "FAILED", guest: guestFailure.test(answer.error_msg ?? "") };
      default:
        return { status: answer.status };
    }
  }

  async #create(path: string, request: unknown, signal: AbortSignal): Promise<string> {
    const body = new TextEncoder().encode(JSON.stringify(request));
    const response = await this.#ask("POST", this.#route(path), { body, signal });
    return parsed(response, createAnswer).uuid;
  }

  #get(path: string, signal: AbortSignal): Promise<SafeResponse> {
    return this.#ask("GET", this.#route(path), { signal });
  }

  #route(path: string): URL {
    return new URL(`${this.#base.href.replace(/\/+$/, "")}/${path}`);
  }

  /** A URL that the service chose: it must not make this node ask anyone else. */
  #link(text: string): URL {
    const url = followable(text, this.#base, this.#origins);
    if (!url) throw unusable("names a URL that is not of its origin, or can't be used");
    return url;
  }

  async #ask(method: Method, url: URL, request: Request): Promise<SafeResponse> {
    const { firstRetryMs, retryMs } = this.options;
    const { signal } = request;
    const backoff = new Backoff(firstRetryMs, 20 * firstRetryMs);
    const start = performance.now();
    for (;;) {
      signal.throwIfAborted();
      const response = await this.#once(method, url, request);
      const status = response?.status;
      if (response && status !== 429 && response.status < 500) return response;
      const wait = Math.max(backoff.next(), retryAfterMs(response));
      if (performance.now() - start + wait > retryMs) {
        const why = status === undefined ? "can't be reached" : `answers with status ${status}`;
        throw new Unavailable(`the remote prover ${why}`, status);
      }
      await sleep(wait, signal);
    }
  }

  /** One try; undefined when there was no answer. */
  async #once(method: Method, url: URL, request: Request): Promise<SafeResponse | undefined> {
    const { requestMs, apiKey } = this.options;
    const { body, maxBytes = answerBytes, signal } = request;
    const largeBytes = (body?.length ?? 0) + (request.maxBytes ?? 0);
    const own = url.origin === this.#base.origin;
    try {
      return await safeFetch(url.href, {
        method,
        headers: {
          // A store of files that the service names has its own way to know whom it serves.
          ...(own && apiKey !== undefined ? { "x-api-key": apiKey } : {}),
          ...(own ? { "x-risc0-version": risc0Version } : {}),
          ...(method === "POST" ? { "Content-Type": "application/json" } : {}),
        },
        ...(body === undefined ? {} : { body }),
        maxBytes,
        maxRedirects: 0,
        timeoutMs: requestMs + largeBytes / bytesPerMs,
        signal,
        // The operator's own machine may be anywhere, but inputs don't cross the internet in clear.
        allow: url.protocol === "https:" ? anyAddress : (address) => !isPublicAddress(address),
      });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TooLargeError) throw unusable(`answers more than ${maxBytes} bytes`);
      if (error instanceof SafeFetchError && error.kind === "failed") return undefined;
      throw unusable("is at a public address, where inputs are sent by https only");
    }
  }
}

type Method = "GET" | "POST" | "PUT";
interface Request {
  readonly body?: Uint8Array;
  readonly maxBytes?: number;
  readonly signal: AbortSignal;
}

function httpUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const usable = /^https?:$/.test(url.protocol) && !url.username && !url.password;
  return usable ? url : undefined;
}

/** The URL to ask for one that a service at `base` named; undefined when it is of no such origin. */
export function followable(
  text: string,
  base: URL,
  origins: ReadonlySet<string>,
): URL | undefined {
  const url = httpUrl(text);
  if (!url) return undefined;
  // Bento always writes http, also behind a proxy that speaks https.
  if (url.protocol === "http:" && url.host === base.host) url.protocol = base.protocol;
  return origins.has(url.origin) ? url : undefined;
}

const isSuccess = (status: number) => status >= 200 && status < 300;

function succeeded(status: number): void {
  if (isSuccess(status)) return;
  if (status === 401 || status === 403) throw unusable(`refuses this node's key: status ${status}`);
  const redirects = status >= 300 && status < 400;
  throw unusable(`${redirects ? "redirects, which is not followed" : "answers"}: status ${status}`);
}

function parsed<T>({ status, body }: SafeResponse, schema: z.ZodType<T>): T {
  succeeded(status);
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    // What was wrong is not told: the answer may name the input.
    throw unusable("gives an answer that is not of its API");
  }
}

/** Seconds only; a date says no more than our own back-off. */
function retryAfterMs(response: SafeResponse | undefined): number {
  const text = response?.headers.get("retry-after") ?? "";
  return /^\d{1,6}$/.test(text) ? Math.min(Number(text) * 1000, longestRetryAfterMs) : 0;
}
