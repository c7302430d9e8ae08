import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Appended, MessageStatus, MessageStore, NewMessage } from "./da.ts";
import { type Database, sqlState } from "./database.ts";
import { byteaArray, ms, plainArray, textArray, toHex } from "./encode.ts";
import { GroupCommit, groupCommitDefaults } from "./group_commit.ts";
import { type Identity, isUuid, newIdentity } from "./ids.ts";
import { lifeColumns, lifeOf } from "./life.ts";

/** Woken once or less a batch. */
export const appendedChannel = "w3bstream_appended";

interface NewRow {
  readonly message: NewMessage;
  readonly identity: Identity;
}

// Of the columns, in this order: the batch's one statement and its only cost but the commit.
// Measured beside it: COPY and an insert a row in one transaction; neither is faster.
const rowsFrom = `
  select id, project_id, version, client_id, group_key, data, octet_length(data), salt, key
    from unnest($1::uuid[], $2::int8[], $3::text[], $4::text[], $5::text[], $6::bytea[],
                $7::bytea[], $8::text[])
      as row(id, project_id, version, client_id, group_key, data, salt, key)`;
const target = `
  insert into w3bstream.messages
    (id, project_id, project_version, client_id, group_key, data, size, salt, idempotency_key)`;
const insert = target + rowsFrom;
const insertOnce = `${target}${rowsFrom}
  on conflict (project_id, client_id, idempotency_key) where idempotency_key is not null do nothing
  returning id::text`;

export interface MessageStoreOptions {
  readonly queueRows?: number;
  readonly queueBytes?: number;
  readonly batchRows?: number;
  /** Told of each batch that was stored. */
  readonly onCommit?: (rows: number, ms: number) => void;
}

export type ClosableMessageStore = MessageStore & { drained(): Promise<void> };

export function messageStore(
  database: Database,
  options: MessageStoreOptions = {},
): ClosableMessageStore {
  const commits = new GroupCommit<NewRow, Appended>(
    { ...groupCommitDefaults, ...options, concurrency: database.concurrency },
    async (rows) => {
      const began = performance.now();
      const results = await store(database, rows);
      options.onCommit?.(rows.length, performance.now() - began);
      database.notify(appendedChannel);
      return results;
    },
  );
  const add = (message: NewMessage): Promise<Appended> => {
    const problem = problemOf(message);
    if (problem !== undefined) return Promise.resolve({ error: problem });
    return commits.add(
      { message, identity: newIdentity() },
      bytesOf(message),
      message.projectId,
    );
  };
  return {
    get queued() {
      return commits.held;
    },
    append(message) {
      try {
        commits.admit(1, bytesOf(message), message.projectId);
      } catch (error) {
        return Promise.reject(error);
      }
      return add(message);
    },
    async appendMany(messages) {
      const bytes = (some: readonly NewMessage[]) => some.reduce((sum, m) => sum + bytesOf(m), 0);
      commits.admit(messages.length, bytes(messages));
      for (const [project, own] of Map.groupBy(messages, (m) => m.projectId)) {
        commits.admit(own.length, bytes(own), project);
      }
      return Promise.all(messages.map(add));
    },
    async status(id): Promise<MessageStatus | undefined> {
      if (!isUuid(id)) return undefined;
      const [row] = await database.query<{
        id: string;
        project_id: bigint;
        project_version: string;
        group_key: string;
        received: bigint;
        serial: bigint | null;
        task_hash: Uint8Array | null;
        states: string | null;
        outputs: string | null;
      }>(
        `select m.id::text as id, m.project_id, m.project_version, m.group_key,
                ${ms("m.received_at")} as received, t.serial, t.task_hash, ${lifeColumns}
           from w3bstream.messages m left join w3bstream.tasks t on t.serial = m.task_serial
          where m.id = $1::uuid`,
        [id],
      );
      if (!row) return undefined;
      return {
        id: row.id,
        projectId: row.project_id,
        version: row.project_version,
        group: row.group_key,
        receivedAt: Number(row.received),
        task: row.serial === null || row.task_hash === null ? undefined : {
          projectId: row.project_id,
          serial: row.serial,
          taskId: toHex(row.task_hash),
        },
        states: lifeOf(row),
      };
    },
    drained: () => commits.drained(),
  };
}

// Beside the data, for ids, salts and the rest of a row.
const bytesOf = (message: NewMessage): number => message.data.length + 512;

/** Why the message can't be a row, so that it never costs its batch-mates a second try. */
function problemOf(message: NewMessage): string | undefined {
  if (message.projectId < 1n || message.projectId >= 1n << 63n) {
    return "projectID must be from 1 to 2^63-1";
  }
  // Bounded because they are indexed: an index entry has at most 2,704 bytes.
  return unstorable("projectVersion", message.version) ??
    unstorable("client", message.clientId) ??
    unstorable("group", message.group) ??
    unstorable("idempotency key", message.idempotencyKey ?? "");
}

function unstorable(name: string, text: string): string | undefined {
  if (text.length > 256) return `${name} must have at most 256 characters`;
  if (text.includes("\0") || !text.isWellFormed()) return `${name} must be text without NUL`;
  return undefined;
}

/** Stores all rows, or, where the database refuses some, all others. */
async function store(database: Database, rows: readonly NewRow[]): Promise<Appended[]> {
  try {
    return await storeAtOnce(database, rows);
  } catch (error) {
    const state = sqlState(error);
    if (state === undefined) throw error;
    if (rows.length === 1) return [{ error: `the database refused the message (${state})` }];
    const half = rows.length >> 1;
    return [
      ...await store(database, rows.slice(0, half)),
      ...await store(database, rows.slice(half)),
    ];
  }
}

async function storeAtOnce(database: Database, rows: readonly NewRow[]): Promise<Appended[]> {
  if (rows.every(({ message }) => message.idempotencyKey === undefined)) {
    await database.query(insert, columns(rows));
    return rows.map(({ identity }) => ({ id: identity.id, duplicate: false }));
  }
  // In one order everywhere, so that two batches with the same keys can't wait for each other.
  const ordered = [...rows].sort((a, b) => compare(keyOf(a), keyOf(b)));
  const inserted = await database.query<{ id: string }>(insertOnce, columns(ordered));
  const stored = new Set(inserted.map(({ id }) => id));
  const earlier = await findEarlier(
    database,
    rows.filter(({ identity }) => !stored.has(identity.id)),
  );
  return rows.map(({ message, identity }) => {
    if (stored.has(identity.id)) return { id: identity.id, duplicate: false };
    const first = earlier.get(keyOf({ message, identity }));
    if (first === undefined) {
      return { error: "the first message with this idempotency key is gone" };
    }
    // Of what was purged nothing can be said.
    const differs = first.digest !== null && !first.digest.equals(digestOf(message.data));
    return { id: first.id, duplicate: true, ...(differs ? { differs } : {}) };
  });
}

const columns = (rows: readonly NewRow[]): string[] => [
  plainArray(rows.map(({ identity }) => identity.id)),
  plainArray(rows.map(({ message }) => message.projectId)),
  textArray(rows.map(({ message }) => message.version)),
  textArray(rows.map(({ message }) => message.clientId)),
  textArray(rows.map(({ message }) => message.group)),
  byteaArray(rows.map(({ message }) => message.data)),
  byteaArray(rows.map(({ identity }) => identity.salt)),
  textArray(rows.map(({ message }) => message.idempotencyKey ?? null)),
];

const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0;

const keyText = (projectId: bigint, clientId: string, key: string): string =>
  `${projectId}\0${clientId}\0${key}`;

const keyOf = ({ message }: NewRow): string =>
  keyText(message.projectId, message.clientId, message.idempotencyKey ?? "");

/** The messages that came first under these rows' keys. */
async function findEarlier(
  database: Database,
  rows: readonly NewRow[],
): Promise<Map<string, { readonly id: string; readonly digest: Buffer | null }>> {
  if (rows.length === 0) return new Map();
  const found = await database.query<
    { id: string; project_id: bigint; client_id: string; key: string; digest: Uint8Array | null }
  >(
    `select m.id::text as id, m.project_id, m.client_id, m.idempotency_key as key,
            sha256(m.data) as digest
       from unnest($1::int8[], $2::text[], $3::text[]) as wanted(project_id, client_id, key)
       join w3bstream.messages m
         on m.project_id = wanted.project_id and m.client_id = wanted.client_id
        and m.idempotency_key = wanted.key`,
    [
      plainArray(rows.map(({ message }) => message.projectId)),
      textArray(rows.map(({ message }) => message.clientId)),
      textArray(rows.map(({ message }) => message.idempotencyKey ?? null)),
    ],
  );
  return new Map(found.map(({ id, project_id, client_id, key, digest }) => [
    keyText(project_id, client_id, key),
    { id, digest: digest && Buffer.from(digest) },
  ]));
}

const digestOf = (data: Uint8Array) => createHash("sha256").update(data).digest();
