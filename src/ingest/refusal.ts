import { OverloadedError, ShareExceededError } from "../da/da.ts";
import { DatabaseUnavailableError } from "../da/index.ts";
import { errorText, type Log } from "../log.ts";
import { failure } from "./answers.ts";
import { RequestError } from "./message.ts";

/** The answer to a request of which the work failed. */
export function refusal(error: unknown, log: Log, route: string): Response {
  if (error instanceof RequestError) {
    // What is left of the body is not worth reading.
    const close = error.status === 413 || error.status === 408;
    return failure(error.status, error.message, {
      ...(close ? { connection: "close" } : {}),
      ...(error.status === 401 ? { "www-authenticate": "Bearer" } : {}),
      ...(error.status === 429 || error.status === 503
        ? { "retry-after": String(error.retryAfterSeconds) }
        : {}),
    });
  }
  if (error instanceof OverloadedError) {
    const status = error instanceof ShareExceededError ? 429 : 503;
    return failure(status, error.message, { "retry-after": String(error.retryAfterSeconds) });
  }
  if (error instanceof DatabaseUnavailableError) {
    log.warn({ route, reason: errorText(error.cause) }, "the database is not available");
    return failure(503, error.message, { "retry-after": "1" });
  }
  log.error({ route, reason: errorText(error) }, "request failed");
  return failure(500, "internal error");
}
