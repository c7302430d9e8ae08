import { createHmac } from "node:crypto";

/** `v1,<base64>` over `<id>.<timestamp>.<body>`, as Standard Webhooks has it. */
export function signatureOf(
  key: Uint8Array,
  id: string,
  timestamp: number,
  body: Uint8Array,
): string {
  const mac = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body);
  return `v1,${mac.digest("base64")}`;
}
