import type { PackStore } from "../da/da.ts";
import type { Projects } from "../project/types.ts";

/** A store in which tasks of projects that pay are kept from dispatch until they are funded. */
export function fundedPacking(store: PackStore, projects: Pick<Projects, "get">): PackStore {
  return {
    ...store,
    pack: (group, limits, build) =>
      store.pack(group, limits, async (messages) => {
        const packed = await build(messages);
        const version = projects.get(group.projectId)?.versions.get(group.version);
        return packed && version?.reward ? { ...packed, unfunded: true } : packed;
      }),
  };
}
