/** Keys in encrypted files: made by `ws`, used by `ws` and by a node. */
import { afterAll, expect, test } from "bun:test";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EnodeClient } from "../../src/client.ts";
import { anvilAccount, anvilKey, startAnvil } from "../../src/chain/anvil.ts";
import { workspace } from "./files.ts";
import { startNode } from "./node.ts";
import { ws } from "./ws.ts";

const place = workspace();
afterAll(() => place.remove());
const file = join(place.directory, "key.json");
const passwordFile = join(place.directory, "password");
const password = { KEYSTORE_PASSWORD_FILE: passwordFile };
const owner = anvilAccount(0).address;

test("ws keys imports, shows and makes keys, and overwrites none", async () => {
  await writeFile(passwordFile, "hunter2\n");
  const given = { ...password, OPERATOR_PRIVATE_KEY: anvilKey(0) };
  const imported = await ws(["keys", "import", file, "--json"], given);
  expect(JSON.parse(imported.out)).toEqual({ file, address: owner });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const stored = await readFile(file, "utf8");
  expect(stored + imported.out + imported.err).not.toContain(anvilKey(0).slice(2));
  expect((await ws(["keys", "import", file], given)).err).toContain("is there already");
  expect(await readFile(file, "utf8")).toBe(stored);

  expect((await ws(["keys", "show", file])).out.trim().toLowerCase()).toBe(owner.toLowerCase());
  expect((await ws(["keys", "show", file, "--check"], password)).out.trim()).toBe(owner);
  const other = join(place.directory, "other.json");
  const made = await ws(["keys", "create", other, "--json"], { KEYSTORE_PASSWORD: "x" });
  expect(JSON.parse(made.out).address).not.toBe(owner);
  expect((await ws(["keys", "show", other, "--check"], password)).err).toContain(
    "password is wrong",
  );
  await writeFile(other, stored.replace(owner.slice(2).toLowerCase(), "00".repeat(20)));
  expect((await ws(["keys", "show", other, "--check"], password)).err).toContain("its key is that");
  expect((await ws(["keys", "create", join(place.directory, "none")])).err).toContain(
    "set KEYSTORE_PASSWORD",
  );
  expect((await ws(["keys", "import", join(place.directory, "none")], password)).err).toContain(
    "set OPERATOR_PRIVATE_KEY",
  );
});

test("ws signs with such a key, and a node starts with it", async () => {
  const env = { OPERATOR_KEYSTORE: file, ...password };
  const anvil = await startAnvil();
  try {
    const addresses = join(place.directory, "addresses.json");
    const flags = ["--chain", anvil.url, "--addresses", addresses, "--json"];
    const { code, out, err } = await ws(["deploy", ...flags], env);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(JSON.parse(out).router).toMatch(/^0x/);
    const locked = await ws(["deploy", ...flags], { OPERATOR_KEYSTORE: file });
    expect(locked.out).toContain("set KEYSTORE_PASSWORD");
  } finally {
    await anvil.stop();
  }
  const node = await startNode({ ...place.env, ...env });
  try {
    expect((await new EnodeClient(node.url).config()).OperatorETHAddress).toBe(owner);
    expect(node.log()).not.toContain("hunter2");
  } finally {
    await node.kill();
  }
});
