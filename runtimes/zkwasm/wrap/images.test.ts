/** What loads tell of programs, kept on disk. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileModule, WasmLibrary, wrapModule } from "../module.ts";
import { WrapEngine, type Wrapping } from "./engine.ts";
import { imageOf, type WrappedImage } from "./images.ts";

const tiny: Wrapping = { class: "tiny", key: new Uint8Array(0) };
let folder: string, code: Uint8Array, told: WrappedImage;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "images-"));
  const guest = new URL("../../../wasm/dist/guests/fibonacci.wasm", import.meta.url);
  code = new Uint8Array(await readFile(guest));
  const engine = new WrapEngine(new WasmLibrary(await compileModule(wrapModule)));
  const { handle: _, ...image } = engine.load(code, tiny);
  told = image;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What is told of a program, and after how many loads. */
async function ask(at: string | undefined, of = code, wrapping = tiny) {
  let loads = 0;
  const image = await imageOf(at, { code: of, wrapping }, () => {
    loads++;
    return Promise.resolve({ handle: 7, ...told });
  });
  return { image, loads };
}

describe("what a load tells", () => {
  test("is found again, for the same program, class and key alone", async () => {
    expect(await ask(folder)).toMatchObject({ image: told, loads: 1 });
    expect(await ask(folder)).toEqual({ image: told, loads: 0 });
    const longer = Uint8Array.from([...code, 0]);
    expect((await ask(folder, longer)).loads).toBe(1);
    expect((await ask(folder, code, { ...tiny, class: "small" })).loads).toBe(1);
    expect((await ask(folder, code, { ...tiny, key: Uint8Array.of(0) })).loads).toBe(1);
    // Bytes of the one are none of the other.
    const moved = { ...tiny, key: code.slice(0, 1) };
    expect((await ask(folder, code.slice(1), moved)).loads).toBe(1);
    expect(await ask(folder)).toEqual({ image: told, loads: 0 });
    expect(await readdir(folder)).toHaveLength(5);
  });

  test("is asked for anew where its entry is not what was written for it", async () => {
    const place = await mkdtemp(join(folder, "one-"));
    const entry = async (of?: Uint8Array) => {
      const before = await readdir(place);
      await ask(place, of);
      const [name = ""] = (await readdir(place)).filter((name) => !before.includes(name));
      return join(place, name);
    };
    const path = await entry();
    const text = await readFile(path, "utf8");
    const other = await readFile(await entry(code.slice(1)), "utf8");
    const wrong = [
      ...["", text.slice(0, -10), "{}", "null", other],
      text.replace(/(0x.*?)(.)"/, (_, start, last) => `${start}${last === "0" ? 1 : 0}"`),
      text.replace('"unsafeTestSetup":true', '"unsafeTestSetup":false'),
    ];
    for (const now of wrong) {
      expect(now).not.toBe(text);
      await writeFile(path, now);
      expect(await ask(place)).toMatchObject({ image: told, loads: 1 });
      expect(await readFile(path, "utf8")).toBe(text);
      expect(await ask(place)).toEqual({ image: told, loads: 0 });
    }
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test("is asked for each time where nothing can be kept", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    for (const at of [undefined, file, join(file, "folder")]) {
      for (let i = 0; i < 2; i++) expect((await ask(at)).loads).toBe(1);
    }
  });

  test("is not kept of what can't be loaded", async () => {
    const place = await mkdtemp(join(folder, "none-"));
    const failing = () => Promise.reject(new Error("it is too large"));
    await expect(imageOf(place, { code, wrapping: tiny }, failing)).rejects.toThrow("too large");
    expect(await readdir(place)).toEqual([]);
    expect((await ask(place)).loads).toBe(1);
  });
});
