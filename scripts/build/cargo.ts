import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import process from "node:process";
import { z } from "zod";

/** The target of modules. */
export const target = "wasm32-unknown-unknown";

/**
 * Installs the toolchain and the targets that the folder's rust-toolchain.toml pins: rustup does it
 * by itself only where `RUSTUP_AUTO_INSTALL` is not 0. A toolchain without rustup is used as it is.
 */
export function installToolchain(cwd: string): void {
  try {
    execFileSync("rustup", ["toolchain", "install"], { cwd, stdio: "ignore" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw new Error("rustup can't install what rust-toolchain.toml names", { cause: error });
  }
}

/** Runs cargo with the toolchain that the folder's rust-toolchain.toml pins; gives its output. */
export function cargo(cwd: string, args: string[], env: Record<string, string> = {}): string {
  installToolchain(cwd);
  return execFileSync("cargo", args, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, ...env },
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** The file that cargo makes of a crate that is a library of C functions, on this system. */
export function libraryName(crate: string): string {
  return `lib${crate}.${process.platform === "darwin" ? "dylib" : "so"}`;
}

const metadataSchema = z.object({
  packages: z.array(z.object({ name: z.string(), manifest_path: z.string() })),
});

/** The folder of a dependency's source, as cargo fetched it. */
export function sourceOf(workspace: string, name: string): string {
  const args = ["metadata", "--format-version", "1", "--locked"];
  const { packages } = metadataSchema.parse(JSON.parse(cargo(workspace, args)));
  const found = packages.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`${name} is not a dependency`);
  return dirname(found.manifest_path);
}

/** What modules are built with, so that their arithmetic is fast. */
export const simd = "-Ctarget-feature=+simd128,+bulk-memory";

/**
 * Has the standard library's sources named as they are where its `rust-src` component, which some
 * workspaces need, is not installed: else its folder would be in what is built.
 */
function remapStandardLibrary(cwd: string): string {
  const rustc = (...args: string[]) =>
    execFileSync("rustc", args, { cwd, encoding: "utf8" }).trim();
  const commit = /^commit-hash: (.+)$/m.exec(rustc("-vV"))?.[1];
  const folder = join(rustc("--print", "sysroot"), "lib/rustlib/src/rust");
  return `--remap-path-prefix=${folder}=/rustc/${commit}`;
}

/**
 * Builds a module whose bytes don't depend on where its source and its dependencies' are.
 * @param registry the folder that holds the dependencies' sources
 * @param options where what is built is put, and cargo's profile
 */
export function cargoModule(
  workspace: string,
  registry: string,
  args: string[],
  flags: string[] = [],
  options: { readonly folder?: string; readonly profile?: string } = {},
): void {
  const { folder = join(workspace, "target"), profile = "release" } = options;
  installToolchain(workspace);
  const all = [
    ...flags,
    `--remap-path-prefix=${registry}=registry`,
    `--remap-path-prefix=${workspace}=wasm`,
    remapStandardLibrary(workspace),
  ];
  cargo(workspace, ["build", "--profile", profile, "--lib", "--target", target, ...args], {
    CARGO_ENCODED_RUSTFLAGS: all.join("\x1f"),
    CARGO_TARGET_DIR: folder,
  });
}
