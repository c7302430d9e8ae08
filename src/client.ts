/**
 * A client of an enode's HTTP API: `new EnodeClient("http://127.0.0.1:9000").send({ … })`.
 * Answers are checked by the schemas of which the API's OpenAPI document is made.
 */
import { z } from "zod";
import {
  enodeConfigSchema,
  errorSchema,
  messageAnswerSchema,
  messagesAnswerSchema,
  messageStatusSchema,
  stateSchema,
  taskStatusSchema,
} from "./ingest/schema.ts";
import { eventsOf } from "./sse.ts";

/** One entry of a message's or task's life. */
export type State = z.output<typeof stateSchema>;
export type MessageStatus = z.output<typeof messageStatusSchema>;
export type TaskStatus = z.output<typeof taskStatusSchema>;
export type EnodeConfig = z.output<typeof enodeConfigSchema>;
export type Sent = z.output<typeof messagesAnswerSchema>["messages"][number];

export interface OutgoingMessage {
  readonly projectId: bigint | number;
  readonly version: string;
  readonly data: string;
  /** Of a device: see `auth` in the README. */
  readonly signature?: string;
  readonly device?: string;
  readonly time?: number;
  readonly nonce?: string;
}

export interface ClientOptions {
  /** Shown as `Authorization: Bearer`. */
  readonly token?: string | undefined;
  /** For a request and its answer, not for `watch`. Default 30 s. */
  readonly timeoutMs?: number;
}

export interface SendOptions {
  /** Posted again with the same key, it is one message. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal | undefined;
}

/** The enode's answer is an error, or none that can be used. */
export class EnodeError extends Error {
  constructor(
    /** 0: no answer. */
    readonly status: number,
    /** The enode's own words. */
    readonly reason: string,
    /** When it may be tried again, where the enode says so. */
    readonly retryAfterSeconds?: number,
    options?: ErrorOptions,
  ) {
    super(status === 0 ? reason : `${status}: ${reason}`, options);
    this.name = "EnodeError";
  }
}

/** States after which none follows. */
export const isLast = ({ state }: Pick<State, "state">): boolean =>
  state === "outputted" || state === "failed";

const maxReconnects = 10;

/** All of its methods throw `EnodeError`. */
export class EnodeClient {
  readonly #url: URL;

  constructor(url: string, private readonly options: ClientOptions = {}) {
    this.#url = new URL(url.endsWith("/") ? url : `${url}/`);
  }

  /** Resolves when the message is durable. */
  async send(message: OutgoingMessage, options: SendOptions = {}): Promise<string> {
    const { messageID } = await this.request(messageAnswerSchema, "message", {
      ...posting(textOf(message), options),
    });
    return messageID;
  }

  /** An answer a message, in their order; those that were not stored say why. */
  async sendMany(messages: readonly OutgoingMessage[], options: SendOptions = {}): Promise<Sent[]> {
    const body = `[${messages.map(textOf).join()}]`;
    const { response, text } = await this.#answer("messages", posting(body, options));
    // Also where all were refused.
    if (!response.ok && !text.startsWith('{"messages"')) throw failureOf(response, text);
    return parsed(messagesAnswerSchema, response.status, text).messages;
  }

  message(id: string): Promise<MessageStatus> {
    return this.request(messageStatusSchema, `message/${encodeURIComponent(id)}`);
  }

  /** By the enode's number of it, or by its 32-byte id. */
  task(projectId: bigint, task: string): Promise<TaskStatus> {
    return this.request(taskStatusSchema, `task/${projectId}/${encodeURIComponent(task)}`);
  }

  config(): Promise<EnodeConfig> {
    return this.request(enodeConfigSchema, "enode_config");
  }

  /**
   * A message's states, from its first on and as they happen, until the last; it comes back where
   * the connection is lost.
   */
  async *watch(id: string, signal?: AbortSignal): AsyncGenerator<State> {
    const path = `message/${encodeURIComponent(id)}/events`;
    let told = "", lost = 0;
    while (true) {
      try {
        const headers = told === "" ? {} : { "last-event-id": told };
        const response = await this.#fetch(path, { headers, signal: signal ?? null });
        if (response.status === 204) return;
        if (!response.ok) throw failureOf(response, await response.text());
        for await (const { id, data } of eventsOf(response)) {
          const state = parsed(stateSchema, response.status, data);
          [told, lost] = [id, 0];
          yield state;
          if (isLast(state)) return;
        }
      } catch (error) {
        signal?.throwIfAborted();
        const isTransient = !(error instanceof EnodeError) || error.status === 0 ||
          error.status === 503;
        if (!isTransient || lost >= maxReconnects) throw error;
      }
      lost++;
      await new Promise((resolve) => setTimeout(resolve, Math.min(5000, 100 * 2 ** lost)));
      signal?.throwIfAborted();
    }
  }

  /** Any route. */
  async request<T extends z.ZodType>(
    schema: T,
    path: string,
    init: RequestInit = {},
  ): Promise<z.output<T>> {
    const { response, text } = await this.#answer(path, init);
    if (!response.ok) throw failureOf(response, text);
    return parsed(schema, response.status, text);
  }

  async #answer(path: string, init: RequestInit) {
    const timeout = AbortSignal.timeout(this.options.timeoutMs ?? 30_000);
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
    const response = await this.#fetch(path, { ...init, signal });
    return { response, text: await response.text() };
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const { token } = this.options;
    const headers = new Headers(init.headers);
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    try {
      return await fetch(new URL(path.replace(/^\//, ""), this.#url), { ...init, headers });
    } catch (error) {
      if (init.signal?.aborted && !isTimeout(init.signal.reason)) throw init.signal.reason;
      throw new EnodeError(0, `no enode answers at ${this.#url.origin}`, undefined, {
        cause: error,
      });
    }
  }
}

const isTimeout = (reason: unknown) => (reason as { name?: string })?.name === "TimeoutError";

// Spelt out, because project ids may exceed what a JSON number holds in JavaScript.
const textOf = ({ projectId, version, data, ...rest }: OutgoingMessage): string =>
  `{"projectID":${projectId},"projectVersion":${JSON.stringify(version)},` +
  JSON.stringify({ data, ...rest }).slice(1);

const posting = (body: string, { idempotencyKey, signal }: SendOptions): RequestInit => ({
  method: "POST",
  body,
  headers: {
    "content-type": "application/json",
    ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
  },
  ...(signal ? { signal } : {}),
});

function parsed<T extends z.ZodType>(schema: T, status: number, text: string): z.output<T> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new EnodeError(status, "the answer is none of an enode", undefined, { cause: error });
  }
}

function failureOf(response: Response, text: string): EnodeError {
  const retry = Number(response.headers.get("retry-after"));
  return new EnodeError(
    response.status,
    reasonIn(text) ?? (response.statusText || "error"),
    retry > 0 ? retry : undefined,
  );
}

function reasonIn(text: string): string | undefined {
  try {
    return errorSchema.safeParse(JSON.parse(text)).data?.error;
  } catch {
    return undefined;
  }
}
