import { expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "./config.ts";
import { loadKeys } from "./keys.ts";

const one = `0x${"11".repeat(32)}`, two = `0x${"22".repeat(32)}`;

test("a znode's own key is all that it needs; an enode's is no znode's", async () => {
  const directory = await mkdtemp(join(tmpdir(), "w3bstream-keys-"));
  const load = (role: string, keys: Record<string, string>) =>
    loadKeys(loadConfig(role, {}, { DATA_DIRECTORY: directory, ...keys }));
  try {
    const alone = await load("znode", { PROVER_PRIVATE_KEY: one });
    expect(alone.operator.address).toBe(alone.prover.address);
    expect(await readdir(directory)).toEqual([]);
    const both = await load("znode", { OPERATOR_PRIVATE_KEY: two, PROVER_PRIVATE_KEY: one });
    expect(both.prover.address).toBe(alone.prover.address);
    expect(both.operator.address).not.toBe(alone.prover.address);
    const enode = await load("enode", { OPERATOR_PRIVATE_KEY: two, PROVER_PRIVATE_KEY: one });
    expect(enode.prover.address).toBe(both.operator.address);
  } finally {
    await rm(directory, { recursive: true });
  }
});
