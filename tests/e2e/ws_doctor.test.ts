/** ws doctor, on this machine and with services that work, lie or are missing. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bytesToHex } from "viem";
import { startValidator } from "../../src/output/solana/testing/validator.ts";
import { type Anvil, anvilAccount, startAnvil } from "../../src/chain/anvil.ts";
import { workspace } from "./files.ts";
import { ws } from "./ws.ts";

const place = workspace();
let anvil: Anvil;
beforeAll(async () => {
  anvil = await startAnvil();
});
afterAll(async () => {
  await anvil?.stop();
  await place.remove();
});

interface Answer {
  readonly code: number;
  readonly ok: boolean;
  /** By check: state and text. */
  readonly said: Readonly<Record<string, string>>;
  readonly all: string;
}

async function doctor(env: Record<string, string>, ...args: string[]): Promise<Answer> {
  const { code, out, err } = await ws(["doctor", "--json", ...args], { ...place.env, ...env });
  const { ok, findings } = JSON.parse(out);
  const said = Object.fromEntries(
    findings.map((f: Record<string, string>) => [f.check, `${f.state}: ${f.text}`]),
  );
  return { code, ok, said, all: out + err };
}

describe("ws doctor", () => {
  test("finds nothing wrong where nothing is configured", async () => {
    const { code, ok, said } = await doctor({});
    expect({ code, ok }).toEqual({ code: 0, ok: true });
    expect(said).toMatchObject({
      "wasm/dist/risc0.wasm": "ok: has its committed hash",
      "data directory": expect.stringMatching(/^ok: .* will be made$/),
      "native risc0": expect.stringMatching(/^(ok: .* ran a sample in|note: not built)/),
      chain: "note: CHAIN_ENDPOINT is not set",
    });
  });

  test("tells what does not answer, and no secret", async () => {
    const key = bytesToHex(anvilAccount(1).getHdKey().privateKey as Uint8Array);
    const { code, said, all } = await doctor({
      DATABASE_DSN: "postgres://user:hunter2@127.0.0.1:1/name",
      CHAIN_ENDPOINT: "http://127.0.0.1:1/hunter2",
      IPFS_ENDPOINT: "http://user:hunter2@127.0.0.1:1",
      RISC0_PROVER_ENDPOINT: "http://127.0.0.1:1/hunter2",
      OPERATOR_PRIVATE_KEY: key,
    });
    expect(code).toBe(1);
    expect(said).toMatchObject({
      configuration: expect.stringMatching(/^wrong: .*also needs PROJECT_CONTRACT_ADDRESS/),
      chain: expect.stringMatching(/^wrong: .* can't be reached/),
      database: "wrong: DATABASE_DSN: the database is not available (ECONNREFUSED)",
      IPFS: expect.stringMatching(/^wrong: .*ECONNREFUSED/),
      "remote prover": expect.stringMatching(/^wrong: .*ECONNREFUSED/),
    });
    expect(all).not.toContain("hunter2");
    expect(all).not.toContain(key.slice(2, 20));
  });

  test("looks where results go", async () => {
    const validator = startValidator();
    try {
      const key = "11".repeat(32);
      const { said } = await doctor({
        SOLANA_ENDPOINTS: `${validator.genesisHash}=${validator.url},devnet=${validator.url}`,
        OPERATOR_PRIVATE_KEY_ED25519: key,
        ARCHIVE_DIRECTORY: join(place.directory, "archive"),
      });
      expect(said).toMatchObject({
        [`solana ${validator.genesisHash}`]: expect.stringMatching(/^note: \w+ has 0 lamports$/),
        "solana devnet": "wrong: its endpoint is of another cluster; correct SOLANA_ENDPOINTS",
        archive: expect.stringMatching(/^note: .* will be made$/),
      });
      validator.fault = (method) =>
        method === "getSignatureStatuses"
          ? Response.json({
            error: { code: -32011, message: "Transaction history is not available" },
          })
          : undefined;
      const forgetful = await doctor({
        SOLANA_ENDPOINTS: `${validator.genesisHash}=${validator.url}`,
        OPERATOR_PRIVATE_KEY_ED25519: key,
      });
      expect(forgetful.said).toMatchObject({
        [`solana ${validator.genesisHash}`]:
          "wrong: the RPC refuses getSignatureStatuses: Transaction history is not available",
      });
    } finally {
      await validator.stop();
    }
    expect(
      (await doctor({
        OPERATOR_PRIVATE_KEY_ED25519: "11".repeat(32),
        ARCHIVE_DIRECTORY: place.directory,
      })).said,
    ).toMatchObject({
      solana: "note: SOLANA_ENDPOINTS is not set: nothing is sent there",
      archive: `ok: ${place.directory} can be written`,
    });
    expect((await readdir(place.directory)).filter((name) => name.includes("probe"))).toEqual([]);
    expect((await doctor({ ARCHIVE_DIRECTORY: import.meta.path })).said).toMatchObject({
      archive: expect.stringMatching(/^wrong: the archive can't be written: /),
    });
    const { code, said, all } = await doctor({
      SOLANA_ENDPOINTS: "devnet=http://127.0.0.1:1/hunter2",
      ARCHIVE_S3_ENDPOINT: "http://127.0.0.1:1",
      ARCHIVE_S3_BUCKET: "receipts",
      ARCHIVE_S3_ACCESS_KEY_ID: "id",
      ARCHIVE_S3_SECRET_ACCESS_KEY: "hunter2",
    });
    expect(code).toBe(1);
    expect(said).toMatchObject({
      "solana devnet": "wrong: the RPC does not answer getGenesisHash",
      archive: "wrong: the archive does not answer",
    });
    expect(all).not.toContain("hunter2");
  });

  test("asks the chain for its contracts and the keys' coins", async () => {
    const operator = anvilAccount(2), stranger = "0x00000000000000000000000000000000000000aa";
    const { code, said } = await doctor({
      CHAIN_ENDPOINT: anvil.url,
      CHAIN_ENDPOINTS: `5=${anvil.url}`,
      PROJECT_CONTRACT_ADDRESS: stranger,
      ZNODE_CONTRACT_ADDRESS: stranger,
      ROUTER_CONTRACT_ADDRESS: stranger,
      OPERATOR_PRIVATE_KEY: bytesToHex(operator.getHdKey().privateKey as Uint8Array),
    });
    expect(code).toBe(1);
    expect(said).toMatchObject({
      configuration: expect.stringMatching(/^ok/),
      chain: "ok: CHAIN_ENDPOINT is of chain 31337",
      "chain 5": expect.stringMatching(/^wrong: .*is of chain 31337/),
      ROUTER_CONTRACT_ADDRESS: expect.stringMatching(/^wrong: no contract is at 0x0+aa/i),
      "operator's key": expect.stringMatching(new RegExp(`^ok: ${operator.address} has \\d+`)),
    });
  });

  test("looks at a node of another role, by the file of its settings", async () => {
    const path = join(place.directory, "znode.conf");
    const key = bytesToHex(anvilAccount(4).getHdKey().privateKey as Uint8Array);
    const contracts = ["PROJECT", "ZNODE", "ROUTER"].map((name) =>
      `${name}_CONTRACT_ADDRESS=0x00000000000000000000000000000000000000aa`
    );
    const lines = [`CHAIN_ENDPOINT=http://127.0.0.1:1`, ...contracts, `PROVER_PRIVATE_KEY=${key}`];
    await writeFile(path, lines.join("\n"), { mode: 0o600 });
    const asked = { CHAIN_ENDPOINT: anvil.url };
    const { said } = await doctor(asked, "--config", path, "--role", "znode");
    expect(said).toMatchObject({
      configuration: "ok: a node of role znode starts with it",
      chain: "ok: CHAIN_ENDPOINT is of chain 31337",
    });
    expect((await doctor(asked, "--config", path)).said.configuration).toMatch(
      /^wrong: .*OPERATOR_PRIVATE_KEY/,
    );
  });

  test("refuses a native library that is not the configured one", async () => {
    const path = join(place.directory, "library.so");
    await writeFile(path, "no library");
    const { code, said } = await doctor({
      NATIVE_LIBRARIES: `risc0=${path}#${"00".repeat(32)}`,
      DATA_DIRECTORY: path,
    });
    expect(code).toBe(1);
    expect(said).toMatchObject({
      "native risc0": expect.stringMatching(/^wrong: .* has hash 0x\w{64}, not the configured one/),
      "data directory": expect.stringMatching(/^wrong: .* is no directory$/),
    });
  });
});
