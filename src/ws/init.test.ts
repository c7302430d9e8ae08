import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import {
  concatHex,
  encodeFunctionData,
  type Hex,
  numberToHex,
  parseAbi,
  zeroAddress,
  zeroHash,
} from "viem";
import { slow } from "../../tests/slow.ts";
import { anvilAccount, startAnvil } from "../chain/anvil.ts";
import { connectChain, type Sender } from "../chain/clients.ts";
import { deployContract } from "../chain/deploy_contract.ts";
import { transact } from "../chain/transact.ts";
import { encodeProject } from "../project/encode.ts";
import { Solidity } from "./dev/solidity.ts";
import { readDraft } from "./draft.ts";

const root = join(import.meta.dirname, "../..");
const ws = join(root, "src/ws/index.ts");
const guests = join(root, "wasm/dist/guests");

let directory = "";
beforeAll(async () => void (directory = await mkdtemp(join(tmpdir(), "w3bstream-init-"))));
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Runs a command of `ws`; gives what it says, and throws when it fails. */
function run(...args: string[]): string {
  return execFileSync(process.execPath, [ws, ...args], { encoding: "utf8", stdio: "pipe" });
}

/** Public values of a run, as receivers have them. */
function statement(inputs: readonly number[], outputs: readonly (string | number)[]): Hex {
  const numbers = [...inputs, ...outputs].map((n) => numberToHex(BigInt(n), { size: 8 }));
  const counts = [inputs, outputs].map(({ length }) => numberToHex(length, { size: 4 }));
  return concatHex(["0x0100", zeroHash, zeroHash, ...counts, ...numbers]);
}

describe("ws init", () => {
  test("makes a project that nodes read, and that stands alone", async () => {
    const folder = join(directory, "new/project");
    expect(run("init", folder, "--runtime", "risc0")).toContain("README.md");

    await copyFile(join(guests, "risc0_meter.bin"), join(folder, "guest.bin"));
    const contract = {
      contractAddress: "0x0000000000000000000000000000000000000001",
      contractMethod: "report",
      contractAbiJSON: JSON.stringify(parseAbi(["function report(uint64 _projectId)"])),
    };
    const draft = await readDraft(join(folder, "project.json"));
    const versions = draft.versions.map((version) => ({
      ...version,
      output: { type: "ethereumContract", ethereum: contract },
    }));
    const { file } = await encodeProject({ ...draft, versions });
    expect(file.warnings).toEqual([]);
    const [version] = file.versions.values();
    expect(version?.vmType).toBe("risc0");
    expect(JSON.parse(version?.program.param ?? "")).toEqual({ input: "bytes", binding: "data" });

    const copy = join(folder, "guest/w3bstream-guest");
    expect((await readdir(copy)).sort()).toEqual(["Cargo.toml", "src"]);
    const library = join(root, "wasm/guests/risc0/guest/src/lib.rs");
    expect(await readFile(join(copy, "src/lib.rs"))).toEqual(await readFile(library));
    const manifest = await readFile(join(folder, "guest/Cargo.toml"), "utf8");
    expect(manifest).toContain('w3bstream-guest = { path = "w3bstream-guest" }');
  });

  test("keeps its hands off a folder with files", async () => {
    await writeFile(join(directory, "mine"), "");
    expect(() => run("init", directory, "--runtime", "risc0")).toThrow("is not empty");
    expect(() => run("init", join(directory, "mine"), "--runtime", "risc0")).toThrow("EEXIST");
  });

  test("makes a zkwasm project that goes by the router, whose contract reads what was proved", async () => {
    const folder = join(directory, "on-chain");
    run("init", folder, "--runtime", "zkwasm", "--on-chain");
    run("project", "build", join(folder, "project.json"));
    const program = join(folder, "program.wasm");
    const messages = (await readFile(join(folder, "messages.txt"), "utf8")).trim().split("\n");
    expect(messages.length).toBeGreaterThan(1);
    // The class's own image id takes minutes, and is nothing to a run.
    const dry = ["--profile", "fast", "--dry-run", "--json", "--input"];
    const runs = messages.map((input) => JSON.parse(run("prove", program, ...dry, input)));
    const [version] = (await readDraft(join(folder, "project.json"))).versions;
    expect(JSON.parse(String(version?.codeExpParam))).toEqual({ profile: "wrap", class: "medium" });

    const anvil = await startAnvil();
    try {
      const client = await connectChain(anvil.url);
      const router = client.sender(anvilAccount(0));
      const programId = numberToHex(2, { size: 32 });
      const [contract] = await new Solidity().compile(folder, ["contract/Meter.sol"]);
      if (!contract) throw new Error("nothing was compiled");
      const { abi, bytecode } = contract;
      const args = [router.wallet.account.address, 7n, programId];
      const { address } = await deployContract(router, "Meter", { abi, bytecode, args }, {});
      const tell = (sender: Sender, publicValues: Hex) => {
        const given = [numberToHex(1, { size: 32 }), 7n, programId, zeroAddress, publicValues];
        const data = encodeFunctionData({ abi, functionName: "onResult", args: given });
        return transact(sender, { to: address, data, abi, what: "onResult" });
      };
      for (const [i, { outputs }] of runs.entries()) {
        const [sum] = JSON.parse(messages[i] ?? "").public_input;
        await tell(router, statement([sum], outputs));
        const read = (functionName: string) =>
          client.reader.readContract({ address, abi, functionName });
        expect(await read("latest")).toBe(BigInt(sum));
        expect(await read("readings")).toBe(BigInt(outputs.at(-1)));
      }
      const some = statement([1], [0, 0, 0, 0, 1]);
      await expect(tell(client.sender(anvilAccount(1)), some)).rejects.toThrow("NotRouter");
      await expect(tell(router, statement([], [0, 0, 0, 0, 1]))).rejects.toThrow("NoClaim");
    } finally {
      await anvil.stop();
    }
  });

  test("has proofs that contracts check of zkwasm alone", () => {
    const args = ["init", join(directory, "other"), "--runtime", "risc0", "--on-chain"];
    expect(() => run(...args)).toThrow("--on-chain is for --runtime zkwasm");
  });

  test("says which runtimes there are", () => {
    expect(() => run("init", join(directory, "other"), "--runtime", "jvm")).toThrow("zkwasm");
    expect(() => run("init", join(directory, "other"))).toThrow("--runtime");
  });
});

const script = join(root, "scripts/build/guest.ts");

/** Builds the guest of a crate; gives what the script says, and throws when it fails. */
function build(folder: string): string {
  return execFileSync(process.execPath, [script, folder], { encoding: "utf8", stdio: "pipe" });
}

test("scripts/build/guest.ts builds crates only", () => {
  expect(() => build(directory)).toThrow("is no crate: it has no Cargo.toml");
});

// Compiles Rust's standard library, which takes minutes.
describe.skipIf(!slow)("SLOW=1: the guest of a new project", () => {
  test("passes its tests, and builds to the same bytes from another folder", async () => {
    const [one, two] = [join(directory, "one"), join(directory, "two/deeper")];
    run("init", one, "--runtime", "risc0");
    execFileSync("cargo", ["test", "--quiet"], { cwd: join(one, "guest"), stdio: "ignore" });
    run("init", two, "--runtime", "risc0");
    await copyFile(join(one, "guest/Cargo.lock"), join(two, "guest/Cargo.lock"));

    expect(build(join(one, "guest"))).toMatch(/image id [0-9a-f]{64}/);
    build(join(two, "guest"));
    const program = await readFile(join(one, "guest/guest.bin"));
    expect(program.subarray(0, 4)).toEqual(Buffer.from("R0BF"));
    expect(program.equals(await readFile(join(two, "guest/guest.bin")))).toBe(true);
  });

  test("is a program", () => {
    const library = join(root, "wasm/guests/risc0/guest");
    expect(() => build(library)).toThrow("has 0 programs");
  });
});
