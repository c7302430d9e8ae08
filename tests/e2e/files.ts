import { mkdtempSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeOriginal, type VersionDraft } from "../../src/project/encode.ts";
import type { ZkwasmReceipt } from "../../src/protocol/receipt_file.ts";
import { programIdOf } from "../../src/protocol/task.ts";

const root = join(import.meta.dirname, "../..");

/** A directory for one test's node, and its project files. */
export function workspace(): {
  readonly directory: string;
  readonly env: Record<string, string>;
  remove(): Promise<void>;
} {
  const directory = mkdtempSync(join(tmpdir(), "w3bstream-e2e-"));
  return {
    directory,
    env: { DATA_DIRECTORY: join(directory, "data") },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/** The committed sample circuit. */
export async function weatherModule(): Promise<Uint8Array> {
  return new Uint8Array(await readFile(join(root, "wasm/dist/weather_halo2.wasm")));
}

/** A fixture of the original's formats. */
export function fixture(name: string): string {
  return join(root, "tests/fixtures", name);
}

/** The proof that the contracts are tested with, of class small, as a receipt of the guest. */
export async function wrappedReceipt(guest: string): Promise<ZkwasmReceipt> {
  const vector = join(root, "contracts/test/vectors/zkwasm-wrap-small.json");
  const { publicValues, proof } = JSON.parse(await readFile(vector, "utf8"));
  const proving = { profile: "wrap", class: "small" } as const;
  const code = new Uint8Array(await readFile(guest));
  return {
    ...{ version: 1, vmType: "zkwasm", ...proving },
    programId: programIdOf(code, JSON.stringify(proving)),
    publicValues: Uint8Array.fromHex(publicValues.slice(2)),
    proof: Uint8Array.fromHex(proof.slice(2)),
  };
}

/** Writes a project file of one version in the original's form. */
export async function writeProject(
  directory: string,
  id: number,
  version: Partial<VersionDraft> & { code: Uint8Array },
): Promise<void> {
  const bytes = await encodeOriginal({
    versions: [{ version: "0.1", vmType: "halo2", ...version }],
  });
  await writeFile(join(directory, `${id}`), bytes);
}

/** A WASM module of the sections given; each section is [id, …content bytes]. */
export function wasm(...sections: number[][]): Uint8Array {
  const bytes = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  for (const [id = 0, ...content] of sections) bytes.push(id, content.length, ...content);
  return new Uint8Array(bytes);
}
