/** ws prove, verify and image-id, as the developer of a guest uses them. */
import { afterAll, describe, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { workspace } from "./files.ts";
import { ws } from "./ws.ts";

const place = workspace();
const guest = (name: string) => join(import.meta.dirname, `../../wasm/dist/guests/${name}.wasm`);
const receipt = place.directory + ".json";
afterAll(async () => {
  await place.remove();
  await Bun.file(receipt).delete();
});

describe("ws", () => {
  test("proves a run into a file that verifies, for its program and no other", async () => {
    const input = '{"private_input":[3,"0x4"],"public_input":[7]}';
    const proved = await ws(["prove", guest("sum"), "--input", input, "--output", receipt]);
    expect(proved).toMatchObject({
      code: 0,
      err: expect.stringMatching(/proving\n\d+ tables: Cpu 2\^\d/),
    });
    expect(proved.out).toMatch(/status {3}done\nsteps {4}\d+\n/);

    const { out } = await ws(["image-id", guest("sum"), "--json"]);
    const { imageId } = JSON.parse(out);
    expect((await ws(["verify", receipt, "--image-id", imageId])).code).toBe(0);
    const shown = JSON.parse((await ws(["verify", receipt, "--json"])).out);
    const said = { valid: true, profile: "zk", status: "done", imageId, inputs: ["7"] };
    expect(shown).toMatchObject(said);
    const other = await ws(["verify", receipt, "--program", guest("fibonacci")]);
    expect(other).toMatchObject({ code: 1, err: expect.stringContaining("but of image") });

    const file = JSON.parse(await readFile(receipt, "utf8"));
    const proof = Buffer.from(file.proof, "base64");
    proof[1000] = (proof[1000] ?? 0) ^ 1;
    await writeFile(receipt, JSON.stringify({ ...file, proof: proof.toString("base64") }));
    const bad = await ws(["verify", receipt]);
    expect(bad).toMatchObject({ code: 1, err: expect.stringContaining("not valid") });
    await writeFile(receipt, JSON.stringify({ ...file, version: 2 }));
    const newer = await ws(["verify", receipt]);
    expect(newer).toMatchObject({ code: 1, err: expect.stringContaining("version") });
  });

  test("proves by a profile, which a verifier can ask for", async () => {
    const fast = ["--profile", "fast"];
    const input = '{"private_input":[3,4],"public_input":[7]}';
    const { code } = await ws([
      "prove",
      guest("sum"),
      ...fast,
      "--input",
      input,
      "--output",
      receipt,
    ]);
    expect(code).toBe(0);
    const shown = await ws(["verify", receipt, ...fast, "--program", guest("sum")]);
    expect(shown).toMatchObject({ code: 0, out: expect.stringContaining("does not hide") });
    const weaker = await ws(["verify", receipt, "--profile", "zk"]);
    expect(weaker).toMatchObject({ code: 1, err: expect.stringContaining("fast, not zk") });
    const file = JSON.parse(await readFile(receipt, "utf8"));
    await writeFile(receipt, JSON.stringify({ ...file, profile: "zk" }));
    const posed = await ws(["verify", receipt, "--profile", "zk"]);
    expect(posed).toMatchObject({ code: 1, err: expect.stringContaining("not of the wanted") });

    const ids = await Promise.all(
      ["fast", "zk"].map((profile) =>
        ws(["image-id", guest("sum"), "--profile", profile, "--json"])
      ),
    );
    const [plain, hiding] = ids.map(({ out }) => JSON.parse(out));
    expect(plain.imageId).not.toBe(hiding.imageId);
    expect(plain.programId).not.toBe(hiding.programId);
  });

  test("runs without proving, and says why a run or module is refused", async () => {
    const dry = ["prove", guest("fibonacci"), "--dry-run", "--json", "--input"];
    const { out } = await ws([...dry, '{"public_input":[90]}']);
    expect(JSON.parse(out)).toMatchObject({ status: "done", outputs: ["2880067194370816120"] });
    const refusals: [string[], RegExp][] = [
      [["prove", guest("sum")], /no private input is left/],
      [["prove", guest("sum"), "--input", '{"private_input":["x"]}'], /private_input\.0/],
      [["prove", "missing.wasm"], /can't read missing.wasm/],
      [["image-id", import.meta.filename], /is no program/],
      [["image-id", guest("sum"), "--profile", "slow"], /fast/],
      [["verify", guest("sum")], /not JSON/],
    ];
    for (const [args, reason] of refusals) {
      const { code, err } = await ws(args);
      expect({ args, code, err }).toEqual({ args, code: 1, err: expect.stringMatching(reason) });
    }
  });
});
