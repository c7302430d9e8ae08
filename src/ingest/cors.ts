import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";

/** Lets pages of these origins use the API; cookies mean nothing to it, so none are asked for. */
export const allowOrigins = (origins: readonly string[]): MiddlewareHandler =>
  cors({
    origin: origins.includes("*") ? "*" : [...origins],
    allowMethods: ["GET", "POST"],
    allowHeaders: [
      "Authorization",
      "Content-Type",
      "Content-Encoding",
      "Idempotency-Key",
      "Last-Event-ID",
    ],
    exposeHeaders: ["Retry-After"],
    maxAge: 86_400,
  });
