/** What keys a DID's document names for assertions (credentials). */
import { type Address, getAddress, isAddress } from "viem";
import { z } from "zod";
import { jwkSchema } from "../../project/auth.ts";
import { anyAddress, safeFetch, SafeFetchError, type SafeFetchOptions } from "../../safe-fetch.ts";
import { keyOfAddress, keyOfDidKey, keyOfJwk, keyOfMultibase, type PublicKey } from "./keys.ts";

/** The document can't be had, or not used; the text goes to the client. */
export class DidError extends Error {
  constructor(readonly kind: "unusable" | "unavailable", message: string) {
    super(message);
    this.name = "DidError";
  }
}

export interface DidOptions {
  /** A universal resolver of the operator, for what is neither did:key nor did:web. */
  readonly resolver?: string | undefined;
  /** For tests: which addresses and certificates did:web documents may come from. */
  readonly fetch?: Pick<SafeFetchOptions, "allow" | "ca" | "resolve"> | undefined;
  readonly now?: () => number;
}

/** Milliseconds that keys are used before they are looked up again, so that a lost key ends. */
export const didTtlMs = 5 * 60_000;
/** The same for a document that could not be had. */
const failureTtlMs = 10_000;
const maxKnown = 1000;
const maxDocumentBytes = 64 * 1024;
const maxMethods = 20;

const methodSchema = z.object({
  id: z.string().max(512),
  publicKeyJwk: jwkSchema.optional(),
  publicKeyMultibase: z.string().max(128).optional(),
  /** CAIP-10, `eip155:<chain>:<address>`. */
  blockchainAccountId: z.string().max(128).optional(),
  ethereumAddress: z.string().max(64).optional(),
});
const documentSchema = z.object({
  id: z.string(),
  verificationMethod: z.array(z.unknown()).max(100).default([]),
  assertionMethod: z.array(z.unknown()).max(100).default([]),
});

export type DidKeys = (did: string) => Promise<readonly PublicKey[]>;

/**
 * Gives the keys of a DID; remembered for `didTtlMs`, asked once for many at a time. To be called
 * for DIDs that a project file trusts, never for one that a stranger's token names.
 */
export function createDidKeys(options: DidOptions = {}): DidKeys {
  const { now = Date.now } = options;
  const known = new Map<string, { readonly keys: Promise<readonly PublicKey[]>; until: number }>();
  return (did) => {
    const found = known.get(did);
    if (found && found.until > now()) return found.keys;
    if (known.size >= maxKnown) known.clear();
    const entry = { keys: lookUp(did, options), until: now() + didTtlMs };
    entry.keys.catch(() => entry.until = Math.min(entry.until, now() + failureTtlMs));
    known.set(did, entry);
    return entry.keys;
  };
}

async function lookUp(did: string, options: DidOptions): Promise<readonly PublicKey[]> {
  if (did.startsWith("did:key:")) {
    try {
      return [await keyOfDidKey(did)];
    } catch {
      throw new DidError("unusable", `${did} is no Ed25519, P-256 or secp256k1 key`);
    }
  }
  const document = did.startsWith("did:web:")
    ? await fetched(did, webUrl(did), options.fetch ?? {})
    : await fetched(did, resolverUrl(did, options), { allow: anyAddress });
  const keys = await keysOf(did, document);
  if (keys.length === 0) {
    throw new DidError(
      "unusable",
      `the document of ${did} names no assertionMethod with a usable key`,
    );
  }
  return keys;
}

/** https://w3c-ccg.github.io/did-method-web/#read-resolve */
export function webUrl(did: string): string {
  const [host = "", ...path] = did.slice("did:web:".length).split(":").map(decode(did));
  const url = new URL(`https://${host}`);
  const isPath = path.every((part) => part !== "" && part !== "." && part !== "..");
  if (url.host !== host.toLowerCase() || url.pathname !== "/" || !isPath) {
    throw new DidError("unusable", `${did} names no host`);
  }
  const segments = path.length === 0 ? [".well-known"] : path.map(encodeURIComponent);
  return `${url.origin}/${segments.join("/")}/did.json`;
}

const decode = (did: string) => (part: string) => {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new DidError("unusable", `${did} is malformed`);
  }
};

function resolverUrl(did: string, { resolver }: DidOptions): string {
  if (resolver === undefined) {
    const method = did.split(":").slice(0, 2).join(":");
    throw new DidError(
      "unavailable",
      `this enode resolves did:key and did:web; its operator can set DID_RESOLVER for ${method}`,
    );
  }
  return `${resolver.replace(/\/$/, "")}/1.0/identifiers/${encodeURIComponent(did)}`;
}

async function fetched(
  did: string,
  url: string,
  how: Pick<SafeFetchOptions, "allow" | "ca" | "resolve">,
): Promise<z.output<typeof documentSchema>> {
  let text: string;
  try {
    const { status, body } = await safeFetch(url, {
      ...how,
      headers: { Accept: "application/did+json, application/did+ld+json, application/json" },
      maxBytes: maxDocumentBytes,
      timeoutMs: 10_000,
    });
    if (status !== 200) {
      throw new DidError("unavailable", `the document of ${did} can't be had: status ${status}`);
    }
    text = new TextDecoder().decode(body);
  } catch (error) {
    if (!(error instanceof SafeFetchError)) throw error;
    const kind = error.kind === "refused" ? "unusable" : "unavailable";
    throw new DidError(kind, `the document of ${did} can't be had: ${error.message}`);
  }
  try {
    const json = JSON.parse(text);
    // A universal resolver may put it beside what it says about the resolution.
    const document = documentSchema.parse(json?.didDocument ?? json);
    if (document.id === did) return document;
  } catch {
    // The same as a document of something else.
  }
  throw new DidError("unusable", `what is served for ${did} is not its document`);
}

async function keysOf(
  did: string,
  { verificationMethod, assertionMethod }: z.output<typeof documentSchema>,
): Promise<PublicKey[]> {
  const absolute = (id: string) => id.startsWith("#") ? did + id : id;
  const methods = new Map<string, z.output<typeof methodSchema>>();
  for (const entry of verificationMethod) {
    const parsed = methodSchema.safeParse(entry);
    if (parsed.success) methods.set(absolute(parsed.data.id), parsed.data);
  }
  const keys: PublicKey[] = [];
  for (const entry of assertionMethod.slice(0, maxMethods)) {
    const method = typeof entry === "string"
      ? methods.get(absolute(entry))
      : methodSchema.safeParse(entry).data;
    const key = method && await keyOf(method, absolute(method.id)).catch(() => undefined);
    if (key) keys.push(key);
  }
  return keys;
}

async function keyOf(
  method: z.output<typeof methodSchema>,
  id: string,
): Promise<PublicKey | undefined> {
  if (method.publicKeyJwk) return await keyOfJwk(method.publicKeyJwk, id);
  if (method.publicKeyMultibase) return await keyOfMultibase(method.publicKeyMultibase, id);
  const account = method.ethereumAddress ?? method.blockchainAccountId?.split(":")[2];
  return account !== undefined && isAddress(account, { strict: false })
    ? keyOfAddress(getAddress(account.toLowerCase()) as Address, id)
    : undefined;
}
