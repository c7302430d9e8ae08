/** Other IPFS services that keep a project: a Kubo node, and pinning services. */
import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import type { CID } from "multiformats/cid";
import { z } from "zod";
import type { Block } from "../project/encode.ts";
import { UserError } from "./cli.ts";

const timeoutMs = 60_000;
const codecs: Readonly<Record<number, string>> = {
  0x55: "raw",
  0x70: "dag-pb",
  0x0129: "dag-json",
};

/**
 * Stores and pins blocks by Kubo's RPC API (`/api/v0/block/put`). The user and password of the URL
 * are sent as Basic.
 * @throws {UserError} also where Kubo names a block otherwise
 */
export async function putToKubo(url: URL, blocks: readonly Block[]): Promise<void> {
  for (const { cid, bytes } of blocks) {
    const route = below(url, "api/v0/block/put");
    route.search = `${new URLSearchParams({
      "cid-codec": codecs[cid.code] ?? "raw",
      mhtype: "sha2-256",
      pin: "true",
      "allow-big-block": "true",
    })}`;
    const form = new FormData();
    form.set("data", new Blob([new Uint8Array(bytes)]));
    const answer = await post(route, { body: form, headers: basic(url) });
    const { Key } = parsed(z.object({ Key: z.string() }), answer, route);
    if (Key !== `${cid}`) throw new UserError(`${route.host} stored ${Key}, not ${cid}`);
  }
}

const pinSchema = z.object({ requestid: z.string(), status: z.string() });

/**
 * Asks a service of the IPFS Pinning Service API to keep a project. It fetches the blocks from
 * peers: from a node with that data directory, if it can be reached.
 * @throws {UserError}
 */
export async function pinBlocks(
  url: URL,
  root: CID,
  { directory }: { directory: string },
): Promise<z.output<typeof pinSchema>> {
  const token = process.env.IPFS_PIN_TOKEN;
  const route = below(url, "pins");
  const body = { cid: `${root}`, name: "w3bstream project", origins: await originsOf(directory) };
  const answer = await post(route, {
    body: JSON.stringify(body),
    headers: {
      "content-type": "application/json",
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
  });
  return parsed(pinSchema, answer, route);
}

/** Where peers reach the node of a data directory, as that wrote it down; 20 at most. */
async function originsOf(directory: string): Promise<string[]> {
  try {
    const peer = JSON.parse(await readFile(join(directory, "peer.json"), "utf8"));
    return z.object({ multiaddrs: z.array(z.string()) }).parse(peer).multiaddrs.slice(0, 20);
  } catch {
    return [];
  }
}

/** A route below a service's URL, without what stands in that for the user. */
function below(url: URL, path: string): URL {
  const base = `${url.origin}${url.pathname}`.replace(/\/+$/, "");
  return new URL(`${base}/${path}`);
}

function basic({ username, password }: URL): Record<string, string> {
  if (!username && !password) return {};
  const credentials = [username, password].map(decodeURIComponent).join(":");
  return { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
}

async function post(route: URL, init: RequestInit): Promise<string> {
  let response: Response, text: string;
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    response = await fetch(route, { ...init, method: "POST", redirect: "error", signal });
    text = await response.text();
  } catch (error) {
    throw new UserError(`no answer from ${route.host}: ${(error as Error).message}`);
  }
  if (response.ok) return text;
  throw new UserError(`${route.host} answered ${response.status}: ${text.slice(0, 300).trim()}`);
}

function parsed<T extends z.ZodType>(schema: T, text: string, route: URL): z.output<T> {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new UserError(`${route.host} answered something else than the API of ${route.pathname}`);
  }
}
