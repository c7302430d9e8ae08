/** Values that settings of several groups have, as text. */
import { type Hex, isHex, size } from "viem";
import { z } from "zod";

/** Settings by the names of their environment variables. */
export type Settings = Readonly<Record<string, Setting>>;

export interface Setting {
  readonly help: string;
  readonly placeholder: string;
  readonly schema: z.ZodType<unknown, string>;
  /** Text as a user would write it; undefined: unset. */
  readonly fallback?: string;
  readonly secret?: true;
}

export const integer = (min: number, max: number) =>
  z.string().regex(/^\d+$/, "must be a whole number").transform(Number)
    .refine((n) => n >= min && n <= max, `must be from ${min} to ${max}`);

export const url = z.string().refine(
  (s) => URL.canParse(s) && /^https?:$/.test(new URL(s).protocol),
  "must be an http(s) URL",
);

/** Below which the service's routes are; a key does not belong in it. */
export const serviceUrl = url.pipe(
  z.string().refine((s) => {
    const { username, password, search, hash } = new URL(s);
    return !username && !password && !search && !hash;
  }, "must be an http(s) URL without user, password, query and fragment"),
);

export const onOff = z.enum(["on", "off"]).transform((text) => text === "on");

export const secretKey = z.string().transform((s) => (s.startsWith("0x") ? s : `0x${s}`))
  .refine((s) => isHex(s) && size(s as Hex) === 32, "must be 32 bytes of hex")
  .transform((s) => s as Hex);
