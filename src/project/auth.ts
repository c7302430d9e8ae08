/** `auth` of a project file: who may send messages. */
import { type Address, getAddress, isAddress } from "viem";
import { z } from "zod";

/** A DID without path, query and fragment, https://www.w3.org/TR/did-core/#did-syntax. */
export const didPattern = /^did:[a-z0-9]+:(?:[\w.%-]*:)*[\w.%-]+$/;

const error = (problem: string) => ({
  error: ({ input }: { readonly input?: unknown }) =>
    input === undefined ? `is missing; it ${problem}` : problem,
});
const text = (problem: string, max: number) =>
  z.string(error(problem)).regex(/^[\x21-\x7e]+$/, error(problem)).max(max, error(problem));
const list = <T extends z.ZodType>(item: T, max: number, problem: string) =>
  z.array(item, error(problem)).min(1, error(problem)).max(max, error(problem));
const seconds = (max: number) => {
  const problem = error(`must be whole seconds from 1 to ${max}`);
  return z.number(problem).int(problem).min(1, problem).max(max, problem);
};

const base64url = (length: number) => {
  const problem = error(`must be ${length} bytes in base64url`);
  return z.string(problem).regex(/^[\w-]+$/, problem)
    .refine((s) => s.length === Math.ceil(length * 4 / 3), problem);
};
const common = {
  kid: text("must be text without spaces", 256).optional(),
  // Whoever reads the file could sign: better said than ignored.
  d: z.undefined({ error: "is a private key: publish the public part only, and use a new key" })
    .optional(),
};
const okp = z.object({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  x: base64url(32),
  ...common,
});
const ec = z.object({
  kty: z.literal("EC"),
  crv: z.enum(["P-256", "secp256k1"]),
  x: base64url(32),
  y: base64url(32),
  ...common,
});
const keyProblem = "must be a public JWK: Ed25519 (OKP), P-256 or secp256k1 (EC)";
/** A public key that a JWT may be signed by. */
export const jwkSchema = z.discriminatedUnion("kty", [okp, ec], { error: keyProblem });

const audience = text("must be text without spaces of at most 200 characters", 200).optional();
const did = z.string(error("must be a DID such as did:key:z6Mk…"))
  .regex(didPattern, error("must be a DID such as did:key:z6Mk…")).max(256, "is too long");
const address = z.string(error("must be an address, 0x and 40 hex digits"))
  .refine((s) => isAddress(s, { strict: false }), "must be an address, 0x and 40 hex digits")
  .transform((s): Address => getAddress(s.toLowerCase()));
const deviceProblem = error("must be an address or a did:key");
/** An address (EIP-191 signatures), or a did:key. */
const device = z.string(deviceProblem).max(256, deviceProblem)
  .refine((s) => isAddress(s, { strict: false }) || /^did:key:\w+$/.test(s), deviceProblem)
  .transform((s) => s.startsWith("did:") ? s : getAddress(s.toLowerCase()));
const bearer = {
  /** What `aud` must name; by default `w3bstream-project-<id>`. */
  audience,
  /** Most seconds since `iat`, whatever `exp` says. */
  maxAge: seconds(10 * 365 * 86_400).optional(),
};

const jwt = z.strictObject({
  type: z.literal("jwt"),
  /** `iss` of the tokens; the sender's name is this, `#` and `sub`. */
  issuer: text("must be the tokens' iss, without spaces, at most 100 characters", 100)
    .refine((s) => !s.includes("#"), "must not contain #"),
  keys: list(jwkSchema, 32, "must be a list of 1 to 32 public JWKs").optional(),
  /** HS256, with the secret that the enode's operator has set for the project. */
  secret: z.literal("operator", error('must be "operator": a secret never is in a file'))
    .optional(),
  /** A token is good for one message; it needs a `jti`. */
  once: z.boolean(error("must be true or false")).optional(),
  ...bearer,
}).refine(
  ({ keys, secret }) => (keys === undefined) !== (secret === undefined),
  'needs either keys, or "secret": "operator" for HS256',
);

const credential = z.strictObject({
  type: z.literal("credential"),
  /** DIDs whose credentials count; the sender's name is the subject's DID. */
  issuers: list(did, 32, "must be a list of 1 to 32 DIDs"),
  ...bearer,
});

const deviceRule = z.strictObject({
  type: z.literal("device"),
  /** Undefined: any device, so that only the same key is the same device. */
  devices: list(device, 5000, "must be a list of 1 to 5000 addresses or did:keys").optional(),
  audience,
  /** Most seconds between the device's clock and the enode's. */
  window: seconds(86_400).optional(),
});

const successor = z.strictObject({
  type: z.literal("successor"),
  /** Any 65 bytes recover some address: without a list this would admit everybody. */
  devices: list(address, 5000, "must be a list of 1 to 5000 addresses"),
  /** Equal data twice is two messages, though anybody can send what was sent before. */
  repeats: z.boolean(error("must be true or false")).optional(),
});

const ruleProblem = 'must have a type: "none", "jwt", "credential", "device" or "successor"';
const rule = z.discriminatedUnion("type", [jwt, credential, deviceRule, successor], {
  error: ruleProblem,
});

/** One way to be admitted. */
export type AuthRule = z.output<typeof rule>;
export type Rule<T extends AuthRule["type"]> = Extract<AuthRule, { readonly type: T }>;
export type PublicJwk = z.output<typeof jwkSchema>;

const none = z.strictObject({ type: z.literal("none") });

/**
 * One rule or a list of them, of which any admits; undefined for `none`. Unlike elsewhere in a
 * file an unknown field is refused: ignored, it could admit more than was meant.
 */
export const authSchema = z.unknown().transform(
  (value, context): readonly AuthRule[] | undefined => {
    if (none.safeParse(value).success) return undefined;
    const rules = Array.isArray(value) ? value : [value];
    if (rules.length < 1 || rules.length > 8) {
      context.addIssue({ code: "custom", message: "must be a rule or a list of 1 to 8 rules" });
      return z.NEVER;
    }
    const parsed: AuthRule[] = [];
    for (const [index, one] of rules.entries()) {
      const result = rule.safeParse(one);
      if (result.success) parsed.push(result.data);
      else {
        const path = Array.isArray(value) ? [index] : [];
        for (const issue of result.error.issues) {
          context.addIssue({
            code: "custom",
            message: issue.message,
            path: [...path, ...issue.path],
          });
        }
      }
    }
    return parsed;
  },
);
