import { expect, test } from "bun:test";
import { pureJsCrypto } from "@libp2p/noise";
import { wasmCrypto } from "./cipher.ts";

const random = (size: number) => crypto.getRandomValues(new Uint8Array(size));

test("agrees with the library's own at every size of a Noise frame, and opens no forgery", () => {
  const [key, nonce, ad] = [random(32), random(12), random(32)];
  for (const size of [0, 1, 63, 64, 65, 1_000, 65_519]) {
    const plaintext = random(size);
    const sealed = wasmCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, key).subarray();
    const other = pureJsCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, key).subarray();
    expect(Buffer.compare(sealed, other)).toBe(0);
    const open = (bytes: Uint8Array) =>
      wasmCrypto.chaCha20Poly1305Decrypt(bytes, nonce, ad, key).subarray();
    expect(Buffer.compare(open(sealed), plaintext)).toBe(0);
    for (const at of [0, sealed.length - 1]) {
      const forged = sealed.slice();
      forged[at] = (forged[at] as number) ^ 1;
      expect(() => open(forged)).toThrow();
    }
  }
  expect(wasmCrypto.hashSHA256(key)).toEqual(Buffer.from(pureJsCrypto.hashSHA256(key)));
});
