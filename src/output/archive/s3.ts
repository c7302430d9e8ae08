import { createHash } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import { anyAddress, safeFetch, SafeFetchError, type SafeResponse } from "../../safe-fetch.ts";
import { OutputError } from "../output.ts";
import { printable } from "../printable.ts";
import { type ArchiveStore, taken } from "./index.ts";

export interface S3Settings {
  /** Of the service, without the bucket. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** For one request and its answer, ms. */
  readonly timeoutMs?: number;
}

export interface S3Archive extends ArchiveStore {
  /** Asks for what is not there. @throws {OutputError} where the bucket or the key isn't either */
  probe(): Promise<void>;
}

/** Most bytes of an answer: a receipt that is there already. */
const answerBytes = 16 * 1024 * 1024;

/**
 * Receipts as objects of a bucket of an S3-compatible service. It is asked to refuse what would
 * replace an object, and checks the SHA-256 of what it gets, which the signature covers.
 */
export function s3Archive(settings: S3Settings): S3Archive {
  const { endpoint, bucket, region, timeoutMs = 20_000 } = settings;
  const { accessKeyId, secretAccessKey } = settings;
  const base = `${endpoint.replace(/\/$/, "")}/${bucket}`;

  async function request(
    method: "PUT" | "HEAD" | "GET",
    key: string,
    signal: AbortSignal,
    put: { body?: Uint8Array; headers?: Record<string, string> } = {},
  ): Promise<SafeResponse> {
    const { body = new Uint8Array() } = put;
    const url = `${base}/${key}`;
    const signed = await new AwsV4Signer({
      method,
      url,
      headers: {
        ...put.headers,
        "X-Amz-Content-Sha256": createHash("sha256").update(body).digest("hex"),
      },
      accessKeyId,
      secretAccessKey,
      service: "s3",
      region,
    }).sign();
    try {
      return await safeFetch(url, {
        method,
        headers: Object.fromEntries(signed.headers),
        ...(put.body ? { body: put.body } : {}),
        maxBytes: answerBytes,
        maxRedirects: 0,
        timeoutMs,
        signal,
        // The operator's own.
        allow: anyAddress,
      });
    } catch (error) {
      if (!(error instanceof SafeFetchError)) throw error;
      throw new OutputError("retry", "the archive does not answer", { cause: error });
    }
  }

  return {
    async put(key, file, signal) {
      const written = await request("PUT", key, signal, {
        body: file,
        headers: { "Content-Type": "application/json", "If-None-Match": "*" },
      });
      if (written.status === 412) {
        const there = await request("GET", key, signal);
        if (there.status !== 200) throw unwritten(there);
        if (!sameBytes(there.body, file)) throw taken(key);
      } else {
        if (written.status !== 200) throw unwritten(written);
        // A service that says it wrote is asked for what it has.
        const there = await request("HEAD", key, signal);
        if (there.status !== 200) throw unwritten(there);
        if (!isOf(there.headers, file)) {
          throw new OutputError("retry", "the archive has other bytes than it was given");
        }
      }
      return `s3://${bucket}/${key}`;
    },

    async probe() {
      const answer = await request("GET", "none", new AbortController().signal);
      // 403 is also what a key gets that may not list the bucket.
      const code = codeOf(answer);
      if (code === "NoSuchKey" || code === "AccessDenied" || answer.status === 200) return;
      throw unwritten(answer);
    },
  };
}

function isOf(headers: Headers, file: Uint8Array): boolean {
  const tag = headers.get("etag")?.replaceAll('"', "").toLowerCase() ?? "";
  // Where it is one: with some kinds of encryption it is no hash.
  const isHash = /^[0-9a-f]{32}$/.test(tag) &&
    !headers.get("x-amz-server-side-encryption")?.startsWith("aws:kms");
  if (isHash && tag !== createHash("md5").update(file).digest("hex")) return false;
  return Number(headers.get("content-length")) === file.length;
}

const sameBytes = (a: Uint8Array, b: Uint8Array) =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

/** What was answered, and what to look at. */
function unwritten(answer: SafeResponse): OutputError {
  const { status } = answer;
  const code = codeOf(answer);
  const said = code === undefined ? "" : ` ${printable(code)}`;
  const hint = status === 501 || code === "NotImplemented"
    ? ": it must know conditional writes (If-None-Match)"
    : status === 301 || status === 307 || code === "AuthorizationHeaderMalformed"
    ? ": is ARCHIVE_S3_REGION, or the endpoint, another region's?"
    : code === "RequestTimeTooSkewed"
    ? ": is this machine's clock right?"
    : status === 401 || status === 403
    ? ": may the key read and write the bucket?"
    : status === 404
    ? ": is ARCHIVE_S3_BUCKET there?"
    : "";
  return new OutputError("retry", `the archive answers HTTP ${status}${said}${hint}`);
}

function codeOf({ body }: SafeResponse): string | undefined {
  const text = new TextDecoder().decode(body.subarray(0, 4_096));
  return /<Code>([^<]{1,100})<\/Code>/.exec(text)?.[1];
}
