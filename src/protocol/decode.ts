/** Reading what strangers sent. */
import * as cbor from "@ipld/dag-cbor";
import type { z } from "zod";
import { describeIssue } from "./schema.ts";

/** Why a frame or a message was refused; counted by `kind`, and never worth an answer. */
export class WireError extends Error {
  constructor(
    readonly kind:
      | "size"
      | "encoding"
      | "signature"
      | "schema"
      | "recipient"
      | "stale"
      | "evidence",
    message: string,
  ) {
    super(message);
    this.name = "WireError";
  }
}

/** @throws {WireError} */
export function decode(bytes: Uint8Array): unknown {
  try {
    return cbor.decode(bytes);
  } catch {
    throw new WireError("encoding", "not dag-cbor");
  }
}

/** @throws {WireError} */
export function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (!result.success) throw new WireError("schema", describeIssue(result.error));
  return result.data;
}
