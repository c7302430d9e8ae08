/** ws prove, verify and image-id for risc0, as the developer of a guest uses them. */
import { afterAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { installedLibrary } from "../../runtimes/risc0/installed.ts";
import { fixture, workspace } from "./files.ts";
import { ws } from "./ws.ts";

const root = join(import.meta.dirname, "../..");
const guest = (name: string) => join(root, `wasm/dist/guests/risc0_${name}.bin`);
const place = workspace();
const file = (name: string) => join(place.directory, name);
afterAll(() => place.remove());

const [original] = JSON.parse(readFileSync(fixture("original-risc0.json"), "utf8"));
const param = original.codeExpParam as string;

/** The text of a methods.rs, as an original project file carries it. */
async function methods(): Promise<string> {
  const path = file("methods.rs");
  await writeFile(path, inflateSync(Buffer.from(original.code, "hex")));
  return path;
}

async function expectRefusals(refusals: readonly [string[], RegExp][]): Promise<void> {
  for (const [args, reason] of refusals) {
    const { code, err } = await ws(args);
    expect({ args, code, err }).toEqual({ args, code: 1, err: expect.stringMatching(reason) });
  }
}

describe("ws, without risc0's native library,", () => {
  test("names a program, by its form and its codeExpParam", async () => {
    const { out } = await ws(["image-id", guest("meter"), "--json"]);
    const bare = JSON.parse(out);
    expect(bare).toMatchObject({
      bindingKind: "data",
      imageId: expect.stringMatching(/^0x[0-9a-f]{64}$/),
    });
    const unbound = JSON.parse(
      (await ws(["image-id", guest("meter"), "--param", '{"binding":"none"}', "--json"])).out,
    );
    expect(unbound).toMatchObject({ imageId: bare.imageId, bindingKind: "none" });
    expect(unbound.programId).not.toBe(bare.programId);

    const text = await ws(["image-id", await methods(), "--param", param]);
    const [, own, stated] = /^image {4}(0x\w{64})\nstated {3}(0x\w{64}) \(another/.exec(text.out) ??
      [];
    expect({ ...text, own, stated }).toMatchObject({
      code: 0,
      out: expect.stringContaining("kernel   sprout, joined with the ELF"),
      own: expect.stringMatching(/^0x/),
      stated: expect.stringMatching(/^0x/),
    });
    expect(own).not.toBe(stated);
  });

  test("refuses what is no program, and options of another machine", async () => {
    await expectRefusals([
      [["image-id", await methods()], /must name the constants/],
      [["image-id", fixture("original-risc0.json")], /is no program: .*project file's code/],
      [["image-id", guest("meter"), "--param", "{"], /codeExpParam must be JSON/],
      [["image-id", guest("meter"), "--profile", "zk"], /--profile is for zkwasm/],
      [["prove", guest("meter"), "--message", "1", "--input", "1"], /one of --message/],
      [["prove", guest("meter"), "--param", '{"receipt_type":"Snark"}'], /remote prover/],
      [["prove", guest("meter"), "--segment-po2", "12"], /from 13 to 22/],
      [["prove", join(root, "wasm/dist/guests/sum.wasm"), "--message", "1"], /is for risc0/],
    ]);
  });

  test("refuses a receipt that is malformed, or proves nothing", async () => {
    const raw = file("raw.bin"), forged = file("forged.json");
    await writeFile(raw, new Uint8Array(300).fill(7));
    const hash = `0x${"12".repeat(32)}`;
    const receipt = {
      ...{ version: 1, vmType: "risc0", programId: hash, imageId: hash, bindingKind: "data" },
      ...{ publicValues: "AAAA", proof: Buffer.alloc(300, 1).toString("base64") },
    };
    await writeFile(forged, JSON.stringify(receipt));
    const halo2 = file("halo2.json"), other = file("other.json"), short = file("short.json");
    await writeFile(halo2, JSON.stringify({ ...receipt, vmType: "halo2" }));
    await writeFile(other, JSON.stringify({ ...receipt, vmType: "cairo" }));
    await writeFile(short, JSON.stringify({ ...receipt, imageId: "0x12" }));
    await expectRefusals([
      [["verify", raw], /is not JSON, and as a receipt of risc0 it is malformed/],
      [["verify", forged], /not valid for image 0x1212/],
      [["verify", forged, "--profile", "zk"], /--profile is for zkwasm/],
      [["verify", halo2], /is a receipt of halo2: give by --program/],
      [["verify", other], /vmType: must be a receipt of/],
      [["verify", short], /imageId: must be 32 bytes/],
    ]);
  });
});

describe("ws verify of a real receipt", () => {
  const { imageId, journal: said } = JSON.parse(readFileSync(fixture("risc0/meter.json"), "utf8"));
  const journal = Buffer.from(said.slice(2), "hex");
  const proofOf = (form: string) => readFileSync(fixture(`risc0/${form}.bin`));
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

  /** Writes a receipt as ws prove does. */
  async function receiptOf(proof: Uint8Array, values: Uint8Array = journal): Promise<string> {
    const path = file("real.receipt.json");
    const receipt = {
      ...{ version: 1, vmType: "risc0", programId: imageId, imageId, bindingKind: "data" },
      ...{ publicValues: base64(values), proof: base64(proof) },
    };
    await writeFile(path, JSON.stringify(receipt));
    return path;
  }

  test("shows what it says, for its program and no other", async () => {
    for (const form of ["composite", "succinct"]) {
      const path = await receiptOf(proofOf(form));
      const { code, out } = await ws(["verify", path, "--image-id", imageId, "--json"]);
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({
        ...{ valid: true, imageId, form, bindingKind: "data" },
        journal: said,
        inputCommitment: said.slice(0, 66),
        binding: `0x${said.slice(66, 130)}`,
      });
    }
    const path = await receiptOf(proofOf("succinct"));
    expect((await ws(["verify", path])).out).toContain("compare that with ws image-id");
    await expectRefusals([
      [["verify", path, "--program", guest("hash_chain")], /a valid proof, but of image/],
    ]);
  });

  test("takes risc0's own encoding, where the program is named", async () => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(journal.length));
    const raw = file("receipt.bin");
    await writeFile(raw, Buffer.concat([proofOf("succinct"), length, journal, Buffer.alloc(32)]));
    const { code, out } = await ws(["verify", raw, "--image-id", imageId]);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining("proof    succinct") });
    await expectRefusals([
      [["verify", raw], /names no program/],
      [["verify", raw, "--program", guest("hash_chain")], /not valid for image/],
    ]);
  });

  test("refuses it when a byte of the journal or the proof is another", async () => {
    const changed = (bytes: Uint8Array) => bytes.map((b, i) => i === bytes.length >> 1 ? b ^ 1 : b);
    const proof = proofOf("succinct");
    for (const [other, values] of [[changed(proof), journal], [proof, changed(journal)]] as const) {
      const path = await receiptOf(other, values);
      await expectRefusals([[["verify", path], /not valid for image/]]);
    }
  });
});

const installed = installedLibrary() !== undefined;
if (!installed) test.skip("ws prove: the prover is not built (bun run build:native)", () => {});

describe.skipIf(!installed)("ws prove --dry-run", () => {
  test("shows what a run takes and says", async () => {
    const salt = `0x${"07".repeat(32)}`, binding = `0x${"09".repeat(32)}`;
    const messages = ["--message", "21.5", "--message", "60"];
    const { code, out } = await ws(
      [
        "prove",
        guest("meter"),
        ...messages,
        "--salt",
        salt,
        "--binding",
        binding,
        "--dry-run",
        "--json",
      ],
    );
    expect(code).toBe(0);
    const ran = JSON.parse(out);
    expect(ran).toMatchObject({ binding, segments: [{ po2: expect.any(Number) }] });
    expect(ran.provenCycles).toBeGreaterThanOrEqual(ran.cycles);
    expect(ran.memoryBytes).toBeGreaterThan(100e6);
    // Of two readings one is within the range: 21,500 thousandths.
    expect(ran.journal).toEndWith("0000000000000002" + "0000000000000001" + "00000000000053fc");
    expect(ran.journal).toStartWith(ran.inputCommitment + binding.slice(2));
    expect(existsSync(join(root, "risc0_meter.receipt.json"))).toBe(false);
  });

  test("shows why a guest fails, in its own words", async () => {
    await expectRefusals([
      [["prove", guest("meter"), "--dry-run"], /refused its input: exit code 1/],
      [
        ["prove", await methods(), "--param", param, "--message", "x", "--dry-run"],
        /the guest panicked: a message must be JSON/,
      ],
    ]);
  });

  test("reads an input's file, whatever kind of receipt its message asks for", async () => {
    const path = file("message");
    await writeFile(path, '{"private_input":"14","public_input":"3,34","receipt_type":"Snark"}');
    const run = ["prove", await methods(), "--input-file", path, "--dry-run", "--param"];
    const { code, out } = await ws([...run, param]);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining("stated   0x") });
  });

  // Only Linux shows whose child a process is without asking another program.
  test.skipIf(!existsSync("/proc/self"))("ends the run when it is interrupted", async () => {
    const long = file("long");
    // Hashing it takes the machine's whole allowance of cycles.
    await writeFile(long, new Uint8Array(8_000_000));
    const args = [
      "src/ws/index.ts",
      "prove",
      guest("hash_chain"),
      "--dry-run",
      "--input-file",
      long,
    ];
    const child = spawn(join(root, "node_modules/.bin/bun"), args, { cwd: root, stdio: "ignore" });
    const ended = new Promise<NodeJS.Signals | null>((resolve) => {
      child.on("exit", (_code, signal) => resolve(signal));
    });
    const runs = await until(() => provers(child.pid ?? 0));
    child.kill("SIGINT");
    expect(await ended).toBe("SIGINT");
    await until(() => runs.some((pid) => existsSync(`/proc/${pid}`)) ? undefined : true);
  }, 60_000);
});

/** Processes that prove for another one. */
function provers(parent: number): number[] | undefined {
  const found = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      const [, ppid] = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return Number(ppid) === parent && command.includes("risc0/child.ts");
    } catch {
      return false; // It has just ended.
    }
  });
  return found.length > 0 ? found.map(Number) : undefined;
}

/** Waits for a value. @throws when there is none in 20 s */
async function until<T>(look: () => T | undefined): Promise<T> {
  for (const end = performance.now() + 20_000;;) {
    const value = look();
    if (value !== undefined) return value;
    if (performance.now() > end) throw new Error("waited 20 s in vain");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
