import type { Hex } from "viem";
import type { ProgramSpec } from "../../runtimes/runtime.ts";
import { ConfigCache, type PastConfig, sha256Hex } from "./cache.ts";
import { parseProjectFile, type ProjectFile } from "./file.ts";
import type { Ipfs } from "./ipfs.ts";
import { fetchConfig, linkLoader } from "./source.ts";
import type { ProjectVersion } from "./types.ts";

/** Loads at once: each may hold a file and its programs in memory. */
const parallel = 8;

export interface LoaderOptions {
  /** Where configs are kept. */
  readonly directory: string;
  readonly ipfs: Ipfs;
  /** Which addresses a stranger's URI may have. */
  readonly allow: (address: string) => boolean;
}

export interface ConfigName {
  readonly id: bigint;
  readonly uri: string;
  readonly hash: Hex;
}

/** From a config's URI and hash, or a file's bytes, to its parsed versions. */
export class ConfigLoader {
  readonly cache: ConfigCache;
  /** One object for one program, however many versions and projects use it (DESIGN R10). */
  readonly #programs = new Map<Hex, WeakRef<ProgramSpec>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(private readonly options: LoaderOptions) {
    this.cache = new ConfigCache(options.directory);
  }

  /**
   * A config by name, kept as the project's newest or oldest.
   * @throws {ProjectFileError} what the hash names can't be used, ever
   * @throws {SourceError | IpfsError} it can't be had now
   */
  load(config: ConfigName, signal: AbortSignal, age: "newest" | "oldest"): Promise<ProjectFile> {
    return this.#limited(async () => {
      const { id, uri, hash } = config;
      const bytes = await this.cache.get(id, hash) ??
        await fetchConfig(config, { ...this.options, signal });
      const file = await this.#parse(id, bytes, uri, signal);
      await this.cache.put(id, { hash, uri, versions: programIds(file) }, bytes, age);
      return file;
    });
  }

  /** A config from a directory. @throws as `load` */
  loadBytes(id: bigint, bytes: Uint8Array, signal: AbortSignal): Promise<ProjectFile> {
    return this.#limited(async () => {
      const file = await this.#parse(id, bytes, undefined, signal);
      const entry = { hash: sha256Hex(bytes), uri: "", versions: programIds(file) };
      await this.cache.put(id, entry, bytes, "newest");
      return file;
    });
  }

  /** A config that was kept; undefined when its file is gone. */
  loadPast(id: bigint, past: PastConfig, signal: AbortSignal): Promise<ProjectFile | undefined> {
    return this.#limited(async () => {
      const bytes = await this.cache.get(id, past.hash);
      return bytes && await this.#parse(id, bytes, past.uri || undefined, signal);
    });
  }

  async #parse(
    projectId: bigint,
    bytes: Uint8Array,
    uri: string | undefined,
    signal: AbortSignal,
  ): Promise<ProjectFile> {
    const loadLinked = linkLoader(uri, this.options.ipfs);
    const file = await parseProjectFile(bytes, { projectId, loadLinked, signal });
    const versions = new Map<string, ProjectVersion>();
    for (const [name, version] of file.versions) {
      versions.set(name, { ...version, program: this.#intern(version.program) });
    }
    return { ...file, versions };
  }

  #intern(program: ProgramSpec): ProgramSpec {
    const known = this.#programs.get(program.programId)?.deref();
    if (known?.vmType === program.vmType) return known;
    this.#programs.set(program.programId, new WeakRef(program));
    return program;
  }

  async #limited<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= parallel) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The place is handed on, so the count stays.
      if (next) next();
      else this.#running--;
    }
  }
}

function programIds(file: ProjectFile): Record<string, Hex> {
  return Object.fromEntries([...file.versions].map(([name, v]) => [name, v.program.programId]));
}
