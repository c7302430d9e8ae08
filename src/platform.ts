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
  readonly permissions: { querySync(permission: { name: string }): { state: string } };
  dlopen(
    path: string,
    symbols: Record<string, { parameters: string[]; result: string }>,
  ): { symbols: Record<string, (...args: unknown[]) => unknown> };
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

const denoPermissions = ["read", "write", "net", "env", "run", "sys", "ffi"] as const;

/**
 * The command line that runs a module of ours in another process of the same runtime.
 * Under Deno the child gets no permission but those named: no network, no environment, no writes.
 * Bun has no permissions; it is kept from reading `.env` files and from installing packages.
 *
 * Deno's `node:child_process` adds `-A` to any command that names Deno's own executable: the rest
 * is denied by name here, which outweighs it, and the file should be passed out of its sight.
 */
export function childCommand(
  module: string,
  permissions: ChildPermissions = {},
): { file: string; args: string[] } {
  const file = process.execPath;
  if (!deno) return { file, args: ["--no-env-file", "--no-install", module] };
  const flags = denoPermissions.map((name) => {
    const paths = name === "read" || name === "ffi" ? permissions[name] ?? [] : [];
    return paths.length > 0 ? `--allow-${name}=${paths.join(",")}` : `--deny-${name}`;
  });
  return { file, args: ["run", "--no-prompt", "--quiet", "--no-remote", ...flags, module] };
}

/** Permissions that this process holds without bounds; none on Bun, which has no permissions. */
export function openPermissions(): string[] {
  if (!deno) return [];
  return denoPermissions.filter((name) => deno.permissions.querySync({ name }).state === "granted");
}

/** Types of a native function: a buffer of ours, an address of theirs, and integers. */
export type NativeType = "buffer" | "pointer" | "usize" | "i32";
export interface NativeFunction {
  readonly parameters: readonly NativeType[];
  readonly result: NativeType | "void";
}

/** An opened native library. Its calls block this thread. */
export interface NativeLibrary {
  /** Calls a function; `usize` is a number here, and a pointer is what another call returned. */
  call(name: string, ...args: unknown[]): unknown;
  /** Copies `length` bytes at an address that `call` returned. */
  read(pointer: unknown, length: number): Uint8Array;
}

/**
 * Opens a native library. Under Deno this needs `--allow-ffi` for its path.
 * @throws when the library or one of the functions is missing
 */
export async function openLibrary(
  path: string,
  functions: Readonly<Record<string, NativeFunction>>,
): Promise<NativeLibrary> {
  if (deno) {
    const symbols = Object.entries(functions).map(([name, { parameters, result }]) => {
      return [name, { parameters: [...parameters] as string[], result: result as string }] as const;
    });
    // A permission for one path does not allow Deno's own views of native memory; the C library,
    // which every native library depends on, copies as well.
    const memcpy = { parameters: ["buffer", "pointer", "usize"], result: "pointer" };
    const library = deno.dlopen(path, { ...Object.fromEntries(symbols), memcpy });
    const toNative = (name: string) => (arg: unknown, index: number) =>
      functions[name]?.parameters[index] === "usize" ? BigInt(arg as number) : arg;
    return {
      call: (name, ...args) => plain(library.symbols[name]?.(...args.map(toNative(name)))),
      read(pointer, length) {
        const copy = new Uint8Array(length);
        if (length > 0) library.symbols.memcpy?.(copy, pointer, BigInt(length));
        return copy;
      },
    };
  }
  const { dlopen, toArrayBuffer } = await import("bun:ffi");
  const bunType = {
    buffer: "ptr",
    pointer: "ptr",
    usize: "usize",
    i32: "i32",
    void: "void",
  } as const;
  const symbols = Object.entries(functions).map(([name, { parameters, result }]) => {
    return [name, { args: parameters.map((t) => bunType[t]), returns: bunType[result] }] as const;
  });
  const library = dlopen(path, Object.fromEntries(symbols));
  // An empty array has no address.
  const toNative = (arg: unknown) =>
    arg instanceof Uint8Array && arg.length === 0 ? new Uint8Array(1) : arg;
  return {
    call: (name, ...args) =>
      plain((library.symbols[name] as (...a: unknown[]) => unknown)(...args.map(toNative))),
    read: (pointer, length) =>
      length === 0
        ? new Uint8Array(0)
        : new Uint8Array(toArrayBuffer(pointer as never, 0, length)).slice(),
  };
}

const plain = (value: unknown) => typeof value === "bigint" ? Number(value) : value;
