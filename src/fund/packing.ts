import type { PackStore, PendingGroup } from "../da/da.ts";
import type { Projects } from "../project/types.ts";

/** A store in which tasks of projects that pay are kept from dispatch until they are funded. */
export function fundedPacking(store: PackStore, projects: Pick<Projects, "get">): PackStore {
  const priced = (group: Pick<PendingGroup, "projectId" | "version">) =>
    projects.get(group.projectId)?.versions.get(group.version)?.reward !== undefined;
  return {
    ...store,
    packEach: (group, limits, build) =>
      store.packEach(group, limits, async (messages) => {
        const groups = await build(messages);
        if (!priced(group)) return groups;
        return groups.map(({ packed, ...rest }) => ({
          ...rest,
          packed: { ...packed, unfunded: true },
        }));
      }),
    pack: (group, limits, build) =>
      store.pack(group, limits, async (messages) => {
        const packed = await build(messages);
        return packed && priced(group) ? { ...packed, unfunded: true } : packed;
      }),
  };
}
