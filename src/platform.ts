/** What differs between Bun and Deno, and nothing else. */
import process from "node:process";

interface DenoServer {
  readonly addr: { readonly port: number; readonly hostname: string };
  shutdown(): Promise<void>;
}
interface DenoNamespace {
  serve(
    options: { port: number; hostname: string; onListen: () => void },
    handler: (request: Request) => Response | Promise<Response>,
  ): DenoServer;
}
const deno = (globalThis as { Deno?: DenoNamespace }).Deno;

export const runtimeName: "bun" | "deno" = deno ? "deno" : "bun";

/** A listening HTTP server. */
export interface HttpServer {
  readonly port: number;
  readonly hostname: string;
  /** Stops listening and waits for the requests in flight. */
  stop(): Promise<void>;
}

/** Serves a web-standard handler. Port 0 picks a free one. */
export function serveHttp(
  handler: (request: Request) => Response | Promise<Response>,
  options: { hostname: string; port: number; maxBodyBytes: number },
): HttpServer {
  const { hostname, port } = options;
  if (deno) {
    const server = deno.serve({ port, hostname, onListen: () => {} }, handler);
    return { port: server.addr.port, hostname, stop: () => server.shutdown() };
  }
  const server = Bun.serve({
    hostname,
    port,
    maxRequestBodySize: options.maxBodyBytes,
    idleTimeout: 60,
    fetch: (request) => handler(request),
  });
  return { port: server.port ?? port, hostname, stop: () => server.stop() };
}

/** Permissions that a child of this program needs under Deno; Bun has none. */
export interface ChildPermissions {
  readonly read?: readonly string[];
  readonly ffi?: readonly string[];
}

/**
 * The command line that runs a module of ours in another process of the same runtime.
 * Under Deno the child gets no permission but those named: no network, no environment, no writes.
 */
export function childCommand(
  module: string,
  permissions: ChildPermissions = {},
): { file: string; args: string[] } {
  const file = process.execPath;
  if (!deno) return { file, args: [module] };
  const grants = Object.entries(permissions)
    .filter(([, paths]) => paths.length > 0)
    .map(([name, paths]) => `--allow-${name}=${paths.join(",")}`);
  return { file, args: ["run", "--no-prompt", "--quiet", ...grants, module] };
}
