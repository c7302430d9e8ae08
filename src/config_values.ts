/** Values of settings about who uses the HTTP API, as text. */
import { Buffer } from "node:buffer";
import { z } from "zod";
import { didPattern } from "./project/auth.ts";

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
