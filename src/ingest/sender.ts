import { keccak256, recoverAddress, toBytes } from "viem";
import { signature as signatureSchema } from "../protocol/schema.ts";
import { BodyError, type MessageRequest } from "./body.ts";

/** Go's encoding/json, which the successor signs, escapes these in text. */
const goEscapes: Record<string, string> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

const goText = (text: string): string =>
  JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (c) => goEscapes[c] ?? c);

/**
 * The sender of a message: the address whose key made the successor's device signature
 * (secp256k1 over keccak256 of the compact JSON of the other fields); "" without one.
 * @throws {BodyError} 401 when the signature is none
 */
export async function senderOf(message: MessageRequest): Promise<string> {
  if (message.signature === "") return "";
  const parsed = signatureSchema.safeParse(message.signature);
  if (!parsed.success) throw new BodyError("signature must be 0x and 65 bytes of hex", 401);
  const signed = `{"projectID":${message.projectID},"projectVersion":${
    goText(message.projectVersion)
  },"data":${goText(message.data)}}`;
  try {
    return await recoverAddress({ hash: keccak256(toBytes(signed)), signature: parsed.data });
  } catch {
    throw new BodyError("signature does not recover to an address", 401);
  }
}
