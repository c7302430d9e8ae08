import { hash, timingSafeEqual } from "node:crypto";
import { refused } from "./auth/refused.ts";

/** What a request shows as bearer. */
export const bearerOf = (request: Request): string | undefined =>
  /^Bearer (.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];

/** @throws {RequestError} unless the request shows the enode's OPERATOR_TOKEN */
export function checkToken(request: Request, token: string): void {
  const shown = bearerOf(request);
  if (shown === undefined) {
    throw refused("missing", "Authorization: must be Bearer and the OPERATOR_TOKEN of this enode");
  }
  const digest = (text: string) => hash("sha256", text, "buffer");
  if (!timingSafeEqual(digest(shown), digest(token))) {
    throw refused("signature", "Authorization: is not the OPERATOR_TOKEN of this enode");
  }
}

/**
 * Whether a request shows the operator's token; false where it shows none.
 *
 * @throws {RequestError} for another one, and any where the enode has none
 */
export function showsToken(request: Request, token: string | undefined): boolean {
  if (request.headers.get("authorization") === null) return false;
  if (token === undefined) {
    throw refused("key", "Authorization: this enode has no OPERATOR_TOKEN");
  }
  checkToken(request, token);
  return true;
}
