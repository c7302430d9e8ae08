import { RequestError } from "../message.ts";

/** Why a sender is not admitted, as the metrics count it. */
export type Reason =
  | "missing"
  | "malformed"
  | "oversized"
  | "algorithm"
  | "issuer"
  | "key"
  | "signature"
  | "expired"
  | "not-yet"
  | "audience"
  | "project"
  | "subject"
  | "device"
  | "unavailable";

/** 401: the credential is none. 403: it is one, for something else. The text goes to the client. */
export function refused(reason: Reason, text: string): RequestError {
  const status = reason === "unavailable"
    ? 503
    : reason === "project" || reason === "device"
    ? 403
    : 401;
  return new RequestError(status, text, reason);
}
