/** Public keys, and whether they made a signature. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { importJWK } from "jose";
import { base58btc } from "multiformats/bases/base58";
import { varint } from "multiformats";
import * as secp from "tiny-secp256k1";
import type { Address } from "viem";
import type { PublicJwk } from "../../project/auth.ts";
import { recoverAnySigner } from "../../secp256k1.ts";

/** Asymmetric algorithms of JWS; ES256K-R's signatures recover the key, as did:ethr has them. */
export type Algorithm = "EdDSA" | "ES256" | "ES256K" | "ES256K-R";

/** A key and the one algorithm that it is for: a token can't choose another. */
export interface PublicKey {
  readonly alg: Algorithm;
  readonly kid: string | undefined;
  verify(signed: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>): Promise<boolean>;
}

/** @throws for what is no point of the curve */
export async function keyOfJwk(jwk: PublicJwk, kid = jwk.kid): Promise<PublicKey> {
  if (jwk.crv === "secp256k1") {
    const point = new Uint8Array(65);
    point.set([4]);
    point.set(Buffer.from(jwk.x, "base64url"), 1);
    point.set(Buffer.from(jwk.y, "base64url"), 33);
    return secp256k1Key(point, kid);
  }
  const { kty, crv, x } = jwk;
  const alg = crv === "Ed25519" ? "EdDSA" : "ES256";
  const key = await importJWK(
    { kty, crv, x, ...("y" in jwk ? { y: jwk.y } : {}) },
    alg,
  ) as CryptoKey;
  const how = alg === "EdDSA" ? { name: "Ed25519" } : { name: "ECDSA", hash: "SHA-256" };
  return {
    alg,
    kid,
    verify: (signed, signature) => crypto.subtle.verify(how, key, signature, signed),
  };
}

function secp256k1Key(point: Uint8Array, kid: string | undefined): PublicKey {
  if (!secp.isPoint(point)) throw new Error("not a point of secp256k1");
  return {
    alg: "ES256K",
    kid,
    verify: async (signed, signature) =>
      signature.length === 64 && secp.verify(sha256(signed), point, signature),
  };
}

/** A key of which only the address is known. */
export const keyOfAddress = (address: Address, kid: string): PublicKey => ({
  alg: "ES256K-R",
  kid,
  verify: async (signed, signature) => {
    try {
      return recoverAnySigner(sha256(signed), signature) === address;
    } catch {
      return false;
    }
  },
});

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();

/** Multicodec numbers of compressed public keys. */
const codecs = { ed25519: 0xed, secp256k1: 0xe7, p256: 0x1200 } as const;

/**
 * The key of `publicKeyMultibase`, and of a did:key after its second colon.
 * @throws for other keys than Ed25519, P-256 and secp256k1
 */
export async function keyOfMultibase(text: string, kid: string): Promise<PublicKey> {
  if (text.length > 128) throw new Error("not a public key");
  const bytes = base58btc.decode(text);
  const [codec, length] = varint.decode(bytes);
  const raw = bytes.subarray(length);
  switch (codec) {
    case codecs.ed25519:
      return await keyOfJwk({
        kty: "OKP",
        crv: "Ed25519",
        x: Buffer.from(raw).toString("base64url"),
      }, kid);
    case codecs.secp256k1:
      if (raw.length !== 33) break;
      return secp256k1Key(raw, kid);
    case codecs.p256: {
      const { p256 } = await import("@noble/curves/nist.js");
      const { x, y } = p256.Point.fromBytes(raw).toAffine();
      const coordinate = (n: bigint) =>
        Buffer.from(n.toString(16).padStart(64, "0"), "hex").toString("base64url");
      return await keyOfJwk({ kty: "EC", crv: "P-256", x: coordinate(x), y: coordinate(y) }, kid);
    }
  }
  throw new Error("only Ed25519, P-256 and secp256k1 keys are known");
}

/** The one key of a did:key. @throws */
export function keyOfDidKey(did: string): Promise<PublicKey> {
  const text = did.slice("did:key:".length);
  return keyOfMultibase(text, `${did}#${text}`);
}

/** The did:key of an Ed25519 public key. */
export function didKeyOf(ed25519: Uint8Array): string {
  const bytes = new Uint8Array(34);
  varint.encodeTo(codecs.ed25519, bytes);
  bytes.set(ed25519, 2);
  return `did:key:${base58btc.encode(bytes)}`;
}
