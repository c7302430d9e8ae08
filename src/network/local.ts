/** Links between an enode and a znode in one process, over the same wire code as between machines. */
import { duplexPair } from "../channel.ts";
import { type WireError } from "../protocol/index.ts";
import { Link, type LinkIdentity, type Links } from "./link.ts";

/** Frames that wait on either side before a sender waits. */
const defaultCapacity = 256;

/** Two ends of one connection; each signs with its own key. */
export function linkPair(
  a: LinkIdentity,
  b: LinkIdentity,
  options: { readonly capacity?: number; readonly onRefused?: (error: WireError) => void } = {},
): { readonly a: Link; readonly b: Link; close(reason?: unknown): void } {
  const { capacity = defaultCapacity, onRefused } = options;
  const [left, right] = duplexPair<Uint8Array, Uint8Array>(capacity);
  const refused = onRefused ? { onRefused } : {};
  const ends = {
    a: new Link({ remote: b.signer.address, frames: left }, a, refused),
    b: new Link({ remote: a.signer.address, frames: right }, b, refused),
  };
  return {
    ...ends,
    close(reason) {
      ends.a.close(reason);
      ends.b.close(reason);
    },
  };
}

/** Links that are added and removed by hand. */
export class LinkSet implements Links {
  readonly #links = new Set<Link>();
  readonly #listeners = new Set<(link: Link) => void>();

  list(): Link[] {
    return [...this.#links];
  }

  onLink(listener: (link: Link) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  add(link: Link): void {
    this.#links.add(link);
    for (const listener of this.#listeners) listener(link);
  }

  remove(link: Link): void {
    this.#links.delete(link);
  }
}

export interface LocalLinksOptions {
  readonly enode: LinkIdentity;
  readonly znode: LinkIdentity;
  /** Called for each frame that either side refuses. */
  readonly onRefused?: (error: WireError) => void;
}

/** One connection between the enode and the znode of a node with both roles. */
export function localLinks(
  { enode, znode, onRefused }: LocalLinksOptions,
): { readonly enode: Links; readonly znode: Links; close(): void } {
  const pair = linkPair(enode, znode, onRefused ? { onRefused } : {});
  const sides = { enode: new LinkSet(), znode: new LinkSet() };
  sides.enode.add(pair.a);
  sides.znode.add(pair.b);
  return { ...sides, close: () => pair.close() };
}
