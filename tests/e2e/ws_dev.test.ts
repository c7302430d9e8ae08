/** `ws dev`: from messages to a value on the chain, with changes on the way. */
import { afterAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { freePort } from "../../scripts/free_port.ts";
import { workspace } from "./files.ts";
import { until } from "./node.ts";
import { startWs, ws } from "./ws.ts";

const place = workspace();
/** Where it keeps what it needs while it runs. */
const temporary = join(place.directory, "tmp");
await mkdir(temporary);
const env = { TMPDIR: temporary };
afterAll(() => place.remove());

async function init(runtime: string, name = runtime): Promise<string> {
  const folder = join(place.directory, name);
  const { code, err } = await ws(["init", folder, "--runtime", runtime]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return folder;
}

test("zkwasm: from messages in a file to the chain, and what is false does not get there", async () => {
  const folder = await init("zkwasm");
  const messages = join(folder, "mine.txt");
  const [first] = (await readFile(join(folder, "messages.txt"), "utf8")).split("\n");
  const lie = '{"public_input":[777],"private_input":[31337]}';
  await writeFile(messages, `${first}\n\n${lie}\n`);
  // Taken by this, or by somebody already: another port will do.
  const taken = createServer().on("error", () => {}).listen(9000, "127.0.0.1");
  const { code, out, err } = await ws(["dev", folder, "--messages", messages, "--json"], env);
  taken.close();
  const result = JSON.parse(out);
  expect(result).toMatchObject({
    messages: [{ line: 1 }, { line: 2 }],
    values: { latest: "63", greatest: "63" },
  });
  const [done, failed] = result.messages.map((m: { states: { state: string }[] }) => m.states);
  expect(done.map(({ state }: { state: string }) => state)).toEqual([
    ...["received", "packed", "dispatched", "proved", "outputted"],
  ]);
  expect(failed.at(-1)).toMatchObject({ state: "failed" });
  expect(failed.at(-1).comment).toContain("require failed");
  expect(out + err).not.toContain('31337"');
  expect(code).toBe(1);
  expect(readdirSync(temporary)).toEqual([]);
});

test("halo2: typed messages, a contract that is changed meanwhile, Ctrl-C", async () => {
  const folder = await init("halo2");
  const dev = startWs(["dev", folder, "--port", `${await freePort()}`], env);
  const says = (text: string | RegExp) =>
    until(`ws dev says ${text}`, async () => dev.said().match(text) ?? undefined);
  try {
    await says("takes messages");
    dev.type('{"value":21.5}');
    await says(/on the chain {2}count 1 {2}hot false {2}mean 215 {2}tasks 1/);

    const path = join(folder, "contract/Station.sol");
    const source = await readFile(path, "utf8");
    await writeFile(path, source.replace("int16 public mean;", "int16 public mean"));
    await says("not taken up: ParserError");
    await writeFile(
      path,
      source.replace("uint256 public tasks;", "uint256 public proven;")
        .replace("++tasks;", "++proven;"),
    );
    await says(/(project 1 has config [^]*){2}/);
    dev.type('{"value":-3}');
    await says(/on the chain {2}count 1 {2}hot false {2}mean -30 {2}proven 1/);
    // On its way when all ends.
    dev.type('{"value":7}');
    await says(/message 3 .*received/);
  } finally {
    expect({ code: await dev.interrupt(), said: dev.said() }).toMatchObject({ code: 0 });
  }
  expect(readdirSync(temporary)).toEqual([]);
});

test("a terminal that is closed leaves nothing running", async () => {
  const folder = await init("halo2", "closed");
  const dev = startWs(["dev", folder, "--port", `${await freePort()}`], env);
  try {
    await until("a chain is started", async () => dev.said().match(/has config/) ?? undefined);
  } finally {
    expect({ code: await dev.interrupt("SIGHUP"), said: dev.said() }).toMatchObject({ code: 0 });
  }
  expect(readdirSync(temporary)).toEqual([]);
});

test("says what to do", async () => {
  const { code, err } = await ws(["dev", join(place.directory, "none")], env);
  expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining("project.json") });
  const missing = await ws(["dev", join(place.directory, "halo2"), "--messages", "none.txt"], env);
  expect(missing.err).toContain("can't read none.txt (ENOENT)");
});
