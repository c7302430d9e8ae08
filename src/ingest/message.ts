import { type Json, parseGoJson } from "./go_json.ts";

/** The body of `POST /message`, decoded. */
export interface MessageRequest {
  readonly projectId: bigint;
  readonly version: string;
  /** Bytes only from a CBOR body. */
  readonly data: string | Uint8Array;
  /** The successor's field; undefined when absent or empty. */
  readonly signature: string | undefined;
  /** What a device signs beside the original's fields; undefined when absent or of another type. */
  readonly device?: string | undefined;
  /** Seconds since 1970 by the device's clock. */
  readonly time?: number | undefined;
  readonly nonce?: string | undefined;
}

/** A request that can't be taken; the message goes to the client and never contains its data. */
export class RequestError extends Error {
  /**
   * @param reason why a sender is not admitted, for the metrics
   * @param retryAfterSeconds for 429 and 503
   */
  constructor(
    readonly status: 400 | 401 | 403 | 404 | 408 | 409 | 413 | 415 | 429 | 503,
    message: string,
    readonly reason?: string,
    readonly retryAfterSeconds = 1,
  ) {
    super(message);
    this.name = "RequestError";
  }
}

const bad = (message: string): RequestError => new RequestError(400, message);

const uint64 = 1n << 64n;

/** Field names match in any case, as in Go. */
const fields = { projectid: "projectID", projectversion: "projectVersion", data: "data" } as const;
const extras = { device: "device", time: "time", nonce: "nonce" } as const;
const names: Readonly<
  Record<string, "projectID" | "projectVersion" | "data" | "signature" | keyof typeof extras>
> = { ...fields, signature: "signature", ...extras };

/** Fields that the original ignores: what is no device's is left out, not refused. */
interface Extras {
  device?: string;
  time?: number;
  nonce?: string;
}

function addExtra(extra: Extras, name: keyof typeof extras, value: unknown): void {
  if (name === "time") {
    if (Number.isSafeInteger(value) && (value as number) >= 0) extra.time = value as number;
  } else if (typeof value === "string" && value !== "") extra[name] = value;
}

/**
 * Decodes a body as the original does, with its texts for what is wrong.
 *
 * @throws {RequestError}
 */
export function parseMessage(text: string): MessageRequest {
  return quick(parsed(text)) ?? careful(tree(text));
}

/**
 * Decodes a body of many messages: each is a request or what is wrong with it.
 *
 * @throws {RequestError} when the body is no array of at most `most` values
 */
export function parseMessages(text: string, most: number): (MessageRequest | RequestError)[] {
  const values = parsed(text);
  const items = Array.isArray(values) ? values.map(quick) : [];
  if (Array.isArray(values) && values.length <= most && !items.includes(undefined)) {
    return items as MessageRequest[];
  }
  const body = tree(text);
  if (body.type !== "array") throw bad("the body must be a JSON array of messages");
  if (body.items.length > most) throw bad(`the array must have at most ${most} messages`);
  return body.items.map((item) => {
    try {
      return careful(item);
    } catch (error) {
      if (error instanceof RequestError) return error;
      throw error;
    }
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // `tree` says what is wrong, or that only the end is.
    return undefined;
  }
}

function tree(text: string): Json {
  try {
    return parseGoJson(text);
  } catch (error) {
    throw bad((error as Error).message);
  }
}

/** The request, if nothing about the value needs a second look. */
function quick(value: unknown): MessageRequest | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  let projectId: unknown, version: unknown, data: unknown, signature: unknown;
  const extra: Extras = {};
  for (const key in value) {
    const field = (value as Record<string, unknown>)[key];
    const name = names[key] ?? names[key.toLowerCase()] ?? key;
    if (name === "projectID") projectId = field;
    else if (name === "projectVersion") version = field;
    else if (name === "data") data = field;
    else if (name === "signature") signature = field;
    else if (name === "device" || name === "time" || name === "nonce") addExtra(extra, name, field);
  }
  // Larger numbers have lost digits by now.
  if (!Number.isSafeInteger(projectId) || (projectId as number) < 1) return undefined;
  if (typeof version !== "string" || version === "") return undefined;
  if (typeof data !== "string" || data === "") return undefined;
  if (signature !== undefined && typeof signature !== "string") return undefined;
  return {
    projectId: BigInt(projectId as number),
    version,
    data,
    signature: signature || undefined,
    ...extra,
  };
}

function careful(body: Json): MessageRequest {
  const go = { projectID: 0n, projectVersion: "", data: "", signature: "" };
  const extra: Extras = {};
  if (body.type !== "object" && body.type !== "null") {
    throw bad(
      `json: cannot unmarshal ${body.type} into Go value of type apitypes.HandleMessageReq`,
    );
  }
  for (const [key, value] of body.type === "object" ? body.entries : []) {
    const name = names[key.toLowerCase()];
    if (name === undefined || value.type === "null") continue;
    if (name === "device" || name === "time" || name === "nonce") {
      addExtra(extra, name, plain(value));
    } else if (name === "projectID") go.projectID = asUint64(value);
    else if (value.type === "string") go[name] = value.value.toWellFormed();
    else throw mismatch(value.type, name, "string");
  }
  const missing = [
    ...(go.projectID === 0n ? ["ProjectID"] : []),
    ...(go.projectVersion === "" ? ["ProjectVersion"] : []),
    ...(go.data === "" ? ["Data"] : []),
  ];
  if (missing.length > 0) {
    throw bad(
      missing.map((field) =>
        `Key: 'HandleMessageReq.${field}' Error:Field validation for '${field}' failed on the ` +
        `'required' tag`
      ).join("\n"),
    );
  }
  return {
    projectId: go.projectID,
    version: go.projectVersion,
    data: go.data,
    signature: go.signature || undefined,
    ...extra,
  };
}

const plain = (value: Json): unknown => {
  if (value.type === "string") return value.value;
  return value.type === "number" ? Number(value.text) : undefined;
};

function asUint64(value: Json): bigint {
  if (value.type !== "number") throw mismatch(value.type, "projectID", "uint64");
  const number = /^\d+$/.test(value.text) ? BigInt(value.text) : uint64;
  if (number >= uint64) throw mismatch(`number ${value.text}`, "projectID", "uint64");
  return number;
}

const mismatch = (what: string, field: string, type: string): RequestError =>
  bad(
    `json: cannot unmarshal ${what} into Go struct field HandleMessageReq.${field} of type ${type}`,
  );
