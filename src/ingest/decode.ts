/** Bodies in the forms that gateways and small devices send. */
import { gunzip } from "node:zlib";
import { decode } from "cborg";
import { describeIssue } from "../protocol/schema.ts";
import { type MessageRequest, parseMessage, parseMessages, RequestError } from "./message.ts";
import { cborMessageSchema } from "./schema.ts";

/** What `Content-Type` says; all that is not another form is JSON, as in the original. */
export type Form = "json" | "ndjson" | "cbor";

const forms: Readonly<Record<string, Form>> = {
  "application/cbor": "cbor",
  "application/x-ndjson": "ndjson",
  "application/ndjson": "ndjson",
  "application/jsonl": "ndjson",
};

export function formOf(request: Request): Form {
  const type = request.headers.get("content-type");
  if (type === null) return "json";
  return forms[type.split(";", 1)[0]?.trim().toLowerCase() ?? ""] ?? "json";
}

/** Whether a body must be unpacked. @throws {RequestError} 415 for what can't be */
export function isGzip(request: Request): boolean {
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  if (encoding === "" || encoding === "identity") return false;
  if (encoding === "gzip" || encoding === "x-gzip") return true;
  throw new RequestError(415, "Content-Encoding: only gzip is taken");
}

/** @throws {RequestError} 413 as soon as more than `most` bytes come out */
export function gunzipped(body: Uint8Array, most: number): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => {
    gunzip(body, { maxOutputLength: most }, (error, result) => {
      if (!error) return resolve(new Uint8Array(result));
      const tooLarge = (error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE";
      reject(
        tooLarge
          ? new RequestError(413, `the body must have at most ${most} bytes, unpacked`)
          : new RequestError(400, "the body is not gzip, as its Content-Encoding says"),
      );
    });
  });
}

/** @throws {RequestError} */
export function decodeMessage(body: string | Uint8Array, form: Form): MessageRequest {
  if (typeof body === "string") return parseMessage(body);
  return form === "cbor" ? cborMessage(cbor(body)) : parseMessage(utf8(body));
}

/** @throws {RequestError} when the body is no list of at most `most` messages */
export function decodeMessages(
  body: string | Uint8Array,
  form: Form,
  most: number,
): (MessageRequest | RequestError)[] {
  if (form === "cbor" && typeof body !== "string") {
    const list = cbor(body);
    if (!Array.isArray(list)) {
      throw new RequestError(400, "the body must be a CBOR array of messages");
    }
    if (list.length > most) throw tooMany(most);
    return list.map((item) => orError(() => cborMessage(item)));
  }
  const text = typeof body === "string" ? body : utf8(body);
  return form === "ndjson" ? lines(text, most) : parseMessages(text, most);
}

const tooMany = (most: number) =>
  new RequestError(400, `the body must have at most ${most} messages`);

const decoder = new TextDecoder();
/** As `Request.text()` decodes. */
const utf8 = (body: Uint8Array): string => decoder.decode(body);

function lines(text: string, most: number): (MessageRequest | RequestError)[] {
  const found = text.split("\n").filter((line) => line.trim() !== "");
  if (found.length > most) throw tooMany(most);
  return found.map((line) => orError(() => parseMessage(line)));
}

function orError(parse: () => MessageRequest): MessageRequest | RequestError {
  try {
    return parse();
  } catch (error) {
    if (error instanceof RequestError) return error;
    throw error;
  }
}

function cbor(body: Uint8Array): unknown {
  try {
    return decode(body, { useMaps: true, rejectDuplicateMapKeys: true });
  } catch {
    // Also what is nested so deeply that it would exhaust the stack.
    throw new RequestError(400, "the body is not CBOR, as its Content-Type says");
  }
}

function cborMessage(value: unknown): MessageRequest {
  if (!(value instanceof Map)) throw new RequestError(400, "a message must be a CBOR map");
  const parsed = cborMessageSchema.safeParse(Object.fromEntries(value));
  if (!parsed.success) throw new RequestError(400, describeIssue(parsed.error));
  const { projectID, projectVersion, data, signature, device, time, nonce } = parsed.data;
  return {
    projectId: projectID,
    version: projectVersion,
    data: typeof data === "string" ? data.toWellFormed() : data,
    signature: signature || undefined,
    device,
    time,
    nonce,
  };
}
