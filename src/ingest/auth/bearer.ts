/** `Authorization: Bearer <JWT>`: plain tokens, and verifiable credentials as tokens. */
import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import { compactVerify } from "jose";
import { z } from "zod";
import { type AuthRule, didPattern, type Rule } from "../../project/auth.ts";
import { RequestError } from "../message.ts";
import { DidError, type DidKeys, didTtlMs } from "./did.ts";
import { keyOfJwk, type PublicKey } from "./keys.ts";
import { refused } from "./refused.ts";

/** Characters of a token; one of this size costs as much to check as any other. */
export const maxTokenLength = 8192;
/** Seconds by which clocks of issuers may be ahead. */
const leeway = 30;
/** Remembered tokens of one set of rules: good ones, and, apart so that they push out none, bad ones. */
const mostGood = 16_384;
const mostBad = 512;
/** Most bytes of messages that wait for the tokens of one set of rules: a DID's document may be slow. */
const mostWaiting = 16 * 1024 * 1024;

const second = z.number().min(0).max(1e11);
const projectId = z.union([z.number(), z.string().max(20)]);
const projects = z.union([projectId, z.array(projectId).max(1000)]).optional();
const headerSchema = z.object({
  alg: z.string().max(32),
  kid: z.string().max(512).optional(),
  // Extensions that a verifier must understand; none is.
  crit: z.undefined().optional(),
});
const claimsSchema = z.object({
  iss: z.string().max(512),
  sub: z.string().max(512).optional(),
  aud: z.union([z.string(), z.array(z.string())]).optional(),
  exp: second.optional(),
  nbf: second.optional(),
  iat: second.optional(),
  jti: z.string().max(512).optional(),
  projects,
  vc: z.object({
    type: z.union([z.string(), z.array(z.string())]),
    issuer: z.union([z.string(), z.object({ id: z.string() })]).optional(),
    credentialSubject: z.object({ id: z.string().optional(), projects }),
    issuanceDate: z.iso.datetime({ offset: true }).optional(),
    expirationDate: z.iso.datetime({ offset: true }).optional(),
  }).optional(),
});
type Claims = z.output<typeof claimsSchema>;

interface Token {
  readonly text: string;
  readonly alg: string;
  readonly kid: string | undefined;
  readonly claims: Claims;
}

export interface Bearer {
  readonly clientId: string;
  /** The token's id, where it is good for one message only. */
  readonly once: string | undefined;
}

export interface BearerOptions {
  /** Secrets of HS256 by project, from the operator. */
  readonly secrets: ReadonlyMap<bigint, readonly Uint8Array[]>;
  readonly didKeys: DidKeys;
  readonly now: () => number;
}

/** Whose message it is. */
interface Audience {
  readonly projectId: bigint;
  readonly rules: readonly AuthRule[];
  /** Held while the token is checked. */
  readonly bytes: number;
}

interface Outcome {
  readonly bearer: Bearer;
  /** Milliseconds since 1970. */
  readonly until: number;
}
interface Known {
  readonly good: Map<string, Outcome>;
  readonly bad: Map<string, { readonly error: unknown; readonly until: number }>;
  /** Being checked: a batch of many messages has one token. */
  readonly pending: Map<string, Promise<Outcome>>;
  /** Bytes of messages that wait for it. */
  waiting: number;
}

export const defaultAudience = (projectId: bigint): string => `w3bstream-project-${projectId}`;

/**
 * Gives a function that says whom a token names.
 * Outcomes are remembered under the token's hash, for the rules that they were reached by: a good
 * one until the token expires, or a DID's keys must be looked up again; a bad one for a short time.
 */
export function createBearer(options: BearerOptions) {
  const byRules = new WeakMap<readonly AuthRule[], Known>();
  return async (token: string, audience: Audience): Promise<Bearer> => {
    if (token.length > maxTokenLength) {
      throw refused(
        "oversized",
        `Authorization: the token has more than ${maxTokenLength} characters`,
      );
    }
    let known = byRules.get(audience.rules);
    if (!known) {
      known = { good: new Map(), bad: new Map(), pending: new Map(), waiting: 0 };
      byRules.set(audience.rules, known);
    }
    const { good, bad, pending } = known;
    // Projects of one file may share their rules, and a token is for one of them.
    const key = `${audience.projectId} ${hash("sha256", token, "base64url")}`;
    const found = good.get(key);
    if (found && found.until > options.now()) return found.bearer;
    const failed = bad.get(key);
    if (failed && failed.until > options.now()) throw failed.error;
    if (known.waiting > 0 && known.waiting + audience.bytes > mostWaiting) {
      throw refused(
        "unavailable",
        "Authorization: too many messages wait for tokens to be checked",
      );
    }
    known.waiting += audience.bytes;
    try {
      let checking = pending.get(key);
      if (!checking) {
        pending.set(key, checking = verify(token, audience, options));
        checking.then(
          (outcome) => remember(good, key, outcome, mostGood),
          (error) =>
            remember(bad, key, { error, until: options.now() + refusalMs(error) }, mostBad),
        ).finally(() => pending.delete(key));
      }
      return (await checking).bearer;
    } finally {
      known.waiting -= audience.bytes;
    }
  };
}

function remember<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  map.delete(key);
  if (map.size >= most) map.delete(map.keys().next().value as string);
  map.set(key, value);
}

/** What time changes is looked at again; a wrong signature stays one. */
const refusalMs = (error: unknown): number => {
  const reason = error instanceof RequestError ? error.reason : undefined;
  return reason === undefined || reason === "not-yet" || reason === "unavailable" ? 0 : 60_000;
};

async function verify(text: string, { projectId, rules }: Audience, options: BearerOptions) {
  const token = parse(text);
  const { claims } = token;
  const isCredential = claims.vc !== undefined;
  const candidates = rules.filter((rule): rule is Rule<"jwt"> | Rule<"credential"> =>
    isCredential
      ? rule.type === "credential" && rule.issuers.includes(claims.iss)
      : rule.type === "jwt" && rule.issuer === claims.iss
  );
  if (candidates.length === 0) {
    const what = isCredential ? "credentials" : "tokens";
    throw refused("issuer", `Authorization: project ${projectId} takes no ${what} of this iss`);
  }
  let failure: unknown;
  for (const rule of candidates) {
    try {
      // Before the signature, which costs more.
      const until = checkClaims(claims, rule, projectId, options.now());
      const bearer = rule.type === "jwt" ? subjectOf(claims, rule) : credentialOf(claims, rule);
      if (rule.type === "jwt") await checkToken(token, rule, projectId, options);
      else await checkCredential(token, options);
      const fresh = rule.type === "jwt" ? until : Math.min(until, options.now() + didTtlMs);
      return { bearer, until: fresh };
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

const parts = /^[\w-]+\.[\w-]+\.[\w-]*$/;
const algorithms = ["EdDSA", "ES256", "ES256K", "ES256K-R", "HS256"];

function parse(text: string): Token {
  if (!parts.test(text)) throw refused("malformed", "Authorization: the token is not a JWT");
  const [head = "", body = ""] = text.split(".");
  const read = <T>(schema: z.ZodType<T>, part: string, what: string): T => {
    try {
      return schema.parse(JSON.parse(Buffer.from(part, "base64url").toString("utf8")));
    } catch (error) {
      const issue = error instanceof z.ZodError ? error.issues[0] : undefined;
      const field = issue?.path.length ? ` (${issue.path.join(".")})` : "";
      throw refused("malformed", `Authorization: the token's ${what} can't be used${field}`);
    }
  };
  const { alg, kid } = read(headerSchema, head, "header");
  if (!algorithms.includes(alg)) {
    throw refused(
      "algorithm",
      "Authorization: tokens are signed with EdDSA, ES256, ES256K or HS256, not otherwise",
    );
  }
  return { text, alg, kid, claims: read(claimsSchema, body, "payload") };
}

/** @returns until when the token is good, ms since 1970 */
function checkClaims(
  claims: Claims,
  rule: Rule<"jwt"> | Rule<"credential">,
  projectId: bigint,
  nowMs: number,
): number {
  const now = nowMs / 1000;
  const { vc } = claims;
  const date = (text: string | undefined) =>
    text === undefined ? undefined : Date.parse(text) / 1000;
  const issued = claims.iat ?? claims.nbf ?? date(vc?.issuanceDate);
  const until = Math.min(
    claims.exp ?? Infinity,
    date(vc?.expirationDate) ?? Infinity,
    rule.maxAge !== undefined && issued !== undefined ? issued + rule.maxAge : Infinity,
  );
  if (rule.maxAge !== undefined && issued === undefined) {
    throw refused("malformed", "Authorization: the token must say when it was issued (iat)");
  }
  if (until === Infinity) {
    throw refused("malformed", "Authorization: the token must say when it expires (exp)");
  }
  if (until <= now) throw refused("expired", "Authorization: the token has expired; get a new one");
  const from = Math.max(claims.nbf ?? 0, claims.iat ?? 0, date(vc?.issuanceDate) ?? 0);
  if (from > now + leeway) {
    throw refused("not-yet", "Authorization: the token is not valid yet; check the issuer's clock");
  }
  // A credential is for a holder rather than for a verifier, so most name no audience.
  const wanted = rule.audience ?? defaultAudience(projectId);
  const named = [claims.aud ?? []].flat();
  const free = rule.type === "credential" && rule.audience === undefined &&
    claims.aud === undefined;
  if (!free && !named.includes(wanted)) {
    throw refused("audience", `Authorization: the token's aud must name ${wanted}`);
  }
  for (const only of [claims.projects, vc?.credentialSubject.projects]) {
    if (only !== undefined && ![only].flat().some((id) => String(id) === `${projectId}`)) {
      throw refused("project", `Authorization: the token is not for project ${projectId}`);
    }
  }
  return until * 1000;
}

const printable = (max: number) => new RegExp(`^[\\x21-\\x7e]{1,${max}}$`);
const subject = printable(150);
const tokenId = printable(150);

function subjectOf({ sub = "", jti = "" }: Claims, { issuer, once }: Rule<"jwt">): Bearer {
  if (!subject.test(sub)) {
    throw refused(
      "subject",
      "Authorization: the token's sub must be 1 to 150 characters, no spaces",
    );
  }
  if (once && !tokenId.test(jti)) {
    throw refused("malformed", "Authorization: the token needs a jti of 1 to 150 characters");
  }
  return { clientId: `${issuer}#${sub}`, once: once ? jti : undefined };
}

function credentialOf({ iss, sub, vc }: Claims, _: Rule<"credential">): Bearer {
  const id = vc?.credentialSubject.id ?? sub ?? "";
  const issuer = typeof vc?.issuer === "object" ? vc.issuer.id : vc?.issuer;
  if (!didPattern.test(id) || id.length > 256 || (sub !== undefined && sub !== id)) {
    throw refused("subject", "Authorization: sub and credentialSubject.id must be the same DID");
  }
  if (issuer !== undefined && issuer !== iss) {
    throw refused("issuer", "Authorization: the credential's issuer is not the token's iss");
  }
  if (![vc?.type ?? []].flat().includes("VerifiableCredential")) {
    throw refused("malformed", "Authorization: the token's vc has no type VerifiableCredential");
  }
  return { clientId: id, once: undefined };
}

const wrongSignature = () => refused("signature", "Authorization: the token's signature is wrong");
const wrongKey = (alg: string) =>
  refused("key", `Authorization: the issuer has no key of this kid for ${alg}`);

async function checkToken(
  token: Token,
  rule: Rule<"jwt">,
  projectId: bigint,
  { secrets }: BearerOptions,
): Promise<void> {
  if (rule.keys) return await checkSignature(token, await keysOf(rule.keys));
  // Public keys never come here, so that no one's public key can be used as a secret.
  if (token.alg !== "HS256") throw wrongKey(token.alg);
  const own = secrets.get(projectId) ?? [];
  if (own.length === 0) {
    throw refused(
      "unavailable",
      "Authorization: the operator has set no JWT_SECRETS for the project",
    );
  }
  for (const secret of own) {
    const good = await compactVerify(token.text, secret, { algorithms: ["HS256"] })
      .then(() => true, () => false);
    if (good) return;
  }
  throw wrongSignature();
}

const imported = new WeakMap<object, Promise<PublicKey[]>>();

function keysOf(keys: NonNullable<Rule<"jwt">["keys"]>): Promise<PublicKey[]> {
  let made = imported.get(keys);
  if (!made) {
    const key = (jwk: typeof keys[number]) => keyOfJwk(jwk).catch(() => undefined);
    made = Promise.all(keys.map(key)).then((all) => all.filter((k) => k !== undefined));
    imported.set(keys, made);
  }
  return made;
}

async function checkCredential(token: Token, { didKeys }: BearerOptions): Promise<void> {
  const { kid, claims: { iss } } = token;
  if (kid?.startsWith("did:") && kid.split(/[?#]/)[0] !== iss) throw wrongKey(token.alg);
  let keys: readonly PublicKey[];
  try {
    keys = await didKeys(iss);
  } catch (error) {
    if (!(error instanceof DidError)) throw error;
    throw refused(
      error.kind === "unavailable" ? "unavailable" : "key",
      `Authorization: ${error.message}`,
    );
  }
  const absolute = kid?.startsWith("#") ? `${iss}${kid}` : kid;
  await checkSignature(
    { ...token, kid: absolute?.startsWith("did:") ? absolute : undefined },
    keys,
  );
}

async function checkSignature(token: Token, keys: readonly PublicKey[]): Promise<void> {
  const { kid, alg } = token;
  const fitting = keys.filter((key) =>
    key.alg === alg && (kid === undefined || key.kid === undefined || key.kid === kid)
  );
  if (fitting.length === 0) throw wrongKey(alg);
  const end = token.text.lastIndexOf(".");
  const signed = new TextEncoder().encode(token.text.slice(0, end));
  const signature = new Uint8Array(Buffer.from(token.text.slice(end + 1), "base64url"));
  for (const key of fitting) if (await key.verify(signed, signature)) return;
  throw wrongSignature();
}
