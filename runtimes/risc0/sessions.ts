/** What is being proved for this node elsewhere: in files, so that a restart finds it again. */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

/** A session of a remote prover. */
export interface Session {
  /** As the service named it. */
  readonly sessionId: string;
  /** The service's name of the Groth16 proof made of it, once that was asked for. */
  readonly snarkId?: string | undefined;
  /** ms since 1970 */
  readonly createdAt: number;
}

/** Sessions by a request's key. A session that is too old is none. */
export interface SessionStore {
  get(key: string): Promise<Session | undefined>;
  /** Durable when it resolves. */
  put(key: string, session: Session): Promise<void>;
  remove(key: string): Promise<void>;
}

export interface SessionStoreOptions {
  /** Default 7 days. */
  readonly ageMs?: number;
  readonly now?: () => number;
}

const schema = z.object({
  sessionId: z.guid(),
  snarkId: z.guid().optional(),
  createdAt: z.number().int().nonnegative(),
});
const fileBytes = 4096;
const fileName = /^[0-9a-f]{64}\.json$/;
const sweepMs = 3_600_000;

/** Opens the store in a directory of its own; what is too old or can't be read is removed. */
export async function openSessions(
  directory: string,
  options: SessionStoreOptions = {},
): Promise<SessionStore> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const store = new SessionFiles(directory, options);
  await store.sweep();
  return store;
}

class SessionFiles implements SessionStore {
  readonly #ageMs: number;
  readonly #now: () => number;
  #sweptAt = 0;

  constructor(private readonly directory: string, options: SessionStoreOptions) {
    this.#ageMs = options.ageMs ?? 7 * 86_400_000;
    this.#now = options.now ?? Date.now;
  }

  async get(key: string): Promise<Session | undefined> {
    const path = this.#path(key);
    const session = await this.#read(path);
    if (!session) await rm(path, { force: true });
    return session;
  }

  async put(key: string, session: Session): Promise<void> {
    const path = this.#path(key);
    const draft = `${path}.${randomUUID()}`;
    const file = await open(draft, "wx", 0o600);
    try {
      await file.writeFile(JSON.stringify(schema.parse(session)));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    if (this.#now() - this.#sweptAt > sweepMs) await this.sweep();
  }

  async remove(key: string): Promise<void> {
    await rm(this.#path(key), { force: true });
  }

  async sweep(): Promise<void> {
    this.#sweptAt = this.#now();
    for (const name of await readdir(this.directory)) {
      const path = join(this.directory, name);
      const useful = fileName.test(name) ? await this.#read(path) : await this.#isDraft(name, path);
      if (!useful) await rm(path, { force: true, recursive: true });
    }
  }

  /** One that may be another call's, which is about to rename it. */
  async #isDraft(name: string, path: string): Promise<boolean> {
    if (!fileName.test(name.slice(0, -37))) return false;
    const at = await stat(path).then(({ mtimeMs }) => mtimeMs, () => undefined);
    return at !== undefined && Date.now() - at < 60_000;
  }

  async #read(path: string): Promise<Session | undefined> {
    try {
      const text = await readFile(path, "utf8");
      if (text.length > fileBytes) return undefined;
      const session = schema.parse(JSON.parse(text));
      return this.#now() - session.createdAt < this.#ageMs ? session : undefined;
    } catch {
      // Missing, or cut off: the proof is asked for again.
      return undefined;
    }
  }

  #path(key: string): string {
    return join(this.directory, `${createHash("sha256").update(key).digest("hex")}.json`);
  }
}
