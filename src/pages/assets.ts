/** The files of the pages that an enode serves: scripts are bundled when they are first asked for. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Log } from "../log.ts";
import { errorText } from "../log.ts";
import { runtimeName } from "../platform.ts";
import type { ScriptName } from "./bundle.ts";

interface Asset {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same, compressed. */
  readonly gzip: Uint8Array<ArrayBuffer>;
}

/** What a page's file is: one of the repository's, or a script that is bundled. */
export type Source = { readonly path: string; readonly type: string } | {
  readonly script: ScriptName;
};

const here = import.meta.dirname;
export const html = "text/html; charset=utf-8";
export const css = "text/css; charset=utf-8";

/** Nothing from elsewhere, and no script but the page's; its verifiers are WebAssembly. */
const policy = (connect: string) =>
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
  `worker-src 'self'; connect-src ${connect}; img-src data:; base-uri 'none'; ` +
  "form-action 'none'; frame-ancestors 'none'";

/** @param connect what scripts may reach, as `connect-src` of a content security policy has it */
export const pageHeaders = (connect = "'self'") => ({
  "content-security-policy": policy(connect),
  "cache-control": "no-cache",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
});

/** Answers with a file by its name; undefined for a name that is none of `sources`. */
export type ServeAsset = (name: string, request: Request) => Promise<Response | undefined>;

/**
 * Serves files by their names, each read once, compressed for those who take it.
 *
 * @param headers of each answer
 */
export function serveAssets(
  sources: Readonly<Record<string, Source>>,
  headers: Readonly<Record<string, string>>,
  log: Log,
): ServeAsset {
  const kept = new Map<string, Promise<Asset>>();
  const load = (name: string, source: Source): Promise<Asset> => {
    const asset = kept.get(name) ?? read(source);
    kept.set(name, asset);
    // What failed may work when it is asked for again.
    asset.catch(() => kept.delete(name));
    return asset;
  };
  return async (name, request) => {
    const source = Object.hasOwn(sources, name) ? sources[name] : undefined;
    if (!source) return undefined;
    try {
      const { type, bytes, gzip } = await load(name, source);
      const packed = /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
      return new Response(packed ? gzip : bytes, {
        headers: {
          ...headers,
          "content-type": type,
          vary: "accept-encoding",
          ...(packed ? { "content-encoding": "gzip" } : {}),
        },
      });
    } catch (error) {
      log.warn(`${name} of a page: ${errorText(error)}`);
      return Response.json({ error: errorText(error) }, { status: 503 });
    }
  };
}

async function read(source: Source): Promise<Asset> {
  if ("path" in source) return await assetOf(source.type, await readFile(source.path));
  const text = await bundle(source.script);
  return await assetOf("text/javascript; charset=utf-8", new TextEncoder().encode(text));
}

async function assetOf(type: string, bytes: Uint8Array): Promise<Asset> {
  const compressed = await promisify(gzip)(bytes, { level: 9 });
  return { type, bytes: new Uint8Array(bytes), gzip: new Uint8Array(compressed) };
}

async function bundle(name: ScriptName): Promise<string> {
  if (runtimeName === "bun") return await (await import("./bundle.ts")).bundleScript(name);
  const bun = join(here, "../../node_modules/.bin/bun");
  if (!existsSync(bun)) throw new Error("Bun bundles this page, and is not installed: npm ci");
  const script = join(here, "bundle.ts");
  const child = spawn("/bin/sh", ["-c", 'exec "$0" "$@"', bun, "--no-env-file", script, name], {
    cwd: "/",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const chunks: Uint8Array[] = [];
  child.stdout.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  const code = await new Promise((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  if (code !== 0) throw new Error(`the page could not be bundled: exit code ${code}`);
  return new TextDecoder().decode(await new Blob(chunks as BlobPart[]).arrayBuffer());
}
