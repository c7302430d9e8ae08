import { describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decryptKey, encryptKey, withKeystores } from "./keystore.ts";

// The examples of the specification of Web3 Secret Storage.
const key = "0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
const published = {
  pbkdf2: {
    cipher: "aes-128-ctr",
    cipherparams: { iv: "6087dab2f9fdbbfaddc31a909735c1e6" },
    ciphertext: "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
    kdf: "pbkdf2",
    kdfparams: {
      c: 262144,
      dklen: 32,
      prf: "hmac-sha256",
      salt: "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
    },
    mac: "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
  },
  scrypt: {
    cipher: "aes-128-ctr",
    cipherparams: { iv: "83dbcc02d8ccb40e466191a123791e0e" },
    ciphertext: "d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c",
    kdf: "scrypt",
    kdfparams: {
      dklen: 32,
      n: 262144,
      r: 1,
      p: 8,
      salt: "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19",
    },
    mac: "2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097",
  },
};
const text = (crypto: unknown, version = 3) => JSON.stringify({ crypto, version });

describe("decryptKey", () => {
  for (const [kdf, crypto] of Object.entries(published)) {
    test(`opens the published example with ${kdf}`, async () => {
      expect(await decryptKey(text(crypto), "testpassword", "file")).toBe(key);
      expect(decryptKey(text(crypto), "other", "file")).rejects.toThrow("file: the password");
    });
  }

  test("refuses what is no keystore, or would take the machine's memory", async () => {
    const { scrypt, pbkdf2 } = published;
    const cases: [string, string][] = [
      ["", "no keystore"],
      ["[]", "no keystore"],
      [text(scrypt, 1), "no keystore"],
      [text({ ...scrypt, cipher: "none" }), "no keystore"],
      [text({ ...scrypt, kdfparams: { ...scrypt.kdfparams, n: 2 ** 30 } }), "parameters"],
      [text({ ...pbkdf2, kdfparams: { ...pbkdf2.kdfparams, c: 1e12 } }), "parameters"],
      [text({ ...scrypt, ciphertext: "00" }), "parameters"],
      [text({ ...scrypt, kdf: "pbkdf2" }), "parameters"],
    ];
    for (const [content, reason] of cases) {
      await expect(decryptKey(content, "testpassword", "file")).rejects.toThrow(reason);
    }
  });
});

test("what is encrypted opens with its password only, and shows no key", async () => {
  const stored = await encryptKey(key, "päss", 1 << 10);
  expect(await decryptKey(stored, "päss", "file")).toBe(key);
  await expect(decryptKey(stored, "pass", "file")).rejects.toThrow("password is wrong");
  expect(stored).not.toContain(key.slice(2, 20));
  expect(await encryptKey(key, "päss", 1 << 10)).not.toBe(stored);
});

test("an environment may name files instead of keys", async () => {
  const directory = await mkdtemp(join(tmpdir(), "w3bstream-keystore-"));
  try {
    const [file, passwords] = [join(directory, "key.json"), join(directory, "password")];
    await writeFile(file, await encryptKey(key, "secret", 1 << 10));
    await writeFile(passwords, "secret\n");
    const named = { OPERATOR_KEYSTORE: file, PROVER_KEYSTORE: file };
    const opened = { OPERATOR_PRIVATE_KEY: key, PROVER_PRIVATE_KEY: key };
    expect(await withKeystores({ ...named, KEYSTORE_PASSWORD: "secret" })).toMatchObject(opened);
    expect(await withKeystores({ ...named, KEYSTORE_PASSWORD_FILE: passwords }))
      .toMatchObject(opened);
    expect(await withKeystores({ A: "b" })).toEqual({ A: "b" });
    await expect(withKeystores(named)).rejects.toThrow("set KEYSTORE_PASSWORD");
    await expect(withKeystores({ ...named, OPERATOR_PRIVATE_KEY: key })).rejects.toThrow(
      "not both",
    );
    await expect(withKeystores({ ...named, KEYSTORE_PASSWORD_FILE: join(directory, "none") }))
      .rejects.toThrow("ENOENT");
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
