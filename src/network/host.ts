/** This process as a libp2p peer: TCP, Noise, Yamux, Identify and Ping, and nothing that is native. */
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { identify } from "@libp2p/identify";
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from "@libp2p/crypto/keys";
import type { Libp2p, PrivateKey } from "@libp2p/interface";
import { noise, pureJsCrypto } from "@libp2p/noise";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { createLibp2p } from "libp2p";
import { bytesToHex, type Hex, hexToBytes } from "viem";
import { runtimeName } from "../platform.ts";

export interface HostOptions {
  /** Where the peer key is kept. */
  readonly directory: string;
  /** Multiaddrs to listen on; none: only dials. */
  readonly listen: readonly string[];
  /** Pause between pings, ms. */
  readonly pingMs?: number;
  /** A peer that owes a ping for so long is dead, ms. */
  readonly deadMs?: number;
}

/** Starts the peer. A peer that stops answering loses its connection after `pingMs + deadMs`. */
export async function createHost(
  { directory, listen, pingMs = 5_000, deadMs = 8_000 }: HostOptions,
): Promise<Libp2p> {
  return await createLibp2p({
    privateKey: await peerKey(directory),
    addresses: { listen: [...listen] },
    transports: [tcp()],
    // Bun's crypto has no ChaCha20-Poly1305, to which noise turns for large frames.
    connectionEncrypters: [noise(runtimeName === "bun" ? { crypto: pureJsCrypto } : {})],
    streamMuxers: [
      yamux({
        maxInboundStreams: 64,
        maxEarlyStreams: 8,
        // A paused reader keeps at most a window, which must stay under a stream's read buffer.
        streamOptions: { maxStreamWindowSize: 1024 * 1024, maxReadBufferLength: 2 * 1024 * 1024 },
      }),
    ],
    nodeInfo: { userAgent: "w3bstream" },
    services: { identify: identify(), ping: ping() },
    connectionManager: {
      maxConnections: 512,
      maxIncomingPendingConnections: 32,
      inboundConnectionThreshold: 10,
    },
    connectionMonitor: {
      pingInterval: pingMs,
      pingTimeout: { minTimeout: deadMs, maxTimeout: deadMs },
    },
  });
}

/** The key that makes the peer id: made on the first start, then the same for ever. */
async function peerKey(directory: string): Promise<PrivateKey> {
  const path = join(directory, "peer.key");
  try {
    return privateKeyFromProtobuf(hexToBytes((await readFile(path, "utf8")).trim() as Hex));
  } catch (error) {
    // Neither the file's content nor what the parser says of it may reach a log.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
      throw new Error(`${path} can't be read as a peer key`);
    }
  }
  await mkdir(directory, { recursive: true });
  const key = await generateKeyPair("Ed25519");
  await writeFile(path, `${bytesToHex(privateKeyToProtobuf(key))}\n`, { mode: 0o600, flag: "wx" });
  await chmod(path, 0o600);
  return key;
}
