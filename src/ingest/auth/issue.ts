/** `POST /sign_credential`: what the original had a DIDKit server do. */
import { Buffer } from "node:buffer";
import { ed25519 } from "@noble/curves/ed25519.js";
import { importJWK, SignJWT } from "jose";
import { type Hex, hexToBytes } from "viem";
import { z } from "zod";
import { didPattern } from "../../project/auth.ts";
import { describeIssue } from "../../protocol/schema.ts";
import { RequestError } from "../message.ts";
import { checkToken } from "../token.ts";
import { didKeyOf } from "./keys.ts";

/** Largest request for a credential. */
export const maxCredentialBytes = 32 * 1024;

const date = z.iso.datetime({ offset: true, error: "must be a time such as 2026-01-31T12:00:00Z" });
const did = z.string().max(256).regex(didPattern, "must be a DID");

/** The body: a credential without its proof. What else it holds is signed as it is. */
export const credentialRequestSchema = z.object({
  credential: z.looseObject({
    "@context": z.array(z.unknown()).max(20),
    type: z.array(z.string().max(256)).max(20)
      .refine((types) => types.includes("VerifiableCredential"), "must have VerifiableCredential"),
    id: z.string().max(256).optional(),
    issuer: z.string().max(256).optional(),
    issuanceDate: date.optional(),
    expirationDate: date.optional(),
    credentialSubject: z.looseObject({ id: did }),
  }),
  options: z.unknown().optional(),
});

export interface IssuerOptions {
  /** Ed25519. */
  readonly privateKey: Hex;
  /** DIDs that get credentials. */
  readonly clients: readonly string[];
  /** What a request must show; undefined: anybody who reaches this node may ask. */
  readonly token: string | undefined;
  readonly now?: () => number;
}

export interface Issuer {
  /** The did:key that projects name as a credential's issuer. */
  readonly did: string;
  /** @returns the credential as a JWT. @throws {RequestError} */
  sign(request: Request, body: string): Promise<string>;
}

/** Seconds of a credential that does not say when it expires. */
const defaultLife = 30 * 86_400;
const maxLife = 366 * 86_400;

export async function createIssuer(options: IssuerOptions): Promise<Issuer> {
  const { privateKey, clients, token, now = Date.now } = options;
  const secret = hexToBytes(privateKey);
  const point = ed25519.getPublicKey(secret);
  const did = didKeyOf(point);
  const url = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
  const key = await importJWK(
    { kty: "OKP", crv: "Ed25519", x: url(point), d: url(secret) },
    "EdDSA",
  );
  const kid = `${did}#${did.slice("did:key:".length)}`;
  return {
    did,
    async sign(request, body) {
      if (token !== undefined) checkToken(request, token);
      const { credential } = parse(body);
      const { credentialSubject: { id: subject }, issuer } = credential;
      if (issuer !== undefined && issuer !== "" && issuer !== did) {
        throw new RequestError(400, `credential.issuer: must be ${did}, which this enode signs as`);
      }
      if (!clients.includes(subject)) {
        throw new RequestError(403, `failed to create session: client did not exists: ${subject}`);
      }
      const issued = seconds(credential.issuanceDate) ?? Math.floor(now() / 1000);
      const expires = seconds(credential.expirationDate) ?? issued + defaultLife;
      if (expires * 1000 <= now() || expires - issued > maxLife) {
        throw new RequestError(
          400,
          "credential.expirationDate: must be within a year, and not past",
        );
      }
      const vc = { ...credential, issuer: did };
      const jwt = new SignJWT({ vc }).setProtectedHeader({ alg: "EdDSA", typ: "JWT", kid })
        .setIssuer(did).setSubject(subject).setNotBefore(issued).setExpirationTime(expires);
      if (credential.id) jwt.setJti(credential.id);
      return await jwt.sign(key);
    },
  };
}

const seconds = (text: string | undefined) =>
  text === undefined ? undefined : Math.floor(Date.parse(text) / 1000);

function parse(body: string): z.output<typeof credentialRequestSchema> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new RequestError(400, "the body must be JSON");
  }
  const parsed = credentialRequestSchema.safeParse(json);
  if (!parsed.success) throw new RequestError(400, describeIssue(parsed.error));
  return parsed.data;
}
