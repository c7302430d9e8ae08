/** Bundles scripts of pages, which Bun alone does; run by itself it writes the one that is named. */
import { join } from "node:path";
import process from "node:process";

const source = join(import.meta.dirname, "..");
const browser = join(import.meta.dirname, "browser");

const scripts = {
  dashboard: join(source, "dashboard/page/main.ts"),
  watch: join(source, "watch/page/main.ts"),
  worker: join(browser, "worker.ts"),
} as const;
export type ScriptName = keyof typeof scripts;

/** What a page has other parts for, or none, by the importer's name for it. */
const standIns: Readonly<Record<string, string>> = {
  [join(source, "secp256k1.ts")]: join(browser, "secp256k1.ts"),
  [join(source, "log.ts")]: join(browser, "log.ts"),
};

export async function bundleScript(name: ScriptName): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [scripts[name]],
    target: "browser",
    minify: true,
    plugins: [{
      name: "parts for a page",
      setup(build) {
        build.onResolve(
          { filter: /^node:fs\/promises$/ },
          () => ({ path: join(browser, "files.ts") }),
        );
        build.onResolve({ filter: /\/(secp256k1|log)\.ts$/ }, ({ path, importer }) => {
          const standIn = standIns[join(importer, "..", path)];
          return standIn === undefined ? undefined : { path: standIn };
        });
      },
    }],
  });
  const text = await outputs[0]?.text();
  if (!text) throw new Error(`the page's script ${name} was not built`);
  return text;
}

if (import.meta.main) {
  process.stdout.write(await bundleScript(process.argv[2] as ScriptName));
}
