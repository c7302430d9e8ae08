#!/usr/bin/env node
// Runs npm's forge in this folder and ends as it ends: the command of its package always ends with 0.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import process from "node:process";
import { fileURLToPath } from "node:url";

const architecture = process.arch === "x64" ? "amd64" : process.arch;
const binary = process.platform === "win32" ? "forge.exe" : "forge";
const forge = createRequire(import.meta.url).resolve(
  `@foundry-rs/forge-${process.platform}-${architecture}/bin/${binary}`,
);
const { status, error } = spawnSync(forge, process.argv.slice(2), {
  cwd: fileURLToPath(new URL(".", import.meta.url)),
  stdio: "inherit",
});
if (error) throw error;
process.exitCode = status ?? 1;
