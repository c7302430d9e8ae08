/** What a peer that means harm does, by hand, to a node of another process. */
import type { Connection, Stream } from "@libp2p/interface";
import type { Multiaddr } from "@multiformats/multiaddr";
import { Uint8ArrayList } from "uint8arraylist";
import type { Address } from "viem";
import { sealBinding } from "../../src/network/binding.ts";
import { framesOver, FrameStream } from "../../src/network/frames.ts";
import type { Host } from "../../src/network/host.ts";
import { Link, type LinkIdentity } from "../../src/network/link.ts";
import { limits, taskProtocol } from "../../src/protocol/index.ts";

const chunk = crypto.getRandomValues(new Uint8Array(65_536));

/** Sends chunks until `bytes` are sent or the stream is gone; answers how many were. */
export async function flood(
  stream: Stream,
  bytes: number,
  first: Uint8Array = new Uint8Array(),
): Promise<number> {
  let sent = 0, open = true, wake = () => {};
  stream.addEventListener("close", () => {
    open = false;
    wake();
  });
  for (const event of ["drain", "idle"] as const) stream.addEventListener(event, () => wake());
  try {
    stream.send(first.slice());
    while (open && sent < bytes) {
      stream.send(new Uint8ArrayList(chunk));
      sent += chunk.length;
      while (open && stream.writeBufferLength > 1_000_000) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          setTimeout(resolve, 100);
        });
      }
      // The socket is read and written between turns of the event loop.
      if (sent % 1_048_576 === 0) await new Promise((resolve) => setTimeout(resolve));
    }
  } catch {
    // The stream was reset while it was written.
  }
  return sent;
}

export const lengthPrefix = (length: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length);
  return bytes;
};

/** A stream on which the binding was exchanged, made by hand. */
export async function bind(
  host: Host,
  identity: LinkIdentity,
  target: readonly Multiaddr[],
): Promise<{ raw: Stream; frames: FrameStream; connection: Connection }> {
  const connection = await host.dial([...target]);
  const raw = await connection.newStream(taskProtocol);
  const frames = new FrameStream(raw);
  await frames.write(
    await sealBinding(identity, {
      peerId: host.peerId.toString(),
      remotePeerId: connection.remotePeer.toString(),
      at: Date.now(),
      role: "znode",
    }),
  );
  await frames.read(1024);
  return { raw, frames, connection };
}

/** Bitswap's message that wants blocks, with its length before it. */
export function wantList(cids: readonly Uint8Array[]): Uint8Array {
  const entries = cids.flatMap((cid) => {
    // cid, priority 1, no cancel, the block itself, sendDontHave
    const entry = [0x0a, cid.length, ...cid, 0x10, 1, 0x20, 0, 0x28, 1];
    return [0x0a, entry.length, ...entry];
  });
  const list = [0x0a, ...varint(entries.length), ...entries];
  return new Uint8Array([...varint(list.length), ...list]);
}

export function varint(n: number): number[] {
  const bytes: number[] = [];
  for (; n > 127; n = Math.floor(n / 128)) bytes.push(n % 128 + 128);
  return [...bytes, n];
}

/** One dial of a znode that takes the trap for an enode. */
export interface Visit {
  readonly raw: Stream;
  readonly frames: FrameStream;
  /** Binds the trap's own key; the frames that follow are signed by `as`. */
  link(as: LinkIdentity): Promise<Link>;
}

/** An enode that means harm: each dial meets the next of what was set. */
export class Trap {
  readonly #set: ((visit: Visit) => Promise<unknown>)[] = [];
  /** Those that were not met to their end. */
  left = 0;

  constructor(
    private readonly host: Host,
    private readonly own: LinkIdentity,
    private readonly visitor: Address,
  ) {
    void host.handle(taskProtocol, (raw, connection) => this.#meet(raw, connection));
  }

  get multiaddrs(): Multiaddr[] {
    return this.host.getMultiaddrs();
  }

  set(what: (visit: Visit) => Promise<unknown>): void {
    this.#set.push(what);
    this.left++;
  }

  #meet(raw: Stream, connection: Connection): void {
    const frames = new FrameStream(raw);
    const what = this.#set.shift();
    if (!what) return frames.abort(new Error("no trap is set"));
    const link = async (as: LinkIdentity) => {
      await frames.read(1024);
      const opening = await sealBinding(this.own, {
        peerId: this.host.peerId.toString(),
        remotePeerId: connection.remotePeer.toString(),
        at: Date.now(),
        role: "enode",
      });
      await frames.write(opening);
      const remote = this.visitor;
      return new Link({ remote, frames: framesOver(frames, limits.directFrame) }, as);
    };
    void what({ raw, frames, link }).catch(() => undefined).finally(() => this.left--);
  }
}
