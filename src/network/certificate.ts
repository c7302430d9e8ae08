/** What a peer shows by webrtc-direct: its hash is part of the address, so it is kept. */
import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { base64url } from "multiformats/bases/base64";
import { sha256 } from "multiformats/hashes/sha2";
import { CipherContext, HashAlgorithm, NamedCurveAlgorithm, SignatureAlgorithm } from "werift";

/** As libp2p takes it. */
export interface TransportCertificate {
  /** PKCS #8, PEM. */
  readonly privateKey: string;
  readonly pem: string;
  /** Multibase of the multihash of the certificate's DER. */
  readonly certhash: string;
}

/**
 * Made on the first start, then the same for ever: peers know it by its hash alone and look at
 * nothing in it, dates neither. The key is for the owner's eyes only.
 */
export async function transportCertificate(directory: string): Promise<TransportCertificate> {
  const path = join(directory, "webrtc.pem");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    text = await make();
    await writeFile(path, text, { mode: 0o600, flag: "wx" });
    await chmod(path, 0o600);
  }
  const [privateKey, pem] = ["PRIVATE KEY", "CERTIFICATE"].map((name) =>
    new RegExp(`-----BEGIN ${name}-----[^-]+-----END ${name}-----`).exec(text)?.[0]
  );
  // Nothing of the file's content may reach a log.
  if (!privateKey || !pem) throw new Error(`${path} can't be read as a key and its certificate`);
  const { bytes } = await sha256.digest(new Uint8Array(derOf(pem, path)));
  return { privateKey, pem, certhash: base64url.encode(bytes) };
}

function derOf(pem: string, path: string): Buffer {
  try {
    return new X509Certificate(pem).raw;
  } catch {
    throw new Error(`${path} can't be read as a key and its certificate`);
  }
}

async function make(): Promise<string> {
  const { keyPem, certPem } = await CipherContext.createSelfSignedCertificateWithKey(
    { signature: SignatureAlgorithm.ecdsa_3, hash: HashAlgorithm.sha256_4 },
    NamedCurveAlgorithm.secp256r1_23,
  );
  return `${keyPem.trim()}\n${certPem.trim()}\n`;
}
