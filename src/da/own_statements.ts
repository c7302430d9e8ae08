import { close, fdatasync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import { promisify } from "node:util";
import { type Address, getAddress, type Hex } from "viem";
import { bytesToHex, hexToBytes } from "../hex.ts";

/** The lease under which something is stated. */
export interface OwnLease {
  readonly taskId: Hex;
  readonly epoch: bigint;
  /** The chain's height when the task was signed, 0 for a task without: a safe integer. */
  readonly height: bigint;
}

/** Rows kept, of about 200 bytes each. */
const mostRows = 2 ** 19;

const sync = promisify(fdatasync);

/**
 * What this znode signed under each lease: the verifier that it named, and the public values that
 * it stood by. A stake answers for what its operator signed at any time, as long as the operator is
 * bound to it, so what is forgotten is never signed about again: when there is no room, the tasks of
 * the lowest heights are forgotten, and tasks up to that height are not taken any more.
 *
 * Each answer is on the disk when it is given. What is asked for at once is synced at once, and the
 * sync does not hold up the process.
 */
export class OwnStatements {
  readonly #database: DatabaseSync;
  readonly #find: StatementSync;
  readonly #insert: StatementSync;
  readonly #claim: StatementSync;
  readonly #wal: number;
  #rows = 0;
  #floor: bigint | undefined;
  /** Asked for, and not yet written. */
  #batch: PromiseWithResolvers<void> | undefined;
  #writing: Promise<void> | undefined;
  #failure: Error | undefined;

  constructor(path: string, private readonly most = mostRows) {
    mkdirSync(dirname(path), { recursive: true });
    this.#database = new DatabaseSync(path);
    // The log of changes is made, and its name synced, by SQLite; afterwards it is synced here.
    this.#database.exec(`
      pragma busy_timeout = 5000; pragma journal_mode = wal; pragma synchronous = full;
      create table if not exists statements (
        lease blob primary key, height integer not null, verifier blob not null, claimed blob
      ) without rowid;
      create index if not exists statements_height on statements (height);
      create table if not exists forgotten (id integer primary key check (id = 1), height integer);
      insert or replace into forgotten values (1, (select height from forgotten));
      pragma synchronous = normal;
    `);
    const prepare = (sql: string) => this.#database.prepare(sql);
    this.#find = prepare("select verifier, claimed from statements where lease = ?");
    this.#insert = prepare("insert into statements values (?, ?, ?, null)");
    this.#claim = prepare("update statements set claimed = ? where lease = ?");
    this.#wal = openSync(`${path}-wal`, "r+");
    this.#count();
  }

  /** Whether statements under such a lease may have been forgotten: nothing can be stated there. */
  forgot({ height }: Pick<OwnLease, "height">): boolean {
    return this.#floor !== undefined && height <= this.#floor;
  }

  /** The verifier named under a lease, as far as one was. */
  named(lease: OwnLease): Address | undefined {
    const row = this.#row(lease);
    return row && getAddress(bytesToHex(row.verifier));
  }

  /**
   * Notes that the lease is accepted, naming a verifier. Answers the one to name, the first that was
   * noted; undefined when nothing may be stated.
   */
  accept(lease: OwnLease, verifier: Address): Promise<Address | undefined> {
    return this.#write(() => {
      const known = this.named(lease);
      if (known !== undefined) return known;
      if (this.#rows >= this.most) this.#forgetOldest();
      if (this.forgot(lease)) return undefined;
      this.#insert.run(keyOf(lease), lease.height, hexToBytes(verifier));
      this.#rows++;
      return verifier;
    });
  }

  /**
   * Notes that a receipt of these public values is stood by under an accepted lease. False when it
   * must not be: others were, or the lease is not known.
   */
  claim(lease: OwnLease, publicValuesHash: Hex): Promise<boolean> {
    return this.#write(() => {
      const known = this.#row(lease);
      if (!known) return false;
      if (known.claimed) return bytesToHex(known.claimed) === publicValuesHash;
      this.#claim.run(hexToBytes(publicValuesHash), keyOf(lease));
      return true;
    });
  }

  /** Ends what is being written. */
  async close(): Promise<void> {
    await this.#writing?.catch(() => undefined);
    this.#database.close();
    await promisify(close)(this.#wal);
  }

  #row(lease: OwnLease) {
    return this.#find.get(keyOf(lease)) as
      | { verifier: Uint8Array; claimed: Uint8Array | null }
      | undefined;
  }

  #count(): void {
    const { n, height } = this.#database.prepare(
      "select (select count(*) from statements) as n, (select height from forgotten) as height",
    ).get() as { n: number; height: number | null };
    this.#rows = n;
    this.#floor = height === null ? undefined : BigInt(height);
  }

  #forgetOldest(): void {
    const part = Math.ceil(this.most / 16);
    const last = this.#database
      .prepare("select height from statements order by height limit 1 offset ?")
      .get(part - 1) as { height: number };
    const height = BigInt(last.height);
    this.#database.prepare("delete from statements where height <= ?").run(height);
    this.#database.prepare("update forgotten set height = ?").run(height);
    this.#count();
  }

  /** Resolves when the work, done at once, can't be lost any more. */
  async #write<T>(work: () => T): Promise<T> {
    if (this.#failure) throw this.#failure;
    if (!this.#batch) {
      this.#database.exec("begin immediate");
      this.#batch = Promise.withResolvers();
      this.#batch.promise.catch(() => {});
      this.#writing ??= this.#writeAll();
    }
    const { promise } = this.#batch;
    const result = work();
    await promise;
    return result;
  }

  async #writeAll(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (let batch = this.#batch; batch; batch = this.#batch) {
      try {
        this.#batch = undefined;
        this.#commit();
        await sync(this.#wal).catch((error: Error) => {
          // What is on the disk is not known any more: a new process reads it again.
          this.#failure = new Error(`what was signed can't be kept: ${error.message}`);
        });
        if (this.#failure) throw this.#failure;
        batch.resolve();
      } catch (error) {
        batch.reject(error);
      }
    }
    this.#writing = undefined;
  }

  #commit(): void {
    try {
      this.#database.exec("commit");
    } catch (error) {
      try {
        this.#database.exec("rollback");
      } catch {
        // SQLite has rolled back by itself, on a full disk for example.
      }
      this.#count();
      throw error;
    }
  }
}

const keyOf = ({ taskId, epoch }: OwnLease): Uint8Array =>
  hexToBytes(`${taskId}${epoch.toString(16).padStart(16, "0")}`);
