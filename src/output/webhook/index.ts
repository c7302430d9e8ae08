import { sleep } from "../../abort.ts";
import { deliver, retryAfterMs } from "../http.ts";
import { insistAccepted, insistLive, type Output, OutputError, outputKey } from "../output.ts";
import { bodyOf } from "./body.ts";
import { signatureOf } from "./signature.ts";

export interface WebhookDeps {
  /** The operator's secrets by project; several of one project while one is replaced. */
  readonly secrets: ReadonlyMap<bigint, readonly Uint8Array[]>;
  /** `host` or `host:port` of the operator's that may be at private addresses, and without TLS. */
  readonly privateHosts: readonly string[];
  /** Whether the router has accepted a task; undefined without a chain. */
  readonly isAccepted?: ((taskId: `0x${string}`) => Promise<boolean>) | undefined;
  /** For one request and its answer, ms. */
  readonly timeoutMs?: number;
  /**
   * Longest that one attempt waits because a server asked for it, ms. With the request's own time it
   * must be less than a grant's.
   */
  readonly longestWaitMs?: number;
}

/** How many servers' wishes are remembered. */
const mostWaits = 1_000;

/**
 * POSTs the result, signed as Standard Webhooks has it (standardwebhooks.com, HMAC-SHA256).
 * At-least-once; `webhook-id` is the same whenever a result is sent.
 */
export function webhookOutput(deps: WebhookDeps): Output<"webhook"> {
  const { secrets, privateHosts, longestWaitMs = 30_000, timeoutMs } = deps;
  /** Not to be asked before, by origin; ms since 1970. */
  const waits = new Map<string, number>();
  return {
    async run(job, { url, light, publicInputs }, { signal }) {
      const keys = secrets.get(job.task.projectId) ?? [];
      if (keys.length === 0) {
        throw new OutputError(
          "dead",
          `no secret for webhooks of project ${job.task.projectId}: an operator who trusts it adds ` +
            `${job.task.projectId}=whsec_… to WEBHOOK_SECRETS`,
        );
      }
      const { protocol, host, hostname, port, origin } = new URL(url);
      // A URL leaves out its scheme's own port.
      const full = `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
      const own = [hostname, full].some((name) => privateHosts.includes(name));
      if (protocol !== "https:" && !own) {
        throw new OutputError("dead", `${host} is not asked without TLS: use an https:// URL`);
      }
      if (light) await insistAccepted(job, deps.isAccepted);
      const wait = (waits.get(origin) ?? 0) - Date.now();
      if (wait > 0) await sleep(Math.min(wait, longestWaitMs), signal);
      signal.throwIfAborted();
      if (wait > longestWaitMs) {
        throw new OutputError("retry", `${host} asks to be left alone for ${seconds(wait)} s`);
      }
      const id = webhookId(job);
      const body = new TextEncoder().encode(bodyOf(job, { light, publicInputs }));
      const timestamp = Math.floor(Date.now() / 1000);
      insistLive(job);
      const answer = await deliver(url, {
        headers: {
          "Content-Type": "application/json",
          "User-Agent": "w3bstream",
          "webhook-id": id,
          "webhook-timestamp": String(timestamp),
          "webhook-signature": keys.map((key) => signatureOf(key, id, timestamp, body)).join(" "),
        },
        body,
        signal,
        ...(own ? { allow: () => true } : {}),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
      const { status } = answer;
      if (status >= 200 && status < 300) {
        waits.delete(origin);
        return { state: "confirmed", reference: id, comment: "" };
      }
      if (status === 410) {
        throw new OutputError("dead", `${host} answers HTTP 410: it wants no more of them`);
      }
      if (status >= 300 && status < 400) {
        throw new OutputError("dead", `${host} redirects (HTTP ${status}): name where it leads to`);
      }
      const pause = retryAfterMs(answer, Date.now());
      if (pause !== undefined) {
        if (waits.size >= mostWaits) waits.clear();
        waits.set(origin, Date.now() + pause);
      }
      throw new OutputError("retry", `${host} answers HTTP ${status}`);
    },
  };
}

/** The idempotency key. A dot would end it in what is signed. */
export const webhookId = (job: Parameters<typeof outputKey>[0]): string =>
  outputKey(job).replace("/", "_");

const seconds = (ms: number) => Math.ceil(ms / 1000);
