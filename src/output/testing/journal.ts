import type { Journal, JournalEntry } from "../../da/da.ts";
import { openLocal } from "../../da/local.ts";

/** A znode's journal, in memory; `entries` shows what was written to it. */
export function memoryJournal(): Journal & { readonly entries: Map<string, JournalEntry> } {
  const { journal } = openLocal(":memory:");
  const entries = new Map<string, JournalEntry>();
  return {
    ...journal,
    entries,
    async reserve(entry, chainNonce) {
      const made = await journal.reserve(entry, chainNonce);
      entries.set(made.key, made);
      return made;
    },
    async update(key, change) {
      await journal.update(key, change);
      entries.set(key, await journal.get(key) as JournalEntry);
    },
  };
}
