/** Settings about what a node serves and where it keeps its data. */
import { z } from "zod";
import type { Settings } from "./values.ts";

/** `host:port`, `:port` or `port`; the host is undefined when not given. */
const endpoint = z.string().transform((text, ctx) => {
  const match = /^(?:(?<host>\[[^\]]+\]|[^:]*):)?(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.port);
  if (!match || port > 65535) {
    ctx.addIssue({ code: "custom", message: "must be host:port, :port or port" });
    return z.NEVER;
  }
  return { host: match.groups?.host?.replace(/^\[|\]$/g, "") || undefined, port };
});

export const serviceSettings = {
  HTTP_SERVICE_ENDPOINT: {
    help: "where the HTTP API listens; without a chain the host is loopback",
    placeholder: "host:port",
    schema: endpoint,
    fallback: ":9000",
  },
  DATABASE_DSN: {
    help: "PostgreSQL ≥ 14; unset: an embedded database in the data directory",
    placeholder: "dsn",
    schema: z.string().regex(/^postgres(ql)?:\/\//, "must start with postgres://"),
    secret: true,
  },
  DATA_DIRECTORY: {
    help: "database, blocks, program cache and keys of this node",
    placeholder: "dir",
    schema: z.string().min(1),
    fallback: "./data",
  },
  PROJECT_FILE_DIRECTORY: {
    help: "project files named by their project id, for development",
    placeholder: "dir",
    schema: z.string().min(1),
  },
} as const satisfies Settings;
