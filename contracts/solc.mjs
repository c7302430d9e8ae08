#!/usr/bin/env node
// As much of native solc's command line as forge needs, over the npm package `solc`.
import { createRequire } from "node:module";
import { readFileSync, writeSync } from "node:fs";

const args = process.argv.slice(2);
const solc = createRequire(import.meta.url)("solc");

function print(text) {
  const bytes = Buffer.from(text);
  // A pipe takes only a part of a large buffer at a time.
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

if (args.includes("--version")) {
  // forge parses the native form only.
  const version = solc.version().replace(".Emscripten.clang", ".Linux.g++");
  print(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`);
} else if (args.includes("--standard-json")) {
  print(solc.compile(readFileSync(0, "utf8")));
} else {
  process.stderr.write(`solc.mjs: only --version and --standard-json, not: ${args.join(" ")}\n`);
  process.exitCode = 1;
}
