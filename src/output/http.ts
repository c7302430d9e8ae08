/** Posts a result to somebody's server. */
import { printable } from "./printable.ts";
import {
  safeFetch,
  SafeFetchError,
  type SafeFetchOptions,
  type SafeResponse,
} from "../safe-fetch.ts";
import { OutputError } from "./output.ts";

/** Most bytes of an answer: some servers answer with a whole page, of which the status counts. */
const answerBytes = 256 * 1024;
/** For a request and its answer together, ms. */
const patienceMs = 20_000;

export type Delivery = Pick<
  SafeFetchOptions,
  "headers" | "body" | "allow" | "timeoutMs" | "signal"
>;

/**
 * One POST, without following redirects: what it carries is for the host that was named.
 * @throws {OutputError} `dead` where the address may not be asked; `retry` where it gives no answer
 */
export async function deliver(url: string, delivery: Delivery): Promise<SafeResponse> {
  try {
    return await safeFetch(url, {
      timeoutMs: patienceMs,
      ...delivery,
      method: "POST",
      maxRedirects: 0,
      maxBytes: answerBytes,
    });
  } catch (error) {
    if (!(error instanceof SafeFetchError)) throw error;
    const state = error.kind === "refused" ? "dead" : "retry";
    throw new OutputError(state, printable(error.message), { cause: error });
  }
}

/**
 * How long a server wants to be left alone, ms; undefined where it does not say.
 * @param now ms since 1970
 */
export function retryAfterMs({ headers }: Pick<SafeResponse, "headers">, now: number) {
  const text = headers.get("retry-after")?.trim();
  if (!text) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = text.endsWith(" GMT") ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
