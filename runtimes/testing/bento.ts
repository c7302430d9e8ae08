/**
 * A prover service with Bento's routes on a loopback port. It proves by a function that it is given,
 * keeps what it is sent in memory, and fails in the ways that its switches say.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface BentoProving {
  /** Bincode of a risc0 `Receipt`; what it throws becomes the session's `error_msg`. */
  prove(binary: Uint8Array, stdin: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /** A Groth16 receipt of such a receipt; without it snarks fail. */
  wrap?(receipt: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /** The image id of a program, hex; without it any is believed. */
  imageIdOf?(binary: Uint8Array): Promise<string>;
}

/** Switches; `paths` of requests are matched with `METHOD /path`. */
export interface BentoFaults {
  /** The next so many requests are answered with a status. */
  answers?: { paths: RegExp; status: number; times: number; retryAfter?: number };
  /** Answers take this long. */
  slow?: { paths: RegExp; ms: number };
  /** Answers send elsewhere. */
  redirect?: { paths: RegExp; to: string };
  /** Bodies that are no answer of the API. */
  garbage?: { paths: RegExp; body: string };
  /** Receipts are these bytes, whatever was proved. */
  receipt?: Uint8Array;
  /** Origin of the URLs in answers. */
  origin?: string;
  /** Bento has no route to stop a session; its predecessor had. */
  stopRoute?: boolean;
}

interface Job {
  readonly kind: "session" | "snark";
  /** Who may see it: the API key. */
  readonly user: string;
  readonly abort: AbortController;
  status: "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED";
  state?: string;
  error?: string;
  receipt?: Uint8Array;
}

export interface BentoRequest {
  /** `METHOD /path` */
  readonly line: string;
  readonly headers: IncomingMessage["headers"];
}

type Answer = { status: number; json?: unknown; bytes?: Uint8Array };
type Handler = (params: string[], request: BentoRequest, body: Uint8Array) => Promise<Answer>;

const id = "([0-9a-f-]{36})";

export class BentoServer {
  readonly images = new Map<string, Uint8Array>();
  readonly inputs = new Map<string, Uint8Array>();
  readonly jobs = new Map<string, Job>();
  readonly requests: BentoRequest[] = [];
  faults: BentoFaults = {};
  #server: Server | undefined;
  #port = 0;
  readonly #routes: readonly (readonly [RegExp, Handler])[];

  private constructor(private readonly proving: BentoProving) {
    const image = "([^/]+)";
    const routes: [string, Handler][] = [
      [`GET /images/upload/${image}`, async ([name = ""]) => this.#offerImage(name)],
      [`PUT /images/upload/${image}`, ([name = ""], _, body) => this.#putImage(name, body)],
      ["GET /inputs/upload", async () => {
        const uuid = randomUUID();
        return ok({ url: this.#url(`/inputs/upload/${uuid}`), uuid });
      }],
      [`PUT /inputs/upload/${id}`, async ([name = ""], _, body) => {
        if (this.inputs.has(name)) return { status: 204 };
        this.inputs.set(name, body);
        return { status: 200 };
      }],
      ["POST /sessions/create", (_, request, body) => this.#createSession(request, body)],
      ["POST /snark/create", (_, request, body) => this.#createSnark(request, body)],
      [
        `GET /sessions/status/${id}`,
        async ([name = ""], request) => this.#status("session", name, request),
      ],
      [
        `GET /snark/status/${id}`,
        async ([name = ""], request) => this.#status("snark", name, request),
      ],
      [`GET /receipts/(?:stark|groth16)/receipt/${id}`, async ([name = ""]) => this.#receipt(name)],
      [`GET /sessions/stop/${id}`, async ([name = ""]) => this.#stop(name)],
    ];
    this.#routes = routes.map(([line, handler]) => [new RegExp(`^${line}$`), handler]);
  }

  static async start(proving: BentoProving): Promise<BentoServer> {
    const server = new BentoServer(proving);
    await server.listen();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** How often a request was made. */
  count(paths: RegExp): number {
    return this.requests.filter(({ line }) => paths.test(line)).length;
  }

  /** Starts to listen, after `unplug` at the port it had. Jobs went on meanwhile. */
  async listen(): Promise<void> {
    const server = createServer((request, response) => void this.#serve(request, response));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port, "127.0.0.1", resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Drops its connections and takes no more. */
  async unplug(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  async close(): Promise<void> {
    for (const { abort } of this.jobs.values()) abort.abort();
    await this.unplug();
  }

  /** Sets what a job's status says, in place of what its proof will come to. */
  setJobs(change: Partial<Pick<Job, "status" | "state" | "error">>): void {
    for (const job of this.jobs.values()) Object.assign(job, change);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const chunks: Uint8Array[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const line = `${request.method} ${request.url}`;
      const seen = { line, headers: request.headers };
      this.requests.push(seen);
      if (this.#misbehaves(line, response)) return;
      const { slow } = this.faults;
      if (slow?.paths.test(line)) await new Promise((resolve) => setTimeout(resolve, slow.ms));
      const { status, json, bytes } = await this.#answer(seen, Buffer.concat(chunks));
      const body = bytes ?? (json === undefined ? "" : JSON.stringify(json));
      const type = json === undefined ? "application/octet-stream" : "application/json";
      response.writeHead(status, { "Content-Type": type }).end(body);
    } catch {
      // The client went away.
      response.destroy();
    }
  }

  #misbehaves(line: string, response: ServerResponse): boolean {
    const { answers, redirect, garbage } = this.faults;
    if (answers && answers.times > 0 && answers.paths.test(line)) {
      answers.times--;
      const { status, retryAfter } = answers;
      response.writeHead(status, retryAfter === undefined ? {} : { "Retry-After": retryAfter });
      response.end();
      return true;
    }
    if (redirect?.paths.test(line)) {
      response.writeHead(302, { Location: redirect.to }).end();
      return true;
    }
    if (garbage?.paths.test(line)) {
      response.writeHead(200, { "Content-Type": "application/json" }).end(garbage.body);
      return true;
    }
    return false;
  }

  async #answer(request: BentoRequest, body: Uint8Array): Promise<Answer> {
    for (const [pattern, handler] of this.#routes) {
      const match = pattern.exec(request.line);
      if (match) return await handler(match.slice(1), request, body);
    }
    return { status: 404 };
  }

  #url(path: string): string {
    return `${this.faults.origin ?? this.url}${path}`;
  }

  #offerImage(name: string): Answer {
    if (this.images.has(name)) return { status: 204 };
    return ok({ url: this.#url(`/images/upload/${name}`) });
  }

  async #putImage(name: string, body: Uint8Array): Promise<Answer> {
    if (this.images.has(name)) return { status: 204 };
    const computed = await this.proving.imageIdOf?.(body) ?? name;
    if (computed !== name) return refusal(400, "ImageIdMismatch");
    this.images.set(name, body);
    return { status: 200 };
  }

  async #createSession(request: BentoRequest, body: Uint8Array): Promise<Answer> {
    const { img, input, assumptions, execute_only: executeOnly } = parse(request, body);
    if (typeof img !== "string" || typeof input !== "string") return { status: 422 };
    if (!Array.isArray(assumptions) || typeof executeOnly !== "boolean") return { status: 422 };
    return this.#start("session", request, async (signal) => {
      const binary = this.images.get(img);
      const stdin = this.inputs.get(input);
      if (!binary || !stdin) throw new Error("object store: no such key");
      return await this.proving.prove(binary, stdin, signal);
    });
  }

  async #createSnark(request: BentoRequest, body: Uint8Array): Promise<Answer> {
    const { session_id: session } = parse(request, body);
    if (typeof session !== "string") return { status: 422 };
    return this.#start("snark", request, async (signal) => {
      const receipt = this.jobs.get(session)?.receipt;
      if (!receipt || !this.proving.wrap) throw new Error("groth16 compress failed");
      return await this.proving.wrap(receipt, signal);
    });
  }

  #start(
    kind: Job["kind"],
    request: BentoRequest,
    work: (signal: AbortSignal) => Promise<Uint8Array>,
  ): Answer {
    const uuid = randomUUID();
    const abort = new AbortController();
    const job: Job = { kind, user: userOf(request), abort, status: "RUNNING" };
    this.jobs.set(uuid, job);
    work(abort.signal).then((receipt) => {
      if (job.status === "RUNNING") Object.assign(job, { status: "SUCCEEDED", receipt });
    }, (error) => {
      if (job.status === "RUNNING") Object.assign(job, { status: "FAILED", error: String(error) });
    });
    return ok({ uuid });
  }

  #status(kind: Job["kind"], name: string, request: BentoRequest): Answer {
    const job = this.jobs.get(name);
    if (job?.kind !== kind || job.user !== userOf(request)) return refusal(500, "InternalErr");
    const { status, error: error_msg = null, state = "" } = job;
    const path = `/receipts/${kind === "session" ? "stark" : "groth16"}/receipt/${name}`;
    const url = status === "SUCCEEDED" ? this.#url(path) : null;
    return kind === "session"
      ? ok({ status, state, receipt_url: url, error_msg, elapsed_time: null, stats: null })
      : ok({ status, output: url, error_msg });
  }

  #receipt(name: string): Answer {
    const receipt = this.jobs.get(name)?.receipt;
    if (!receipt) return refusal(404, "ReceiptMissing");
    return { status: 200, bytes: this.faults.receipt ?? receipt };
  }

  #stop(name: string): Answer {
    const job = this.jobs.get(name);
    if (!this.faults.stopRoute || !job) return { status: 404 };
    job.status = "ABORTED";
    job.abort.abort();
    return { status: 200 };
  }
}

const ok = (json: unknown): Answer => ({ status: 200, json });
const refusal = (status: number, type: string): Answer => ({
  status,
  json: { type, msg: "internal error" },
});
const userOf = ({ headers }: BentoRequest) => String(headers["x-api-key"] ?? "default_user");

function parse({ headers }: BentoRequest, body: Uint8Array): Record<string, unknown> {
  if (headers["content-type"] !== "application/json") return {};
  return JSON.parse(new TextDecoder().decode(body));
}
