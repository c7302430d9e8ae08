/**
 * An IPFS endpoint as a process: gives single blocks of a node's IPFS store, over HTTP, and prints
 * its URL. Arguments: the store's directory, and whether it is a "gateway" or "kubo".
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { CID } from "multiformats/cid";
import { FileBlocks } from "../../src/project/blocks.ts";

const [directory = "", kind] = process.argv.slice(2);
const blocks = new FileBlocks(join(directory, "blocks"));

const server = createServer(async ({ method, url = "" }, response) => {
  const { pathname, searchParams } = new URL(url, "http://localhost");
  const name = kind === "kubo"
    ? method === "POST" && pathname === "/api/v0/block/get" && searchParams.get("arg")
    : method === "GET" && searchParams.get("format") === "raw" && pathname.split("/")[2];
  try {
    if (!name) throw new Error("no such route");
    for await (const part of blocks.get(CID.parse(name))) response.write(part);
  } catch {
    response.statusCode = 404;
  }
  response.end();
});
server.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
