import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";

/** Another process uses the directory. */
export class DirectoryInUseError extends Error {
  constructor(directory: string, holder: string | undefined) {
    super(
      `the data in ${directory} is in use by ${holder ?? "another process"}: stop that ` +
        `process, or set DATA_DIRECTORY to another directory (several nodes can share one ` +
        `PostgreSQL with DATABASE_DSN)`,
    );
    this.name = "DirectoryInUseError";
  }
}

/**
 * Takes the directory for this process, until released or until the process ends in any way.
 *
 * The lock is SQLite's own on an empty file: a POSIX record lock, which the kernel drops with the
 * process, which holds between containers that share the directory, and which both runtimes can
 * take without FFI.
 *
 * @throws {DirectoryInUseError}
 */
export function lockDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true });
  const holderFile = join(directory, "database.pid");
  const lock = new DatabaseSync(join(directory, "database.lock"));
  try {
    lock.exec("pragma busy_timeout = 0; pragma locking_mode = exclusive; begin exclusive");
  } catch (error) {
    lock.close();
    if (!/locked/.test((error as Error).message)) throw error;
    throw new DirectoryInUseError(directory, holderOf(holderFile));
  }
  // For the message above only: the lock says who holds the directory, not this file.
  writeFileSync(holderFile, `process ${process.pid}`);
  return () => lock.close();
}

function holderOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
