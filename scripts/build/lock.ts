/**
 * Completes package-lock.json with the platform packages that the registry in use did not serve,
 * by name and version alone: `npm ci` refuses a lock file that lacks one, even for a platform that
 * it would not install. Run it after `npm install`.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

interface Package {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const file = join(import.meta.dirname, "../../package-lock.json");
const lock = JSON.parse(await readFile(file, "utf8")) as { packages: Record<string, object> };

/** The `os` and `cpu` that a platform package's name states. */
function platformOf(name: string): { os: string[]; cpu: string[] } | undefined {
  const match = /(darwin|linux|win32|freebsd)-(amd64|x64|arm64|aarch64)/.exec(name);
  if (!match) return undefined;
  const cpu = { amd64: "x64", aarch64: "arm64" }[match[2] as string] ?? match[2] as string;
  return { os: [match[1] as string], cpu: [cpu] };
}

for (const entry of Object.values(lock.packages) as Package[]) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`;
    const platform = platformOf(name);
    if (lock.packages[path] || !platform) continue;
    const dev = entry.dev ? { dev: true } : {};
    lock.packages[path] = { version, ...dev, optional: true, ...platform };
    console.log(`added ${name} ${version}`);
  }
}
lock.packages = Object.fromEntries(
  Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
);
await writeFile(file, JSON.stringify(lock, null, 2) + "\n");
