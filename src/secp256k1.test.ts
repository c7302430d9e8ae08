import { expect, test } from "bun:test";
import {
  bytesToHex,
  type Hex,
  hexToBytes,
  keccak256,
  recoverAddress,
  toHex,
  type TransactionSerializable,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { accountOf, isCanonical, recoverAnySigner, recoverSigner } from "./secp256k1.ts";
import { recoverSigner as pageRecoverSigner } from "./pages/browser/secp256k1.ts";

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const word = (n: bigint): Uint8Array => hexToBytes(toHex(n, { size: 32 }));
const join = (r: Uint8Array, s: Uint8Array, v: number): Uint8Array => {
  const whole = new Uint8Array(65);
  whole.set(r);
  whole.set(s, 32);
  whole[64] = v;
  return whole;
};

async function both(digest: Uint8Array, signature: Uint8Array): Promise<[string, string]> {
  const hash = bytesToHex(digest);
  const theirs = await recoverAddress({ hash, signature: bytesToHex(signature) }).catch(() => "no");
  try {
    return [recoverAnySigner(digest, signature), theirs];
  } catch {
    return ["no", theirs];
  }
}

test("signs and recovers as viem does", async () => {
  for (let i = 1; i <= 60; i++) {
    const key = keccak256(toHex(i));
    const hash = keccak256(key);
    const theirs = privateKeyToAccount(key);
    const signature = await accountOf(key).sign({ hash });
    expect(signature).toBe(await theirs.sign({ hash }));
    expect(recoverSigner(hexToBytes(hash), hexToBytes(signature))).toBe(theirs.address);
  }
});

test("signs transactions of each type as viem does", async () => {
  const to = `0x${"ab".repeat(20)}` as const;
  const base = { chainId: 4689, nonce: 0, to, value: 0n, gas: 21_000n };
  const transactions: TransactionSerializable[] = [
    { ...base, type: "legacy", gasPrice: 7n, data: "0x" },
    { ...base, type: "eip1559", maxFeePerGas: 9n, maxPriorityFeePerGas: 1n, data: "0x1234" },
    { ...base, type: "eip2930", gasPrice: 7n, nonce: 300 },
  ];
  for (let i = 1; i <= 20; i++) {
    const key = keccak256(toHex(i));
    for (const transaction of transactions) {
      const theirs = await privateKeyToAccount(key).signTransaction(transaction);
      expect(await accountOf(key).signTransaction(transaction)).toBe(theirs);
    }
  }
});

test("agrees with viem about odd, altered and impossible signatures", async () => {
  const digest = hexToBytes(keccak256("0x07"));
  const made = hexToBytes(
    await accountOf(keccak256("0x08")).sign({ hash: bytesToHex(digest) as Hex }),
  );
  const [r, s] = [made.slice(0, 32), made.slice(32, 64)];
  const high = word(order - BigInt(bytesToHex(s)));
  const none = word(0n);
  const cases: Uint8Array[] = [none, word(1n), word(order), word(order - 1n), r, high, s]
    .flatMap((x) => [none, word(order), word(order + 1n), s, high].map((y) => [x, y] as const))
    .flatMap(([x, y]) => [0, 1, 27, 28].map((v) => join(x, y, v)));
  let refused = 0;
  for (const signature of cases) {
    const [ours, theirs] = await both(digest, signature);
    expect(ours).toBe(theirs);
    if (ours === "no") refused++;
  }
  expect(refused).toBeGreaterThan(20);
  expect(refused).toBeLessThan(cases.length);
  for (const v of [2, 3, 26, 29, 30, 255]) {
    expect((await both(digest, join(r, s, v)))[0]).toBe("no");
  }
  expect(() => recoverAnySigner(digest, made.slice(0, 64))).toThrow();
});

test("what is signed for contracts has one form", async () => {
  const { address, sign } = accountOf(keccak256("0x08"));
  const digest = hexToBytes(keccak256("0x07"));
  const made = hexToBytes(await sign({ hash: bytesToHex(digest) }));
  const [r, s, v] = [made.slice(0, 32), made.slice(32, 64), made[64] as number];
  const high = word(order - BigInt(bytesToHex(s)));
  expect(recoverSigner(digest, made)).toBe(address);
  const same = [join(r, s, v - 27), join(r, high, 55 - v), join(r, high, 28 - v)];
  for (const signature of same) {
    expect(recoverAnySigner(digest, signature)).toBe(address);
    expect(() => recoverSigner(digest, signature)).toThrow();
    expect(() => pageRecoverSigner(digest, signature)).toThrow();
  }
  expect(pageRecoverSigner(digest, made)).toBe(address);
  const half = (order - 1n) / 2n;
  expect([half, half + 1n].map((s) => isCanonical(join(r, word(s), v)))).toEqual([true, false]);
});
