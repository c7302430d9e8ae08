/** Messages from a table of an existing PostgreSQL. */
import { Backoff, sleep } from "../../abort.ts";
import type { ChainView } from "../../da/da.ts";
import { type Datasource, openDatasource, type SourceRow } from "../../da/datasource.ts";
import { errorText, type Log } from "../../log.ts";
import type { Ingest } from "../index.ts";
import { type MessageRequest, RequestError } from "../message.ts";
import { bringing, type SourceMetrics, type SourceStatus } from "./bring.ts";

/** Rows that are stored together. */
const pageRows = 100;
/** Between looks, ms; at least ten times what the last took, as each reads the whole table. */
const pollMs = 1_000;
/** Longest between tries to read it, ms. */
const mostPauseMs = 30_000;

export interface TableDeps {
  readonly dsn: string;
  readonly table: string;
  readonly take: Ingest["take"];
  readonly maxBodyBytes: number;
  /** Where the place in the table is kept. */
  readonly places: Pick<ChainView, "cursor" | "save">;
  readonly unready: () => string | undefined;
  readonly metrics: SourceMetrics;
  readonly log: Log;
}

export interface TableSource extends SourceStatus {
  stop(): Promise<void>;
}

/** Takes each row of a table as a message, once it is committed and no older transaction is open. */
export function startTable(deps: TableDeps): TableSource {
  const { table, metrics, log, places } = deps;
  const source = openDatasource(deps.dsn, table, deps.maxBodyBytes);
  const brought = bringing({
    ...{ source: "postgres", unready: deps.unready, patient: true, metrics, log },
  });
  const stopping = new AbortController();
  const { signal } = stopping;
  const place = `datasource:${table}`;
  let unready: string | undefined = "the data source was not read yet";
  let readUntil = performance.now();

  const store = (row: SourceRow) =>
    brought.bring(
      () => deps.take(() => messageOf(row, deps.maxBodyBytes), () => `§row ${table} ${row.id}`),
      signal,
    );
  const follow = async (source: Datasource) => {
    const look = await source.look();
    const saved = await places.cursor(place);
    // Another table, or a database that was set back: all is read, and what is stored stays one.
    const same = saved?.hash === look.identity && saved.block <= look.horizon;
    const from = same ? saved.block : 0n;
    if (from === look.horizon) return;
    let last: string | undefined;
    while (true) {
      const rows = await source.rows(look, from, last, pageRows);
      await Promise.all(rows.map(store));
      last = rows.at(-1)?.id;
      if (rows.length < pageRows) break;
    }
    await places.save(place, { block: look.horizon, hash: look.identity }, []);
  };
  const running = (async () => {
    const backoff = new Backoff(pollMs, mostPauseMs);
    while (!signal.aborted) {
      const started = performance.now();
      try {
        await follow(source);
        unready = undefined;
        readUntil = started;
        backoff.reset();
      } catch (error) {
        if (signal.aborted) break;
        unready = "the data source can't be read";
        log.warn({ table, reason: errorText(error) }, "data source not read");
        await sleep(backoff.next(), signal);
        continue;
      }
      await sleep(Math.max(pollMs, 10 * (performance.now() - started)), signal);
    }
  })();

  return {
    get unready() {
      return unready;
    },
    get waiting() {
      return brought.waiting;
    },
    get lagSeconds() {
      return (performance.now() - readUntil) / 1000;
    },
    async stop() {
      stopping.abort(new Error("the node is stopping"));
      await running;
      await source.close();
    },
  };
}

/** @throws {RequestError} */
function messageOf(row: SourceRow, maxBytes: number): MessageRequest {
  const { project, version, data, size, time } = row;
  if ((size ?? 0) > maxBytes) {
    throw new RequestError(413, `data must have at most ${maxBytes} bytes`);
  }
  if (!/^[1-9]\d{0,18}$/.test(project ?? "") || !version || !data?.length) {
    throw new RequestError(400, "project_id, project_version and data must be set");
  }
  return {
    projectId: BigInt(project ?? ""),
    version,
    data,
    signature: row.signature || undefined,
    device: row.device ?? undefined,
    time: time === null ? undefined : Number(time),
    nonce: row.nonce ?? undefined,
  };
}
