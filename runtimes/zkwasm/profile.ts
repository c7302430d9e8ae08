/** How runs are proven. */
import { z } from "zod";
import { ProgramError } from "../runtime.ts";

/** Numbers of profiles, as `wasm/zkwasm/src/prove/config.rs` has them; 3 is left for proofs on chains. */
const numbers = { fast: 1, zk: 2 } as const;

/** `zk` hides private inputs, `fast` takes a fraction of its time and memory. */
export type Profile = keyof typeof numbers;
export const profiles = Object.keys(numbers) as Profile[];

/** What a program is proven with that doesn't say: nobody should lose privacy by leaving out a line. */
export const defaultProfile: Profile = "zk";

export const numberOf = (profile: Profile): number => numbers[profile];

/** The profile that a proof says it is of. */
export function profileOf(proof: Uint8Array): Profile | undefined {
  return profiles.find((profile) => numbers[profile] === proof[1]);
}

const paramSchema = z.object({ profile: z.enum(profiles).default(defaultProfile) });

/**
 * The profile that a program's `codeExpParam` asks for, as in `{"profile":"fast"}`.
 * @throws {ProgramError} `load`
 */
export function profileOfParam(param: string): Profile {
  // Original files put text of other tools here; only JSON with `profile` is meant for us.
  if (!param.trimStart().startsWith("{")) return defaultProfile;
  try {
    return paramSchema.parse(JSON.parse(param)).profile;
  } catch {
    throw new ProgramError(
      "load",
      `codeExpParam must be like {"profile":"${profiles.join('"|"')}"} where it is JSON`,
    );
  }
}
