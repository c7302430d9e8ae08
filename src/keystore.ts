/** Private keys in files, encrypted by a password: Ethereum's Web3 Secret Storage, version 3. */
import { Buffer } from "node:buffer";
import {
  createCipheriv,
  createDecipheriv,
  pbkdf2,
  randomBytes,
  randomUUID,
  timingSafeEqual,
} from "node:crypto";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { promisify } from "node:util";
import { scrypt } from "hash-wasm";
import type { Hex } from "viem";
import { z } from "zod";
import { keccakHex } from "./keccak.ts";
import { accountOf } from "./secp256k1.ts";

/** Says which file can't be used and why, and never contains a key or a password. */
export class KeystoreError extends Error {
  override readonly name = "KeystoreError";
}

const hex = z.string().regex(/^([0-9a-fA-F]{2})+$/).transform((text) => Buffer.from(text, "hex"));
const whole = (greatest: number) => z.number().int().min(1).max(greatest);
const keystoreSchema = z.object({
  version: z.literal(3),
  crypto: z.object({
    cipher: z.literal("aes-128-ctr"),
    cipherparams: z.object({ iv: hex }),
    ciphertext: hex,
    mac: hex,
    kdf: z.enum(["scrypt", "pbkdf2"]),
    kdfparams: z.unknown(),
  }),
});
const dklen = z.literal(32);
const scryptSchema = z.object({
  ...{ dklen, salt: hex },
  ...{ n: whole(1 << 20), r: whole(16), p: whole(16) },
})
  // 256 MiB: 128 · n · r bytes.
  .refine(({ n, r }) => n >= 2 && (n & (n - 1)) === 0 && n * r <= 1 << 21);
const pbkdf2Schema = z.object({
  ...{ dklen, salt: hex, c: whole(10_000_000), prf: z.literal("hmac-sha256") },
});

// By WASM: Bun's own refuses some of the parameters that other wallets use.
const scryptOf = (password: string, { n, r, p, salt }: z.output<typeof scryptSchema>) =>
  scrypt({
    ...{ password, salt, costFactor: n, blockSize: r, parallelism: p },
    ...{ hashLength: 32, outputType: "binary" },
  });

const macOf = (derived: Uint8Array, ciphertext: Uint8Array) =>
  Buffer.from(keccakHex(Buffer.concat([derived.subarray(16, 32), ciphertext])).slice(2), "hex");

/** The JSON of a keystore. @param n scrypt's cost; less than the default is for tests */
export async function encryptKey(key: Hex, password: string, n = 1 << 17): Promise<string> {
  const [salt, iv] = [randomBytes(32), randomBytes(16)];
  const kdfparams = { dklen: 32, n, r: 8, p: 1, salt } as const;
  const derived = await scryptOf(password, kdfparams);
  const cipher = createCipheriv("aes-128-ctr", derived.subarray(0, 16), iv);
  const ciphertext = Buffer.concat([
    cipher.update(Buffer.from(key.slice(2), "hex")),
    cipher.final(),
  ]);
  const crypto = {
    cipher: "aes-128-ctr",
    cipherparams: { iv: iv.toString("hex") },
    ciphertext: ciphertext.toString("hex"),
    kdf: "scrypt",
    kdfparams: { ...kdfparams, salt: salt.toString("hex") },
    mac: macOf(derived, ciphertext).toString("hex"),
  };
  const address = accountOf(key).address.slice(2).toLowerCase();
  return `${JSON.stringify({ version: 3, id: randomUUID(), address, crypto }, null, 2)}\n`;
}

/** @param path in messages @throws {KeystoreError} */
export async function decryptKey(text: string, password: string, path: string): Promise<Hex> {
  const parsed = keystoreSchema.safeParse(jsonOf(text));
  if (!parsed.success) throw new KeystoreError(`${path} is no keystore of version 3`);
  const { cipherparams, ciphertext, mac, kdf, kdfparams } = parsed.data.crypto;
  const params = (kdf === "scrypt" ? scryptSchema : pbkdf2Schema).safeParse(kdfparams);
  if (!params.success || cipherparams.iv.length !== 16 || ciphertext.length !== 32) {
    throw new KeystoreError(`${path}: its parameters are none that are used for keys`);
  }
  const derived = "n" in params.data
    ? await scryptOf(password, params.data)
    : await promisify(pbkdf2)(password, params.data.salt, params.data.c, 32, "sha256");
  const expected = macOf(derived, ciphertext);
  if (mac.length !== expected.length || !timingSafeEqual(mac, expected)) {
    throw new KeystoreError(`${path}: the password is wrong, or the file is damaged`);
  }
  const cipher = createDecipheriv("aes-128-ctr", derived.subarray(0, 16), cipherparams.iv);
  const key = Buffer.concat([cipher.update(ciphertext), cipher.final()]);
  return `0x${key.toString("hex")}`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type Env = Readonly<Record<string, string | undefined>>;

/** `KEYSTORE_PASSWORD`, or the first line of `KEYSTORE_PASSWORD_FILE`; undefined: neither is set. */
export async function keystorePassword(env: Env = process.env): Promise<string | undefined> {
  if (env.KEYSTORE_PASSWORD) return env.KEYSTORE_PASSWORD;
  if (!env.KEYSTORE_PASSWORD_FILE) return undefined;
  const [line = ""] = (await readText(env.KEYSTORE_PASSWORD_FILE)).split(/\r?\n/);
  if (line === "") throw new KeystoreError(`${env.KEYSTORE_PASSWORD_FILE} has no password`);
  return line;
}

/** @throws {KeystoreError} */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new KeystoreError(`can't read ${path} (${(error as NodeJS.ErrnoException).code})`);
  }
}

/**
 * The environment with the private keys of the keystores that it names.
 * @throws {KeystoreError} also where a key is given twice
 */
export async function withKeystores(env: Env): Promise<Env> {
  const keys: Record<string, string> = {};
  for (const name of ["OPERATOR", "PROVER"] as const) {
    const path = env[`${name}_KEYSTORE`];
    if (!path) continue;
    const plain = `${name}_PRIVATE_KEY`;
    if (env[plain]) throw new KeystoreError(`set ${name}_KEYSTORE or ${plain}, not both`);
    const password = await keystorePassword(env);
    if (password === undefined) {
      throw new KeystoreError(`${path}: set KEYSTORE_PASSWORD or KEYSTORE_PASSWORD_FILE`);
    }
    keys[plain] = await decryptKey(await readText(path), password, path);
  }
  return { ...env, ...keys };
}
