import type { Intents } from "../../da/da.ts";

/** Intents in memory, which live as long as `rows`. */
export function memoryIntents(
  rows = new Map<string, { intent: string; cost: bigint; day: string; projectId: bigint }>(),
): Intents {
  return {
    get: async (key) => rows.get(key)?.intent,
    save: async ({ key, projectId, intent, cost = 0n, day }, previous) => {
      const old = rows.get(key);
      if (old?.intent !== previous) return false;
      rows.set(key, { projectId, intent, cost: (old?.cost ?? 0n) + cost, day });
      return true;
    },
    spent: async (projectId, day) =>
      [...rows.values()].filter((row) => row.projectId === projectId && row.day === day)
        .reduce((sum, { cost }) => sum + cost, 0n),
  };
}
