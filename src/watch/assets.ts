/** The page's files: its scripts are bundled when it is first asked for. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { runtimeName } from "../platform.ts";

export interface Asset {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same, compressed. */
  readonly gzip: Uint8Array<ArrayBuffer>;
}

const here = import.meta.dirname;
const dist = join(here, "../../wasm/dist");

const files: Readonly<Record<string, readonly [folder: string, type: string]>> = {
  "page.html": [join(here, "page"), "text/html; charset=utf-8"],
  "page.css": [join(here, "page"), "text/css; charset=utf-8"],
  "zkwasm.wasm": [dist, "application/wasm"],
  "risc0.wasm": [dist, "application/wasm"],
  "risc0_kernel_sprout.elf": [dist, "application/octet-stream"],
};
export const scripts = ["page.js", "worker.js"] as const;
export const assetNames: readonly string[] = [...Object.keys(files), ...scripts];

/** Files by name, each read once. */
export function createAssets(): (name: string) => Promise<Asset> {
  const kept = new Map<string, Promise<Asset>>();
  let bundled: Promise<Record<string, string>> | undefined;
  const load = async (name: string): Promise<Asset> => {
    const [folder, type] = files[name] ?? [];
    if (folder && type) return await assetOf(type, await readFile(join(folder, name)));
    bundled ??= bundle();
    const text = (await bundled)[name] ?? "";
    return await assetOf("text/javascript; charset=utf-8", new TextEncoder().encode(text));
  };
  return (name) => {
    const asset = kept.get(name) ?? load(name);
    kept.set(name, asset);
    // What failed may work when it is asked for again.
    asset.catch(() => {
      kept.delete(name);
      bundled = undefined;
    });
    return asset;
  };
}

async function assetOf(type: string, bytes: Uint8Array): Promise<Asset> {
  const compressed = await promisify(gzip)(bytes, { level: 9 });
  return { type, bytes: new Uint8Array(bytes), gzip: new Uint8Array(compressed) };
}

async function bundle(): Promise<Record<string, string>> {
  if (runtimeName === "bun") return await (await import("./bundle.ts")).bundlePage();
  const bun = join(here, "../../node_modules/.bin/bun");
  if (!existsSync(bun)) throw new Error("Bun bundles this page, and is not installed: npm ci");
  const script = join(here, "bundle.ts");
  const child = spawn("/bin/sh", ["-c", 'exec "$0" "$@"', bun, "--no-env-file", script], {
    cwd: "/",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const chunks: Uint8Array[] = [];
  child.stdout.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  const code = await new Promise((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  if (code !== 0) throw new Error(`the page could not be bundled: exit code ${code}`);
  return JSON.parse(new TextDecoder().decode(await new Blob(chunks as BlobPart[]).arrayBuffer()));
}
