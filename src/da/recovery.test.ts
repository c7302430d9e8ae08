import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startPostgres, type TestPostgres } from "../../tests/postgres.ts";
import type { Da } from "./da.ts";
import { DatabaseUnavailableError, openDa } from "./index.ts";
import { silent } from "./testing/databases.ts";
import { build, bytes, group, idOf, message, wide } from "./testing/make.ts";

describe("when PostgreSQL goes away", () => {
  let server: TestPostgres;
  let da: Da;
  beforeAll(async () => {
    server = await startPostgres();
    da = await openDa({ dsn: server.dsn, directory: "", log: silent });
  }, 300_000);
  afterAll(async () => {
    await da.close();
    await server.stop();
  }, 300_000);

  const eventually = async (check: () => Promise<boolean>) => {
    for (const deadline = performance.now() + 15_000; performance.now() < deadline;) {
      if (await check().catch(() => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error("did not recover in 15 s");
  };

  test("calls in flight fail, the stores recover, nothing acknowledged is lost", async () => {
    const acknowledged: string[] = [];
    const errors: unknown[] = [];
    let stop = false;
    const load = Array.from({ length: 64 }, async (_, i) => {
      for (let n = 0; !stop; n++) {
        try {
          acknowledged.push(idOf(await da.messages.append(message({ data: bytes(`${i}/${n}`) }))));
        } catch (error) {
          errors.push(error);
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }
    });
    for (let round = 0; round < 3; round++) {
      const before = acknowledged.length;
      await eventually(async () => acknowledged.length > before + 300);
      await server.crash();
      const failed = errors.length;
      await eventually(async () => errors.length > failed);
      await server.start();
    }
    const before = acknowledged.length;
    await eventually(async () => acknowledged.length > before + 300);
    stop = true;
    await Promise.all(load);
    for (const error of errors) expect(error).toBeInstanceOf(DatabaseUnavailableError);
    for (const id of acknowledged) expect(await da.messages.status(id)).toBeDefined();
  }, 300_000);

  test("locks and notifications work again afterwards", async () => {
    let woken = 0;
    da.packing.onAppended(() => woken++);
    const other = await openDa({ dsn: server.dsn, directory: "", log: silent });
    await server.crash();
    await server.start();
    await eventually(async () => "id" in await other.messages.append(message()));
    // Listening again counts as a wake-up, since some may have been missed.
    await eventually(async () => woken > 0);
    await eventually(async () => await da.packing.pack(group, wide, build) !== undefined);
    woken = 0;
    await eventually(async () => {
      await other.messages.append(message());
      await new Promise((resolve) => setTimeout(resolve, 50));
      return woken > 0;
    });
    await other.close();
  }, 300_000);
});
