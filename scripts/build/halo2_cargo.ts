import { execFileSync } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** The target of modules. */
export const target = "wasm32-unknown-unknown";

/** Runs cargo with the toolchain that the folder's rust-toolchain.toml pins; gives its output. */
export function cargo(cwd: string, args: string[], env: Record<string, string> = {}): string {
  return execFileSync("cargo", args, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, ...env },
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Builds a module whose bytes don't depend on where the source or cargo's own files are. */
export function cargoModule(workspace: string, args: string[], flags: string[] = []): void {
  const registry = join(process.env["CARGO_HOME"] ?? join(homedir(), ".cargo"), "registry/src");
  const all = [
    ...flags,
    `--remap-path-prefix=${registry}=registry`,
    `--remap-path-prefix=${workspace}=wasm`,
  ];
  cargo(workspace, ["build", "--release", "--lib", "--target", target, ...args], {
    CARGO_ENCODED_RUSTFLAGS: all.join("\x1f"),
    CARGO_TARGET_DIR: join(workspace, "target"),
  });
}
