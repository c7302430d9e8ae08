/** What Noise encrypts with on a runtime whose own crypto has no ChaCha20-Poly1305, as Bun's. */
import { createHash } from "node:crypto";
import { ChaCha20Poly1305, newInstance } from "@chainsafe/as-chacha20poly1305";
import { type ICryptoInterface, pureJsCrypto } from "@libp2p/noise";

const cipher = new ChaCha20Poly1305(newInstance());

/** The cipher in WASM; what only a handshake needs is JavaScript. */
export const wasmCrypto: ICryptoInterface = {
  ...pureJsCrypto,
  hashSHA256: (data) => createHash("sha256").update(data.subarray()).digest(),
  chaCha20Poly1305Encrypt: (plaintext, nonce, ad, key) =>
    cipher.seal(key, nonce, plaintext.subarray(), ad),
  chaCha20Poly1305Decrypt(ciphertext, nonce, ad, key, dst) {
    const plaintext = cipher.open(key, nonce, ciphertext.subarray(), ad, dst);
    if (!plaintext) throw new Error("the ciphertext is not authentic");
    return plaintext;
  },
};
