import { join } from "node:path";
import { type Address, type Hex, isAddressEqual } from "viem";
import { abortable, sleep } from "../abort.ts";
import { type ChainClient, LOCAL_CHAIN } from "../chain/clients.ts";
import type { ChainProject, ChainView } from "../da/da.ts";
import type { Log } from "../log.ts";
import { isPublicAddress } from "../public-address.ts";
import { DirectoryWatcher, type ProjectFileBytes } from "./directory.ts";
import { type Ipfs, openIpfs } from "./ipfs.ts";
import { KnownChain } from "./known_chain.ts";
import { ConfigLoader } from "./loader.ts";
import { OperatorCache } from "./operators.ts";
import { PastVersions } from "./past.ts";
import { ServedProjects } from "./served.ts";
import type { Project, Projects, ProjectVersion } from "./types.ts";
import { RegistrarWatcher, type WatcherOptions } from "./watcher.ts";

export interface ProjectsOptions {
  readonly log: Log;
  /** Configs, blocks and the program cache are kept below it. */
  readonly dataDirectory: string;
  /** This node's own operator. */
  readonly operator: Address;
  /** Further operators of every project, on a node without a chain. */
  readonly trusted?: readonly Address[] | undefined;
  /** Project files for development; they take the place of the chain's projects. */
  readonly directory?: string | undefined;
  /** Undefined: a node without a chain. */
  readonly chain?: ProjectChain | undefined;
  /** The operator's IPFS gateway or Kubo API. */
  readonly ipfsEndpoint?: string | undefined;
  /** Shared with others; otherwise one is opened below `dataDirectory`. */
  readonly ipfs?: Ipfs | undefined;
  /** Lets URIs of projects point into this network. Default: on the local development chain. */
  readonly allowPrivate?: boolean | undefined;
  /** Milliseconds between looks at the directory. Default 1000. */
  readonly directoryPollMs?: number | undefined;
  /** Milliseconds to wait after the first and at most after any failed load. Default 2 s, 5 min. */
  readonly retryMs?: { readonly first: number; readonly last: number } | undefined;
  /** Milliseconds that the start waits for the chain to answer, then for configs. Default 10 s. */
  readonly startMs?: number | undefined;
  /** Whether the start waits for configs: no use where they come by links made later. */
  readonly awaitConfigs?: boolean | undefined;
}

export type ProjectChain =
  & Pick<
    WatcherOptions,
    "connect" | "contract" | "startBlock" | "confirmations" | "pollMs" | "retryMs"
  >
  & { readonly connect: () => Promise<ChainClient>; readonly view: ChainView };

/** Tasks of unknown versions make the node look at the chain this often at most. */
const minPollMs = 1000;

/**
 * Follows projects on the chain and in the directory. Resolves after the first look at both, with
 * what can be loaded loaded; when the chain is out of reach, with what was known.
 */
export async function createProjects(options: ProjectsOptions): Promise<Projects> {
  const manager = new ProjectManager(options);
  try {
    await manager.start();
  } catch (error) {
    await manager.close();
    throw error;
  }
  return manager;
}

class ProjectManager implements Projects {
  readonly #stop = new AbortController();
  readonly #served: ServedProjects;
  /** The chain's rows, also of projects that the directory replaces. */
  readonly #rows = new Map<bigint, ChainProject>();
  readonly #inDirectory = new Set<bigint>();
  #started: Promise<void> = Promise.resolve();
  #tried = false;
  readonly #ipfs: Ipfs;
  readonly #loader: ConfigLoader;
  readonly #past: PastVersions;
  readonly #operators: OperatorCache;
  readonly #directory: DirectoryWatcher | undefined;
  readonly #chain: RegistrarWatcher | undefined;
  #polledAt = -Infinity;

  constructor(private readonly options: ProjectsOptions) {
    const { dataDirectory, directory, chain, log } = options;
    const allow = (address: string) => this.#allowPrivate || isPublicAddress(address);
    this.#ipfs = options.ipfs ?? openIpfs({
      directory: join(dataDirectory, "ipfs"),
      endpoint: options.ipfsEndpoint,
      allow,
    });
    this.#loader = new ConfigLoader({
      directory: join(dataDirectory, "projects"),
      ipfs: this.#ipfs,
      allow,
    });
    this.#directory = directory === undefined ? undefined : new DirectoryWatcher({
      directory,
      pollMs: options.directoryPollMs,
      log,
      onFile: (file) => this.#onFile(file),
      onRemoved: (id) => this.#onRemoved(id),
    });
    this.#chain = chain && new RegistrarWatcher({
      ...chain,
      known: new KnownChain(join(dataDirectory, "projects", "chain.json"), chain.contract, log),
      log,
      onProjects: (rows) => rows.forEach((row) => this.#onRow(row)),
      onReset: () => this.#onReset(),
    });
    this.#past = new PastVersions(this.#loader, this.#chain, this.#stop.signal);
    this.#served = new ServedProjects({ past: this.#past, retryMs: options.retryMs, log });
    this.#operators = new OperatorCache(async (id, account) =>
      await (await this.#chain?.registrar())?.canOperate(id, account) ?? false
    );
  }

  async start(): Promise<void> {
    await this.#directory?.start();
    if (this.#chain) await this.#startChain(this.#chain);
    void this.#started.then(() => this.#served.tried()).then(() => this.#tried = true);
    if (this.options.awaitConfigs === false) return;
    await this.#atMost(this.#served.tried());
  }

  get(id: bigint): Project | undefined {
    return this.#served.get(id);
  }

  list(): Project[] {
    return this.#served.list().sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  get unready(): string | undefined {
    if (this.#chain && this.#chain.chainId === undefined) {
      return "they were not read from the chain yet";
    }
    return this.#tried ? undefined : "their configs are being loaded";
  }

  version(id: bigint, version: string): ProjectVersion | undefined {
    const found = this.get(id)?.versions.get(version);
    return found?.retired ? undefined : found;
  }

  async forTask(
    id: bigint,
    version: string,
    programId: Hex,
    signal: AbortSignal,
  ): Promise<ProjectVersion> {
    const wanted = programId.toLowerCase();
    const known = () => {
      const found = this.get(id)?.versions.get(version);
      return found?.program.programId === wanted ? found : undefined;
    };
    const search = async () => {
      // The task may be of an update that this node hasn't seen yet.
      if (this.#chain && performance.now() - this.#polledAt > minPollMs) {
        await this.#chain.poll();
        this.#polledAt = performance.now();
      }
      await this.#served.tried(id);
      return known() ??
        await this.#past.find(id, version, wanted as Hex, this.get(id) !== undefined);
    };
    return known() ?? await abortable(search(), signal);
  }

  onChange(listener: (project: Project) => void): () => void {
    return this.#served.onChange(listener);
  }

  canOperate(id: bigint, account: Address): Promise<boolean> {
    const own = isAddressEqual(account, this.options.operator);
    if (!this.#chain) {
      const { trusted = [] } = this.options;
      return Promise.resolve(own || trusted.some((address) => isAddressEqual(address, account)));
    }
    if (own && this.#inDirectory.has(id)) return Promise.resolve(true);
    return this.#operators.get(id, account);
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error("the project manager is closed"));
    const served = this.#served.close();
    await Promise.all([this.#directory?.close(), this.#chain?.close(), served]);
    await this.#started;
    if (!this.options.ipfs) await this.#ipfs.close();
  }

  get #allowPrivate(): boolean {
    return this.options.allowPrivate ?? this.#chain?.chainId === LOCAL_CHAIN;
  }

  /** Waits, but not for ever: a stranger's server may take its time. */
  async #atMost(work: Promise<unknown>): Promise<void> {
    const enough = new AbortController();
    await Promise.race([work, sleep(this.options.startMs ?? 10_000, enough.signal)]);
    enough.abort();
  }

  async #startChain(chain: RegistrarWatcher): Promise<void> {
    const started = chain.start();
    this.#started = started.catch((error) => {
      if (this.#stop.signal.aborted) return;
      this.options.log.error({ err: error }, "the project manager failed");
    });
    let reached = false;
    const answered = chain.answered.then((answer) => {
      reached = answer;
    });
    await this.#atMost(Promise.race([answered, started]));
    if (reached) await started;
  }

  #onRow(row: ChainProject): void {
    this.#rows.set(row.id, row);
    if (!this.#inDirectory.has(row.id)) this.#follow(row);
  }

  /** What the directory has stays; what the old chain had ends. */
  #onReset(): void {
    this.#operators.clear();
    this.#rows.clear();
    this.#past.clear();
    for (const { id } of this.list()) {
      if (!this.#inDirectory.has(id)) {
        this.#served.end(id, "its chain was replaced by another one");
      }
    }
  }

  #follow(row: ChainProject): void {
    const { id, uri, hash, paused } = row;
    if (uri === "") return this.#served.end(id, "the chain no longer has this project");
    const place = { id, source: "chain" as const, uri, hash, paused };
    const load = (signal: AbortSignal) => this.#loader.load(row, signal, "newest");
    this.#served.serve(place, `${uri} ${hash}`, load);
  }

  async #onFile({ id, path, bytes, problem }: ProjectFileBytes): Promise<void> {
    this.#inDirectory.add(id);
    const place = { id, source: "directory" as const, uri: path, hash: undefined, paused: false };
    if (!bytes) return this.#served.fail(place, problem ?? "");
    const load = (signal: AbortSignal) => this.#loader.loadBytes(id, bytes, signal);
    this.#served.serve(place, `${path} ${performance.now()}`, load);
    await this.#served.tried(id);
  }

  #onRemoved(id: bigint): void {
    this.#inDirectory.delete(id);
    const row = this.#rows.get(id);
    if (row && row.uri !== "") this.#follow(row);
    else this.#served.end(id, "its project file was removed");
  }
}
