/** Values of settings, as text. */
import { Buffer } from "node:buffer";
import { z } from "zod";
import { didPattern } from "./project/auth.ts";

export const integer = (min: number, max: number) =>
  z.string().regex(/^\d+$/, "must be a whole number").transform(Number)
    .refine((n) => n >= min && n <= max, `must be from ${min} to ${max}`);

export const url = z.string().refine(
  (s) => URL.canParse(s) && /^https?:$/.test(new URL(s).protocol),
  "must be an http(s) URL",
);

/** Below which the service's routes are; a key does not belong in it. */
export const serviceUrl = url.pipe(
  z.string().refine((s) => {
    const { username, password, search, hash } = new URL(s);
    return !username && !password && !search && !hash;
  }, "must be an http(s) URL without user, password, query and fragment"),
);

/** `projectId=secret` pairs, separated by commas; a project may have several, while one is replaced. */
export const jwtSecrets = z.string().transform((text, ctx) => {
  const map = new Map<bigint, Uint8Array[]>();
  for (const pair of text.split(",").map((s) => s.trim()).filter(Boolean)) {
    const match = /^(\d{1,20})=([\w-]+)$/.exec(pair);
    const secret = Buffer.from(match?.[2] ?? "", "base64url");
    // RFC 7518: a key of HS256 is as long as its hash.
    if (!match?.[1] || secret.length < 32) {
      ctx.addIssue({
        code: "custom",
        message: "must be projectId=secret pairs separated by commas, secrets at least 32 bytes " +
          "in base64url",
      });
      return z.NEVER;
    }
    const id = BigInt(match[1]);
    map.set(id, [...map.get(id) ?? [], new Uint8Array(secret)]);
  }
  return map;
});

/** Separated by commas. */
export const dids = z.string().transform((text) =>
  text.split(",").map((s) => s.trim()).filter(Boolean)
)
  .pipe(z.array(z.string().max(256).regex(didPattern, "must be DIDs separated by commas")));

const isOrigin = (text: string) =>
  text === "*" ||
  (/^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text);

/** Separated by commas; `*` is any. */
export const origins = z.string().transform((text) =>
  text.split(",").map((s) => s.trim()).filter(Boolean)
).refine(
  (list) => list.every(isOrigin),
  "must be origins such as https://app.example separated by commas, or *",
);

/** The names of the standard. */
export const otelSamplers = [
  ...["always_on", "always_off", "traceidratio"] as const,
  ...["parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"] as const,
] as const;

/** `name=value` pairs, separated by commas, the values percent-encoded. */
export const otlpHeaders = z.string().transform((text, ctx) => {
  const headers: Record<string, string> = {};
  for (const pair of text.split(",").map((s) => s.trim()).filter(Boolean)) {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*([\x20-\x7e]*)$/.exec(pair);
    const value = match?.[2] === undefined ? undefined : decoded(match[2]);
    if (!match?.[1] || value === undefined || !/^[\x20-\x7e]*$/.test(value)) {
      ctx.addIssue({ code: "custom", message: "must be name=value pairs separated by commas" });
      return z.NEVER;
    }
    headers[match[1]] = value;
  }
  return headers;
});

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // Not percent-encoded.
  }
}

export const mqttUrl = z.string().refine(
  (s) => URL.canParse(s) && /^(mqtts?|wss?):$/.test(new URL(s).protocol),
  "must be an mqtt, mqtts, ws or wss URL",
);

/** MQTT 5, 4.7.1. */
export const topicFilter = z.string().min(1).max(1000).refine(
  (s) =>
    !s.includes("\0") &&
    s.split("/").every((level, i, all) =>
      !/[+#]/.test(level) || level === "+" || (level === "#" && i === all.length - 1)
    ),
  "must be a topic filter: + is any level, and # at the end all further ones",
);
