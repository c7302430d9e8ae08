import { expect, test } from "bun:test";
import { parseUri, SourceError } from "./source.ts";

const v0 = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG";
const v1 = "bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";

test.each([
  ["https://files.example/p.json?a=b", "https://files.example/p.json?a=b"],
  ["HTTP://files.example/p", "HTTP://files.example/p"],
])("%s is fetched", (uri, url) => {
  expect(parseUri(uri)).toEqual({ kind: "http", url });
});

test.each([
  [`ipfs://${v1}`, v1, undefined],
  [`ipfs://${v0}`, v0, undefined],
  [`ipfs://ipfs/${v1}`, v1, undefined],
  [`ipfs://ipfs.mainnet.iotex.io/${v0}`, v0, "ipfs.mainnet.iotex.io"],
  [`ipfs://127.0.0.1:5001/${v1}`, v1, "127.0.0.1:5001"],
  [`ipfs://[::1]:5001/${v1}`, v1, "[::1]:5001"],
  [v0, v0, undefined],
  [`/ipfs/${v1}`, v1, undefined],
])("%s is on IPFS", (uri, cid, from) => {
  const source = parseUri(uri);
  if (source.kind !== "ipfs") throw new Error("not on IPFS");
  expect([`${source.cid}`, source.from]).toEqual([cid, from]);
});

test.each([
  "",
  "ipfs://",
  "ipfs:///",
  "file:///etc/passwd",
  "ftp://files.example/x",
  "data:,x",
  "//files.example/x",
  `ipfs://user@host/${v1}`,
  `ipfs://host:1:2/${v1}`,
  `ipfs://host/path/${v1}`,
  `ipfs://ho st/${v1}`,
  `ipfs://-/?q=/${v1}`,
  "ipfs://host/nothing",
  "just words",
  "\n",
])("%j is refused", (uri) => {
  expect(() => parseUri(uri)).toThrow(SourceError);
  expect(() => parseUri(uri)).toThrow(`parse project uri ${uri} failed: `);
});
