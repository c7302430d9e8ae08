/** Zod schemas of the values that the whole protocol is made of. */
import { type Address, getAddress, type Hex, isAddress } from "viem";
import { z } from "zod";

/** 0x-prefixed hexadecimal of whole bytes. */
export const hex = z.string().regex(/^0x([0-9a-fA-F]{2})*$/, "must be 0x-hex of whole bytes")
  .transform((s) => s.toLowerCase() as Hex);

/** 32 bytes as 0x-hex. */
export const bytes32 = z.string().regex(/^0x[0-9a-fA-F]{64}$/, "must be 32 bytes as 0x-hex")
  .transform((s) => s.toLowerCase() as Hex);

/** An address, given in any case; a wrong checksum is refused. */
export const address = z.string().refine((s) => isAddress(s), "must be an address")
  .transform((s) => getAddress(s) as Address);

/** A secp256k1 signature, r ‖ s ‖ v, 65 bytes. */
export const signature = z.string().regex(/^0x[0-9a-fA-F]{130}$/, "must be a 65-byte signature")
  .transform((s) => s.toLowerCase() as Hex);

/** Unsigned 64-bit, as number, bigint or decimal string; zero is allowed. */
export const uint64 = z.union([
  z.bigint(),
  z.number().int().nonnegative().transform(BigInt),
  z.string().regex(/^\d{1,20}$/).transform(BigInt),
]).refine((n) => n >= 0n && n < 1n << 64n, "must be an unsigned 64-bit integer");

/** Unsigned 256-bit, as number, bigint or decimal string. */
export const uint256 = z.union([
  z.bigint(),
  z.number().int().nonnegative().transform(BigInt),
  z.string().regex(/^\d{1,78}$/).transform(BigInt),
]).refine((n) => n >= 0n && n < 1n << 256n, "must be an unsigned 256-bit integer");

/** Project ids fit a signed 64-bit column and a Solidity uint64. */
export const projectId = uint64.refine((n) => n >= 1n && n < 1n << 63n, "must be from 1 to 2^63-1");

/** A project version: short printable text. */
export const version = z.string().min(1).max(64)
  // deno-lint-ignore no-control-regex
  .regex(/^[^\u0000-\u001f\u007f]+$/, "must be printable text");

/** Raw bytes of at most `max`. */
export const bytes = (max: number) =>
  z.custom<Uint8Array>(
    (b) => b instanceof Uint8Array && b.length <= max,
    `must be at most ${max} bytes`,
  );

/** The message of the first issue, led by the field's path. */
export function describeIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  if (!issue) return "invalid value";
  const path = issue.path.map(String).join(".");
  return path ? `${path}: ${issue.message}` : issue.message;
}
