/** How runs are proven. */
import { z } from "zod";
import { ProgramError } from "../runtime.ts";

/** Numbers of profiles, as `wasm/zkwasm/src/prove/config.rs` has them. */
const numbers = { fast: 1, zk: 2, wrap: 3 } as const;

/**
 * `zk` hides private inputs, `fast` takes a fraction of its time and memory. `wrap` gives a small
 * proof that hides them too and that a contract verifies, of a run that fits a class.
 */
export type Profile = keyof typeof numbers;
export const profiles = Object.keys(numbers) as Profile[];

/** Profiles whose proofs are STARKs, as they are. */
export type StarkProfile = Exclude<Profile, "wrap">;
export const starkProfiles = ["fast", "zk"] as const satisfies StarkProfile[];

/** What a program is proven with that doesn't say: nobody should lose privacy by leaving out a line. */
export const defaultProfile = "zk" satisfies Profile;

export const numberOf = (profile: Profile): number => numbers[profile];

/** Most bytes of a wrapped proof, which is made of words; a STARK has a hundred thousand. */
const mostWrapped = 8 * 1024;

/** The profile that a proof is of. */
export function profileOf(proof: Uint8Array): Profile | undefined {
  if (proof.length > 0 && proof.length <= mostWrapped && proof.length % 32 === 0) return "wrap";
  return starkProfiles.find((profile) => numbers[profile] === proof[1]);
}

/**
 * Most rows of each table of a run, as logarithms: of what a circuit verifies. `tiny` is for tests.
 * `wasm/zkwasm/src/prove/wrap/config.rs` has them.
 */
export const classes = { tiny: 8, small: 12, medium: 14 } as const;
export type ClassName = keyof typeof classes;
export const classNames = Object.keys(classes) as ClassName[];
export const defaultClass: ClassName = "small";

/** What a program's proofs are made and verified with. */
export type Proving =
  | { readonly profile: StarkProfile }
  | {
    readonly profile: "wrap";
    readonly class: ClassName;
    /** The verifying key of the class; empty for that of the test setup, whose secret is public. */
    readonly key: Uint8Array;
  };

const form = z.discriminatedUnion("profile", [
  z.strictObject({ profile: z.enum(starkProfiles) }),
  z.strictObject({
    profile: z.literal("wrap"),
    class: z.enum(classNames).default(defaultClass),
    key: z.base64().max(16_384).default("").transform((text): Uint8Array =>
      Uint8Array.fromBase64(text)
    ),
  }),
]);

const wording = "codeExpParam must be like " + [
  `{"profile":"fast"|"zk"}`,
  `{"profile":"wrap","class":"${classNames.join('"|"')}","key":"<a verifying key in base64>"}`,
].join(" or ") + " where it is JSON";

/**
 * What a program's `codeExpParam` asks for.
 * @throws {ProgramError} `load`
 */
export function provingOfParam(param: string): Proving {
  // Original files put text of other tools here; only JSON with `profile` is meant for us.
  if (!param.trimStart().startsWith("{")) return { profile: defaultProfile };
  try {
    const json: unknown = JSON.parse(param);
    return form.parse({ profile: defaultProfile, ...json as object });
  } catch {
    throw new ProgramError("load", wording);
  }
}

/** The same; undefined for a param by which no program is loaded. */
export function provingOrNone(param: string): Proving | undefined {
  try {
    return provingOfParam(param);
  } catch {
    return undefined;
  }
}

/** What a project's `codeExpParam` must be for a program to be proven like this. */
export function paramOf(proving: Proving): string {
  const { profile } = proving;
  if (profile !== "wrap") return profile === defaultProfile ? "" : JSON.stringify({ profile });
  const key = proving.key.length > 0 ? { key: proving.key.toBase64() } : {};
  return JSON.stringify({ profile, class: proving.class, ...key });
}
