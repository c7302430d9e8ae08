/** Bundles the page's scripts, which Bun alone does; run by itself it writes them as JSON. */
import { join } from "node:path";
import process from "node:process";

const page = join(import.meta.dirname, "page");
const source = join(import.meta.dirname, "..");

/** What a page has other parts for, or none, by the importer's name for it. */
const standIns: Readonly<Record<string, string>> = {
  [join(source, "secp256k1.ts")]: join(page, "secp256k1.ts"),
  [join(source, "log.ts")]: join(page, "log.ts"),
};

/** Each script's text by its name. */
export async function bundlePage(): Promise<Record<string, string>> {
  const { outputs } = await Bun.build({
    entrypoints: [join(page, "main.ts"), join(page, "worker.ts")],
    target: "browser",
    minify: true,
    plugins: [{
      name: "parts for a page",
      setup(build) {
        build.onResolve(
          { filter: /^node:fs\/promises$/ },
          () => ({ path: join(page, "files.ts") }),
        );
        build.onResolve({ filter: /\/(secp256k1|log)\.ts$/ }, ({ path, importer }) => {
          const standIn = standIns[join(importer, "..", path)];
          return standIn === undefined ? undefined : { path: standIn };
        });
      },
    }],
  });
  const [main, worker] = await Promise.all(outputs.map((output) => output.text()));
  if (!main || !worker) throw new Error("the page's scripts were not built");
  return { "page.js": main, "worker.js": worker };
}

if (import.meta.main) process.stdout.write(JSON.stringify(await bundlePage()));
