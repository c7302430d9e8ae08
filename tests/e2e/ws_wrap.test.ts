/** ws prove, verify and image-id for programs whose proofs contracts check. */
import { afterAll, describe, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "viem";
import { installedLibrary } from "../../runtimes/zkwasm/wrap/installed.ts";
import { receiptJson } from "../../src/protocol/receipt_file.ts";
import { slow } from "../slow.ts";
import { workspace, wrappedReceipt } from "./files.ts";
import { ws } from "./ws.ts";

const place = workspace();
const root = join(import.meta.dirname, "../..");
const guest = join(root, "wasm/dist/guests/fibonacci.wasm");
const path = (name: string) => join(place.directory, name);
const json = async (args: string[]) => JSON.parse((await ws([...args, "--json"])).out);
afterAll(() => place.remove());

/** The committed proof as a receipt's file. */
async function writeReceipt(name: string, change: Record<string, unknown> = {}): Promise<string> {
  const receipt = { ...receiptJson(await wrappedReceipt(guest)), ...change };
  await writeFile(path(name), JSON.stringify(receipt));
  return path(name);
}

describe("ws", () => {
  test("verifies a receipt under the class and key that it is of", async () => {
    const receipt = await writeReceipt("small.json");
    const { imageId, ...shown } = await json(["verify", receipt]);
    expect(shown).toMatchObject({
      ...{ valid: true, profile: "wrap", class: "small", unsafeTestSetup: true },
      ...{ status: "done", inputs: ["10"], outputs: ["55"] },
    });
    const key = path("other.key");
    await writeFile(key, Uint8Array.of(12, 1, 2));
    const other = `0x${"11".repeat(32)}`;
    const unnamed = await writeReceipt("unnamed.json", { class: undefined });
    const named = await writeReceipt("named.json", { key: "DAEC" });
    const refusals: [string[], RegExp][] = [
      [[receipt, "--class", "medium"], /class is small, not medium/],
      [[receipt, "--key", key], /another verifying key/],
      [[receipt, "--profile", "zk"], /wrap, not zk/],
      [[receipt, "--image-id", other], /a valid proof, but of image/],
      [[unnamed], /does not say its class/],
      [[unnamed, "--class", "tiny"], /not valid/],
      [[named], /not valid: .*key/],
    ];
    for (const [args, reason] of refusals) {
      const { code, err } = await ws(["verify", ...args]);
      expect({ args, code, err }).toEqual({ args, code: 1, err: expect.stringMatching(reason) });
    }
    expect((await ws(["verify", unnamed, "--class", "small", "--image-id", imageId])).code).toBe(0);
    const file = JSON.parse(await readFile(receipt, "utf8"));
    const proof = Uint8Array.fromBase64(file.proof);
    proof[1000] = (proof[1000] ?? 0) ^ 1;
    const bad = await ws(["verify", await writeReceipt("bad.json", { proof: proof.toBase64() })]);
    expect(bad).toMatchObject({ code: 1, err: expect.stringContaining("not valid") });
  });

  test("names a program and runs it, and says what does not fit", async () => {
    const tiny = ["--profile", "wrap", "--class", "tiny"];
    expect(await json(["image-id", guest, ...tiny])).toMatchObject({
      ...{ profile: "wrap", class: "tiny", unsafeTestSetup: true, commits: false },
      proofBytes: expect.any(Number),
      programId: sha256(
        new Uint8Array([
          ...await readFile(guest),
          ...new TextEncoder().encode('{"profile":"wrap","class":"tiny"}'),
        ]),
      ),
    });
    const dry = ["prove", guest, ...tiny, "--dry-run", "--input"];
    expect(await json([...dry, '{"public_input":[10]}'])).toMatchObject({ outputs: ["55"] });
    const refusals: [string[], RegExp][] = [
      [[...dry, '{"public_input":[10000]}'], /class Tiny/],
      [["image-id", guest, "--class", "tiny"], /--class and --key are for --profile wrap/],
      [["image-id", guest, ...tiny, "--key", guest], /key/],
      [["verifier", "setup", "--ptau", path("none"), "--output", path("keys")], /can't read/],
    ];
    for (const [args, reason] of refusals) {
      const { code, err } = await ws(args);
      expect({ args, code, err }).toEqual({ args, code: 1, err: expect.stringMatching(reason) });
    }
  });

  test("says what is wrong with a project's codeExpParam, and warns of a test setup", async () => {
    const validate = async (codeExpParam: string) => {
      const project = {
        versions: [{ version: "0.1", vmType: "zkwasm", codeExpParam, code: guest }],
      };
      await writeFile(path("project.json"), JSON.stringify(project));
      return await ws(["project", "validate", path("project.json")]);
    };
    const unsafe = await validate('{"profile":"wrap"}');
    expect(unsafe).toMatchObject({
      code: 0,
      out: expect.stringContaining("names no verifying key"),
    });
    const named = await readFile(join(root, "wasm/wrap/src/keys/unsafe_test_small.key"));
    const key = new Uint8Array(named).toBase64();
    const keyed = (more: Record<string, string>) =>
      validate(JSON.stringify({ profile: "wrap", ...more }));
    const safe = await keyed({ key });
    expect(safe).toMatchObject({ code: 0, out: expect.not.stringContaining("warning") });
    const cut = new Uint8Array(named).slice(0, -1).toBase64();
    const refusals: [Record<string, string>, RegExp][] = [
      [{ class: "huge" }, /version 0\.1: codeExpParam must be like .*"medium"/],
      [{ key: "DAEC" }, /version 0\.1: codeExpParam\.key: .*key/],
      [{ key: cut }, /version 0\.1: codeExpParam\.key: .*key/],
      [{ class: "medium", key }, /version 0\.1: codeExpParam\.key: .*of another class/],
    ];
    for (const [more, reason] of refusals) {
      const { code, err } = await keyed(more);
      expect({ more, code, err }).toEqual({ more, code: 1, err: expect.stringMatching(reason) });
    }
  });
});

test.skipIf(!slow || !installedLibrary())("ws proves a run for chains", async () => {
  const receipt = path("proved.json");
  const proving = ["--profile", "wrap", "--class", "tiny"];
  const input = ["--input", '{"public_input":[10]}'];
  const proved = await ws(["prove", guest, ...proving, ...input, "--output", receipt]);
  expect(proved).toMatchObject({ code: 0, err: expect.stringContaining("wraps the proof") });
  const verified = await ws(["verify", receipt, "--program", guest]);
  expect(verified).toMatchObject({ code: 0, out: expect.stringContaining("outputs  55") });
}, 1_200_000);
