import { type Address, type Hex, keccak256, recoverAddress, toBytes } from "viem";
import { type MessageRequest, RequestError } from "./message.ts";

/** What the successor's devices sign: the request as Go marshals it, without the signature. */
export function signedText({ projectId, version, data }: MessageRequest): string {
  return `{"projectID":${projectId},"projectVersion":${goString(version)},"data":${
    goString(data)
  }}`;
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
  try {
    const hash = keccak256(toBytes(signedText(request)));
    return await recoverAddress({ hash, signature: signature as Hex });
  } catch {
    throw new RequestError(401, "signature is not a signature of this message");
  }
}
