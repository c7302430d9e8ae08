/**
 * Compiles the contracts and writes what TypeScript needs of them to `src/chain/abi` and
 * `src/chain/bytecode`; with `--check` says whether the committed files are current.
 */
import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { z } from "zod";

const root = join(import.meta.dirname, "../..");
const contracts = join(root, "contracts");

/** Contract, by the name its files and exports get. */
const deployed = {
  projectRegistrar: "ProjectRegistrar",
  znodeRegistrar: "ZNodeRegistrar",
  router: "W3bstreamRouter",
  slasher: "Slasher",
  rewardPool: "RewardPool",
  halo2Adapter: "Halo2Adapter",
  unsafeTestSetupHalo2Adapter: "UnsafeTestSetupHalo2Adapter",
  zkWasmAdapter: "ZkWasmAdapter",
  unsafeTestSetupZkWasmAdapter: "UnsafeTestSetupZkWasmAdapter",
  risc0Groth16Verifier: "Risc0Groth16Verifier",
  risc0Adapter: "Risc0Adapter",
  weatherStation: "WeatherStation",
  provenRuns: "ProvenRuns",
};
const interfaces = { proofVerifier: "IProofVerifier", resultReceiver: "IResultReceiver" };
const unsafePrefix = "UnsafeTestSetup";
const generatedBy = "// Written by scripts/build/contracts.ts.\n";

const artifact = z.object({
  abi: z.array(z.record(z.string(), z.unknown())),
  bytecode: z.object({
    object: z.string().regex(/^0x([0-9a-f]{2})*$/, "has unlinked libraries"),
    linkReferences: z.record(z.string(), z.unknown()),
  }),
});

async function readArtifact(source: string, contract: string) {
  const path = join(contracts, "out", `${source}.sol`, `${contract}.json`);
  return artifact.parse(JSON.parse(await readFile(path, "utf8")));
}

function compile(): void {
  const { status, stdout, stderr, error } = spawnSync(
    "node",
    [join(contracts, "forge.mjs"), "build", "--skip", "test"],
    { encoding: "utf8" },
  );
  if (error) throw error;
  if (status !== 0) throw new Error(`forge build failed:\n${stdout}${stderr}`);
}

async function abiFile(name: string, contract: string): Promise<string> {
  const { abi } = await readArtifact(contract, contract);
  const entries = abi.map((entry) => `  ${JSON.stringify(entry)},\n`).join("");
  return `${generatedBy}export const ${name}Abi = [\n${entries}] as const;\n`;
}

async function bytecodeFile(name: string, contract: string): Promise<string> {
  const { bytecode } = await readArtifact(contract, contract);
  return `${generatedBy}export const ${name}Bytecode = "${bytecode.object}" as const;\n`;
}

/** A generated verifier has no ABI; whether it rests on a test setup shows in its name. */
async function verifierFile(source: string): Promise<[file: string, content: string]> {
  const text = await readFile(join(contracts, "src/generated", source), "utf8");
  const names = [...text.matchAll(/^contract (\w+)/gm)].map((match) => match[1] as string);
  const [contract, ...others] = names;
  if (!contract || others.length > 0) throw new Error(`${source} must hold one contract`);
  const { bytecode } = await readArtifact(source.replace(/\.sol$/, ""), contract);
  const unsafeTestSetup = contract.startsWith(unsafePrefix);
  const plain = unsafeTestSetup ? contract.slice(unsafePrefix.length) : contract;
  const name = plain.charAt(0).toLowerCase() + plain.slice(1);
  const content = `${generatedBy}export const ${name} = {
  name: "${contract}",
  unsafeTestSetup: ${unsafeTestSetup} as boolean,
  bytecode: "${bytecode.object}",
} as const;
`;
  return [`bytecode/${name}.ts`, content];
}

async function generated(): Promise<string[]> {
  const names = await readdir(join(contracts, "src/generated")).catch((error) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names.filter((name) => name.endsWith(".sol"));
}

async function wanted(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const [name, contract] of Object.entries({ ...deployed, ...interfaces })) {
    files.set(`abi/${name}.ts`, await abiFile(name, contract));
  }
  for (const [name, contract] of Object.entries(deployed)) {
    files.set(`bytecode/${name}.ts`, await bytecodeFile(name, contract));
  }
  for (const source of await generated()) files.set(...await verifierFile(source));
  return files;
}

const target = join(root, "src/chain");
const check = process.argv.includes("--check");
compile();
const files = await wanted();
const stale: string[] = [];
for (const folder of ["abi", "bytecode"]) {
  await mkdir(join(target, folder), { recursive: true });
  for (const name of await readdir(join(target, folder))) {
    if (files.has(`${folder}/${name}`)) continue;
    if (check) stale.push(`${folder}/${name}`);
    else await rm(join(target, folder, name));
  }
}
for (const [name, content] of files) {
  const path = join(target, name);
  if (!check) await writeFile(path, content);
  else if (await readFile(path, "utf8").catch(() => "") !== content) stale.push(name);
}
if (stale.length > 0) {
  const list = stale.map((name) => `src/chain/${name}`).join(", ");
  process.stderr.write(`not current: ${list}; run scripts/build/contracts.ts\n`);
  process.exitCode = 1;
}
