import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { CID } from "multiformats/cid";

interface Block {
  readonly cid: CID;
  readonly bytes: Uint8Array;
}

/**
 * Many small blocks in one SQLite file, and the cursor of who writes them. What is written together
 * is kept or lost together; only a power cut loses it. A file a block costs ten times as much.
 */
export class BlockFile {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true });
    this.#database = new DatabaseSync(path);
    this.#database.exec(`
      pragma busy_timeout = 5000; pragma journal_mode = wal; pragma synchronous = normal;
      create table if not exists blocks (hash blob primary key, bytes blob not null) without rowid;
      create table if not exists cursors (id integer primary key check (id = 1), text text not null);
    `);
  }

  find(cid: CID): Promise<Uint8Array | undefined> {
    const row = this.#database.prepare("select bytes from blocks where hash = ?")
      .get(cid.multihash.digest);
    return Promise.resolve(row?.bytes as Uint8Array | undefined);
  }

  cursor(): string | undefined {
    const row = this.#database.prepare("select text from cursors").get();
    return row?.text as string | undefined;
  }

  /** Adds and removes blocks, and moves the cursor. */
  write(
    { add = [], remove = [] }: { add?: readonly Block[]; remove?: readonly CID[] },
    cursor: string,
  ): void {
    const database = this.#database;
    database.exec("begin immediate");
    try {
      const insert = database.prepare("insert or replace into blocks values (?, ?)");
      for (const { cid, bytes } of add) insert.run(cid.multihash.digest, bytes);
      const erase = database.prepare("delete from blocks where hash = ?");
      for (const cid of remove) erase.run(cid.multihash.digest);
      database.prepare("insert or replace into cursors values (1, ?)").run(cursor);
      database.exec("commit");
    } catch (error) {
      database.exec("rollback");
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }
}
