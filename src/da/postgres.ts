import postgres from "postgres";
import type { Log } from "../log.ts";
import {
  type Database,
  DatabaseUnavailableError,
  Listeners,
  type Parameter,
  type Query,
  type Row,
  sqlState,
} from "./database.ts";

export type Client = postgres.Sql<{ bigint: bigint }>;

/** What every client of ours has in common. */
export const clientOptions = {
  types: { bigint: postgres.BigInt },
  // Arrays travel as text literals that we build, so types need not be asked for.
  fetch_types: false,
  onnotice: () => {},
  // Quick, bounded retries: a restarted database is used again within a second.
  backoff: (retries: number) => Math.min(1, 0.05 * 2 ** Math.min(retries, 10)),
};

/** A server that can't be used as it is; the message says what to change. */
export class UnsuitableServerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UnsuitableServerError";
  }
}

/** A statement got no answer for too long. */
export class NoAnswerError extends Error {
  constructor(seconds: number) {
    super(`no answer in ${seconds} s`);
    this.name = "NoAnswerError";
  }
}

/** Seconds after which a statement without an answer counts as lost. */
const statementTimeoutSeconds = 30;

/** Answers of the server that say nothing about the statement but that it did not run to its end. */
const transient = /^(08|53|57|58|40001|40P01|25006)/;

/** Runs statements, and tells what the database refused from what was lost on the way. */
export function queryWith(
  client: () => Pick<Client, "unsafe">,
  lost: (error: unknown) => void,
  timeoutSeconds = statementTimeoutSeconds,
): Query {
  return async <R extends Row>(text: string, parameters: readonly Parameter[] = []) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const running = client().unsafe(text, parameters as postgres.ParameterOrJSON<bigint>[], {
        prepare: true,
      });
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new NoAnswerError(timeoutSeconds)), timeoutSeconds * 1000);
      });
      return await Promise.race([running, late]) as unknown as R[];
    } catch (error) {
      const state = sqlState(error);
      if (state !== undefined && !transient.test(state)) throw error;
      if (state === undefined || state.startsWith("57P")) lost(error);
      throw new DatabaseUnavailableError(error);
    } finally {
      clearTimeout(timer);
    }
  };
}

export async function openPostgres(
  config: { readonly dsn: string; readonly connections?: number; readonly log: Log },
): Promise<Database> {
  const { dsn, log, connections = 10 } = config;
  const connect = (max: number): Client =>
    postgres(dsn, {
      ...clientOptions,
      max,
      connect_timeout: 10,
      connection: { application_name: "w3bstream" },
    });
  const pool = replaceable(() => connect(connections));
  // Advisory locks and LISTEN belong to a session, so each has one of its own that is never recycled.
  const locks = replaceable(() =>
    postgres(dsn, { ...clientOptions, max: 1, max_lifetime: null, connect_timeout: 10 })
  );
  const listeners = new Listeners();
  const listening = new Map<string, Promise<unknown>>();
  const listenClient = connect(1);
  const held = new Set<string>();
  const notifying = new Set<string>();
  let closed = false;

  const query = queryWith(() => pool.client, pool.renew);
  const lockQuery = queryWith(() => locks.client, locks.renew);
  try {
    await checkServer(query, log);
  } catch (error) {
    await Promise.all([pool.end(), locks.end(), listenClient.end({ timeout: 1 })]);
    throw error;
  }

  return {
    kind: "postgres",
    concurrency: 4,
    query,
    transaction: (work) =>
      pool.client.begin((tx) =>
        work(
          queryWith(() => tx, () => {}),
          async (text) => void await tx.unsafe(text).simple(),
        )
      ) as ReturnType<typeof work>,
    async tryLock(name) {
      if (held.has(name)) return undefined;
      held.add(name);
      try {
        const [row] = await lockQuery<{ taken: boolean }>(
          "select pg_try_advisory_lock(hashtextextended($1, 0)) as taken",
          [name],
        );
        if (row?.taken) {
          return async () => {
            held.delete(name);
            // An unlock that is lost is done by the server when the session ends.
            await lockQuery("select pg_advisory_unlock(hashtextextended($1, 0))", [name])
              .catch((error) => log.debug({ err: error }, "advisory lock not released"));
          };
        }
      } catch (error) {
        held.delete(name);
        throw error;
      }
      held.delete(name);
      return undefined;
    },
    notify(channel) {
      listeners.call(channel);
      if (notifying.has(channel) || closed) return;
      // Apart from the transaction that it tells of: NOTIFY serialises the commits that contain it.
      notifying.add(channel);
      setTimeout(() => {
        notifying.delete(channel);
        if (closed) return;
        query("select pg_notify($1, '')", [channel])
          .catch((error) => log.debug({ err: error }, "notification lost"));
      }, 5);
    },
    listen(channel, listener) {
      if (!listening.has(channel)) {
        const subscription = listenClient.listen(
          channel,
          () => listeners.call(channel),
          () => listeners.call(channel),
        );
        subscription.catch((error) => {
          if (!closed) log.warn({ err: error, channel }, "can't listen, polling only");
        });
        listening.set(channel, subscription);
      }
      return listeners.add(channel, listener);
    },
    async close() {
      closed = true;
      await Promise.all([pool.end(), locks.end(), listenClient.end({ timeout: 1 })]);
    },
  };
}

/**
 * A client that is thrown away after a lost connection, at most once a second: a pool that
 * outlives its server can keep half-written requests of the old connection.
 */
function replaceable(make: () => Client) {
  let client = make();
  let renewedAt = 0;
  let ended = false;
  return {
    get client() {
      return client;
    },
    renew: () => {
      if (ended || performance.now() - renewedAt < 1000) return;
      renewedAt = performance.now();
      const old = client;
      client = make();
      void old.end({ timeout: statementTimeoutSeconds });
    },
    end: () => {
      ended = true;
      return client.end({ timeout: 5 });
    },
  };
}

async function checkServer(query: Query, log: Log): Promise<void> {
  const [server] = await query<{ version: number; text: string; fsync: string; commit: string }>(
    `select current_setting('server_version_num')::int as version,
            current_setting('server_version') as text,
            current_setting('fsync') as fsync,
            current_setting('synchronous_commit') as commit`,
  );
  if (!server) throw new UnsuitableServerError("the server did not say its version");
  if (server.version < 140_000) {
    throw new UnsuitableServerError(
      `PostgreSQL ${server.text} is too old: version 14 or newer is needed`,
    );
  }
  if (server.fsync !== "on") {
    throw new UnsuitableServerError(
      "PostgreSQL runs with fsync=off, so acknowledged messages could be lost: set fsync=on",
    );
  }
  if (server.commit === "off") {
    log.warn(
      "PostgreSQL runs with synchronous_commit=off: messages acknowledged in the last moments " +
        "before a crash can be lost",
    );
  }
}
