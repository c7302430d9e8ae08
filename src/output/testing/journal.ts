import type { Journal, JournalEntry } from "../../da/da.ts";

/** A journal in memory, with the rules of the real one. For tests. */
export function memoryJournal(): Journal & { readonly entries: Map<string, JournalEntry> } {
  const entries = new Map<string, JournalEntry>();
  const spent = new Map<string, bigint>();
  const isOpen = ({ state }: JournalEntry) => state === "intended" || state === "sent";
  const openOf = (chainId: bigint, sender: string) =>
    [...entries.values()]
      .filter((e) => isOpen(e) && e.chainId === chainId && e.sender === sender)
      .sort((a, b) => a.nonce - b.nonce);
  return {
    entries,
    get: (key) => Promise.resolve(entries.get(key)),
    async reserve(entry, chainNonce) {
      const known = entries.get(entry.key);
      if (known) return known;
      const taken = new Set(
        [...entries.values()]
          .filter((e) => e.chainId === entry.chainId && e.sender === entry.sender)
          .filter((e) => isOpen(e) || e.state === "confirmed")
          .map((e) => e.nonce),
      );
      let nonce = chainNonce;
      while (taken.has(nonce)) nonce++;
      const made = {
        ...entry,
        nonce,
        state: "intended",
        hashes: [],
        updatedAt: Date.now(),
      } as const;
      entries.set(entry.key, made);
      return made;
    },
    async update(key, { state, addHash, request }) {
      const old = entries.get(key);
      if (!old) throw new Error(`no journal entry ${key}`);
      entries.set(key, {
        ...old,
        state: state ?? old.state,
        request: request ?? old.request,
        hashes: addHash ? [...new Set([...old.hashes, addHash])] : old.hashes,
        updatedAt: Date.now(),
      });
    },
    open: (chainId, sender) => Promise.resolve(openOf(chainId, sender)),
    spent: (projectId, day) => Promise.resolve(spent.get(`${projectId}/${day}`) ?? 0n),
    async addSpent(projectId, day, wei) {
      const name = `${projectId}/${day}`;
      spent.set(name, (spent.get(name) ?? 0n) + wei);
    },
  };
}
