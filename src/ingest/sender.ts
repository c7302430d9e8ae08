import { type Address, type Hex, keccak256, recoverAddress, toBytes } from "viem";
import { type MessageRequest, RequestError } from "./message.ts";

/**
 * What the successor's devices sign: the request as Go marshals it, without the signature.
 *
 * @throws {RequestError} when the data is no text, of which they know nothing
 */
export function signedText({ projectId, version, data: bytes }: MessageRequest): string {
  const data = typeof bytes === "string" ? bytes : textOf(bytes);
  return `{"projectID":${projectId},"projectVersion":${goString(version)},"data":${
    goString(data)
  }}`;
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new RequestError(401, "signature: signs text, and the data is none");
  }
}

/** A JSON string in Go's escapes, which differ from JavaScript's where HTML could be meant. */
const goString = (text: string): string =>
  JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/**
 * The device that signed the request (COMPAT §11).
 *
 * @throws {RequestError} 401 when the signature is none, or of no key
 */
export async function senderOf(request: MessageRequest & { signature: string }): Promise<Address> {
  const { signature } = request;
  if (!/^0x[0-9a-fA-F]{130}$/.test(signature)) {
    throw new RequestError(401, "signature must be 65 bytes as 0x-hex");
  }
  const hash = keccak256(toBytes(signedText(request)));
  try {
    return await recoverAddress({ hash, signature: signature as Hex });
  } catch {
    throw new RequestError(401, "signature is not a signature of this message");
  }
}
