/** Zod schemas of a project file's fields; their messages read after the field's name. */
import { type Address, getAddress, isAddress } from "viem";
import { z } from "zod";
import { limits } from "./limits.ts";

type Issue = { readonly input?: unknown };
const missingOr = (problem: string) => (issue: Issue) =>
  issue.input === undefined ? `is missing; it ${problem}` : problem;

/** JSON's null means absent, as it does in Go. */
const optional = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value) => value ?? undefined);

const text = (problem: string, max: number) =>
  z.string({ error: missingOr(problem) }).min(1, problem).max(max, `is longer than ${max}`);

const whole = (min: number, max: number) => {
  const error = missingOr(`must be a whole number from ${min} to ${max}`);
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
};

const seconds = (max: number) => {
  const error = missingOr(`must be seconds, more than 0 and at most ${max}`);
  return z.number({ error }).positive({ error }).max(max, { error });
};

const object = <S extends z.ZodRawShape>(shape: S, problem: string) =>
  z.object(shape, { error: missingOr(problem) });

/** An address in any case: original files were never checked for EIP-55 checksums. */
const address = (problem: string) =>
  z.string({ error: missingOr(problem) })
    .refine((s) => isAddress(s, { strict: false }), { error: problem })
    .transform((s): Address => getAddress(s.toLowerCase()));

const blankAsAbsent = (value: unknown) => (value === "" ? undefined : value);

/** Text as `src/protocol` accepts it on the wire. */
export const versionName = text('must be text such as "0.1"', 64)
  // deno-lint-ignore no-control-regex
  .regex(/^[^\u0000-\u001f\u007f]+$/, "must be printable text");

const present = (value: unknown) => value !== undefined && value !== null && value !== "";

const packing = object({
  count: optional(whole(1, limits.messagesPerTask)),
  window: optional(seconds(limits.windowSeconds)),
  bytes: optional(whole(1, limits.packBytes)),
  groupBy: optional(z.literal("device", { error: 'must be "device"' })),
  program: z.unknown().optional(),
}, "must be an object with count, window, bytes, groupBy or program")
  .refine(({ program, groupBy }) => !present(program) || groupBy === undefined, {
    error: "has program and groupBy; a packer program groups by itself",
  });

const provers = object({
  allow: optional(
    z.array(address("must be an address such as 0x1234…"), { error: "must be a list of addresses" })
      .min(1, "names nobody; leave it out to let every znode prove")
      .max(limits.allowedProvers, `names more than ${limits.allowedProvers}`),
  ),
  remote: optional(z.boolean({ error: "must be true or false" })),
}, "must be an object with allow or remote");

const perSecond = () => {
  const error = missingOr("must be messages a second, more than 0");
  return z.number({ error }).positive({ error }).max(1e6, { error });
};
const burst = () => whole(1, 1_000_000);
const sending = object({
  rate: optional(perSecond()),
  burst: optional(burst()),
  clientRate: optional(perSecond()),
  clientBurst: optional(burst()),
  bytes: optional(whole(1, 64 * 1024 * 1024)),
}, "must be an object with rate, burst, clientRate, clientBurst or bytes");

const amount = (problem: string) => {
  const error = missingOr(problem);
  return z.string({ error }).regex(/^\d{1,39}$/, { error }).transform(BigInt)
    .refine((n) => n < 1n << 128n, { error });
};
const units = 'must be token units (wei) as decimal text such as "1000000000000000"';

const reward = object({
  maxFee: amount(units),
  fee: amount(units),
  gasRate: optional(amount("must be token units for 1e18 wei of gas, as decimal text")),
}, "must be an object with maxFee and fee")
  .refine(({ maxFee, fee }) => fee <= maxFee, { error: "has a fee above its maxFee" });

/** One version; `code` and `output` are decoded apart. */
export const versionSchema = object({
  version: versionName,
  vmType: z.unknown().optional(),
  vmTypeID: z.unknown().optional(),
  code: z.unknown().optional(),
  compression: optional(z.literal("zlib", { error: 'must be "zlib" or left out' })),
  codeExpParam: optional(
    z.string({ error: "must be text" })
      .max(limits.paramLength, `is longer than ${limits.paramLength} characters`),
  ),
  aggregation: optional(object({
    amount: optional(whole(0, limits.messagesPerTask)),
  }, "must be an object with amount")),
  packing: optional(packing),
  redundancy: optional(whole(1, limits.redundancy)),
  timeout: optional(seconds(limits.timeoutSeconds)),
  attempts: optional(whole(1, limits.attempts)),
  retention: optional(
    z.number({ error: "must be seconds" }).min(0, "must be seconds, 0 or more")
      .max(limits.retentionSeconds, `must be at most ${limits.retentionSeconds} seconds`),
  ),
  provers: optional(provers),
  reward: optional(reward),
  limits: optional(sending),
  auth: z.unknown().optional(),
  output: z.unknown().optional(),
}, "must be an object with version, vmType and code");

const chainId = optional(
  z.union([z.number(), z.string()], {
    error: "must be a chain id such as 4689",
  }).transform((value, context) => {
    if (typeof value === "number" ? Number.isSafeInteger(value) && value > 0 : isId(value)) {
      return BigInt(value);
    }
    context.addIssue({ code: "custom", message: "must be a chain id such as 4689" });
    return z.NEVER;
  }),
);
const isId = (value: string) => /^[1-9]\d{0,77}$/.test(value);

const endpoint = optional(
  z.string({ error: "must be text" }).max(2048, "is longer than 2048 characters"),
);

const flag = z.preprocess(
  (value) => value ?? false,
  z.boolean({ error: "must be true or left out" }),
);

export const ethereumSchema = object({
  light: flag,
  router: optional(z.boolean({ error: "must be true or left out" })),
  chainId,
  chainEndpoint: endpoint,
  contractAddress: z.preprocess(
    blankAsAbsent,
    optional(address("must be the contract's address, 0x and 40 hex digits")),
  ),
  receiverAddress: z.preprocess(
    blankAsAbsent,
    optional(address("must be an address, 0x and 40 hex digits")),
  ),
  contractMethod: z.preprocess(
    blankAsAbsent,
    optional(text("must be the name of a function of the contract", 256)),
  ),
  contractAbiJSON: z.preprocess(blankAsAbsent, z.unknown().optional()),
}, "must be an object with contractAddress, contractMethod and contractAbiJSON");

const base58 = (problem: string) => {
  const error = missingOr(problem);
  return z.string({ error }).regex(/^[1-9A-HJ-NP-Za-km-z]{32,44}$/, { error });
};

export const solanaSchema = object({
  chainEndpoint: endpoint,
  programID: base58("must be the program's address in base58"),
  stateAccountPK: z.preprocess(
    blankAsAbsent,
    optional(base58("must be an account's address in base58")),
  ),
  light: flag,
}, "must be an object with chainEndpoint and programID");

export const textileSchema = object({
  vaultID: text("must be the vault's id", 256)
    .regex(/^[\w.-]+$/, "may have letters, digits, '_', '-' and '.' only"),
  publicInputs: flag,
}, "must be an object with vaultID");

const webUrl = "must be a URL such as https://app.example/hook, without user and password";

export const webhookSchema = object({
  url: text(webUrl, 2048).refine((s) => {
    const url = URL.canParse(s) ? new URL(s) : undefined;
    return /^https?:$/.test(url?.protocol ?? "") && !url?.username && !url?.password;
  }, { error: webUrl }),
  light: flag,
  publicInputs: flag,
}, "must be an object with url");

export const archiveSchema = object({
  prefix: z.preprocess(
    (value) => value ?? "",
    z.string({ error: "must be text" }).max(128, "is longer than 128")
      .regex(
        /^([\w-][\w.-]*(\/[\w-][\w.-]*){0,7})?$/,
        "must be names such as weather/2026, of letters, digits, '_', '-' and '.'",
      ),
  ),
  publicInputs: flag,
}, "must be an object with prefix");

/** Names that a version may have; others are warned about, since a typo would be silent. */
export const knownFields: Record<string, readonly string[]> = {
  version: Object.keys(versionSchema.shape),
  packing: Object.keys(packing.shape),
  provers: Object.keys(provers.shape),
  reward: Object.keys(reward.shape),
  limits: Object.keys(sending.shape),
};
