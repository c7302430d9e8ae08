import type { Hex } from "viem";
import type { ProjectFile } from "./file.ts";
import type { ConfigLoader } from "./loader.ts";
import type { ProjectVersion } from "./types.ts";

/** The registrar's memory of a project's configs. */
export interface ConfigHistory {
  /** Newest first. */
  history(id: bigint): Promise<{ readonly uri: string; readonly hash: Hex }[]>;
}

const recentVersions = 16;
/** A project's chain history is read again after this at the earliest. */
const historyMs = 60_000;
const maxConfigs = 50;

/** Versions that an update replaced or removed, for the tasks that were made for them. */
export class PastVersions {
  readonly #recent = new Map<string, ProjectVersion>();
  readonly #searching = new Map<string, Promise<ProjectVersion | undefined>>();
  readonly #searchedAt = new Map<bigint, number>();

  constructor(
    private readonly loader: ConfigLoader,
    private readonly chain: ConfigHistory | undefined,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * The version with that program, from the node's cache or else the chain's history.
   * @param exists whether the chain or the directory has the project now
   * @throws when neither has it
   */
  async find(
    id: bigint,
    version: string,
    programId: Hex,
    exists: boolean,
  ): Promise<ProjectVersion> {
    const key = `${id}/${programId}/${version}`;
    const recent = this.#recent.get(key);
    if (recent) return recent;
    let search = this.#searching.get(key);
    if (!search) {
      search = this.#search(id, version, programId, exists).finally(() =>
        this.#searching.delete(key)
      );
      this.#searching.set(key, search);
    }
    const found = await search;
    if (!found) {
      if (!exists) throw new Error(`project ${id} is not known`);
      throw new Error(
        `project ${id} has no version ${version} with program ${programId}, now or before, that ` +
          "can be had",
      );
    }
    this.#recent.set(key, found);
    if (this.#recent.size > recentVersions) {
      this.#recent.delete(this.#recent.keys().next().value as string);
    }
    return found;
  }

  /** The newest config that was kept and can still be read. */
  async newest(id: bigint): Promise<ProjectFile | undefined> {
    for (const past of await this.loader.cache.history(id)) {
      const file = await this.#orUndefined(this.loader.loadPast(id, past, this.signal));
      if (file) return file;
    }
    return undefined;
  }

  /** Versions of kept configs whose names are not among `names`, newest first. */
  async retired(id: bigint, names: ReadonlySet<string>): Promise<ProjectVersion[]> {
    const seen = new Set(names);
    const retired: ProjectVersion[] = [];
    for (const past of await this.loader.cache.history(id)) {
      const missing = Object.keys(past.versions).filter((name) => !seen.has(name));
      if (missing.length === 0) continue;
      const file = await this.#orUndefined(this.loader.loadPast(id, past, this.signal));
      for (const name of missing) {
        const version = file?.versions.get(name);
        if (!version) continue;
        seen.add(name);
        retired.push(version);
      }
    }
    return retired;
  }

  clear(): void {
    this.#recent.clear();
    this.#searchedAt.clear();
  }

  async #search(
    id: bigint,
    version: string,
    programId: Hex,
    exists: boolean,
  ): Promise<ProjectVersion | undefined> {
    const kept = await this.#inCache(id, version, programId);
    if (kept || !exists || !this.chain) return kept;
    const last = this.#searchedAt.get(id);
    if (last !== undefined && performance.now() - last < historyMs) return undefined;
    const known = new Set((await this.loader.cache.history(id)).map(({ hash }) => hash));
    const configs = (await this.chain.history(id)).slice(0, maxConfigs);
    this.#searchedAt.set(id, performance.now());
    for (const { uri, hash } of configs) {
      if (known.has(hash) || uri === "") continue;
      const load = this.loader.load({ id, uri, hash }, this.signal, "oldest");
      const found = (await this.#orUndefined(load))?.versions.get(version);
      if (found?.program.programId === programId) return found;
    }
    return undefined;
  }

  async #inCache(
    id: bigint,
    version: string,
    programId: Hex,
  ): Promise<ProjectVersion | undefined> {
    for (const past of await this.loader.cache.history(id)) {
      if (past.versions[version] !== programId) continue;
      const file = await this.#orUndefined(this.loader.loadPast(id, past, this.signal));
      const found = file?.versions.get(version);
      if (found) return found;
    }
    return undefined;
  }

  /** One config that can't be had any more doesn't hide the others. */
  async #orUndefined<T>(load: Promise<T>): Promise<T | undefined> {
    try {
      return await load;
    } catch (error) {
      if (this.signal.aborted) throw error;
      return undefined;
    }
  }
}
