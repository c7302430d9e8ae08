/** `ws verify` of a Halo2 receipt, as archives keep it. */
import { afterAll, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import vector from "../../contracts/test/vectors/halo2-weather.json" with { type: "json" };
import { workspace } from "./files.ts";
import { ws } from "./ws.ts";

const root = join(import.meta.dirname, "../..");
const weather = join(root, "wasm/dist/weather_halo2.wasm");
const place = workspace();
afterAll(() => place.remove());

const bytes = (hex: string) => Uint8Array.fromHex(hex.slice(2));
const good = bytes(vector.proof);

/** Runs it on a receipt with these fields. */
async function verify(fields: Record<string, unknown> = {}, ...args: string[]) {
  const path = join(place.directory, "receipt.json");
  const { programId, taskId, prover } = vector;
  const task = { taskId, prover };
  const values = { publicValues: bytes(vector.publicValues).toBase64(), proof: good.toBase64() };
  const file = { version: 1, vmType: "halo2", programId, task, ...values, ...fields };
  await writeFile(path, JSON.stringify(file));
  return await ws(["verify", path, ...args]);
}

test("is checked by its program, and shows what it says and what its setup is worth", async () => {
  const { code, out, err } = await verify({}, "--program", weather);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(/^valid$/m);
  expect(out).toMatch(/^setup +a test's/m);
  expect(out).toMatch(/^count +16$/m);
  expect(out).toContain(vector.taskId);
}, 60_000);

test(
  "is refused without its program, of another, of another task, and with another proof",
  async () => {
    const proof = good.slice();
    proof[proof.length - 1] = (proof.at(-1) ?? 0) ^ 1;
    const other = join(root, "wasm/dist/guests/fibonacci.wasm");
    const task = { taskId: `0x${"12".repeat(32)}`, prover: vector.prover };
    const refusals: [Record<string, unknown>, string[], RegExp][] = [
      [{}, [], /give by --program/],
      [{}, ["--program", other], /is of program 0x/],
      [{}, ["--program", weather, "--profile", "zk"], /--profile is for zkwasm/],
      [{}, ["--program", weather, "--param", "{}"], /--param is for risc0/],
      [{}, ["--program", weather, "--image-id", task.taskId], /not 0x1212/],
      [{ task }, ["--program", weather], /bound to another task/],
      [{ proof: proof.toBase64() }, ["--program", weather], /is not valid/],
    ];
    for (const [fields, args, reason] of refusals) {
      const { code, err } = await verify(fields, ...args);
      expect({ args, code, err }).toEqual({ args, code: 1, err: expect.stringMatching(reason) });
    }
  },
  120_000,
);
