/** Keys, tokens, credentials and devices for the tests. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { base58btc } from "multiformats/bases/base58";

const url = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
const encode = (value: unknown) => url(new TextEncoder().encode(JSON.stringify(value)));
const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash("sha256").update(bytes).digest());

export interface Signer {
  readonly alg: string;
  readonly jwk: Readonly<Record<string, string>>;
  readonly did: string;
  /** Over the text's UTF-8, as JWS has it. */
  sign(text: string): Uint8Array;
}

/** By other code than what verifies. */
export function signer(
  alg: "EdDSA" | "ES256" | "ES256K",
  secret = new Uint8Array(32).fill(7),
): Signer {
  const bytesOf = (text: string) => new TextEncoder().encode(text);
  const did = (prefix: number[], key: Uint8Array) =>
    `did:key:${base58btc.encode(Uint8Array.from([...prefix, ...key]))}`;
  if (alg === "EdDSA") {
    const key = ed25519.getPublicKey(secret);
    return {
      alg,
      jwk: { kty: "OKP", crv: "Ed25519", x: url(key) },
      did: did([0xed, 1], key),
      sign: (text) => ed25519.sign(bytesOf(text), secret),
    };
  }
  const [curve, crv, prefix] = alg === "ES256"
    ? [p256, "P-256", [0x80, 0x24]] as const
    : [secp256k1, "secp256k1", [0xe7, 1]] as const;
  const key = curve.getPublicKey(secret, false);
  return {
    alg,
    jwk: { kty: "EC", crv, x: url(key.subarray(1, 33)), y: url(key.subarray(33)) },
    did: did([...prefix], curve.getPublicKey(secret, true)),
    sign: (text) => curve.sign(sha256(bytesOf(text)), secret, { prehash: false }),
  };
}

/** A JWS in compact form; nothing of it is checked. */
export function jws(header: object, payload: object, sign: (text: string) => Uint8Array): string {
  const text = `${encode(header)}.${encode(payload)}`;
  return `${text}.${url(sign(text))}`;
}

/** A token by a signer, with a header that may be changed. */
export const tokenOf = (by: Signer, payload: object, header: object = {}): string =>
  jws({ alg: by.alg, ...header }, payload, by.sign);
