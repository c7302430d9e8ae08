/** Each role starts, says how it is, and ends by itself. */
import { expect, test } from "bun:test";
import { workspace } from "./files.ts";
import { startNode } from "./node.ts";

test.each(["enode", "znode"])("role %s serves its health and metrics", async (role) => {
  const place = workspace();
  const node = await startNode(place.env, { role, makesDatabase: true });
  try {
    const metrics = await (await fetch(`${node.url}/metrics`)).text();
    expect(metrics).toContain("w3bstream_proofs_running 0");
    expect(await node.stop()).toBe(0);
  } finally {
    await node.kill();
    await place.remove();
  }
});

test("a second node on the same data is told why it can't start", async () => {
  const place = workspace();
  const node = await startNode(place.env, { role: "znode" });
  try {
    const second = startNode(place.env, { role: "enode" });
    await expect(second).rejects.toThrow(`is in use by process ${node.child.pid}`);
  } finally {
    await node.kill();
    await place.remove();
  }
});

test("what can't be listened on or reached is named by its setting, without a stack", async () => {
  const place = workspace();
  const taken = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => new Response("", { status: 404 }),
  });
  const address = `/ip4/127.0.0.1/tcp/${taken.port}`;
  const refusals: [string, Record<string, string>, { port?: number }, string][] = [
    [
      "znode",
      {},
      { port: Number(taken.port) },
      `HTTP_SERVICE_ENDPOINT: can't listen on 127.0.0.1:${taken.port}: address already in use`,
    ],
    [
      "znode",
      { P2P_LISTEN: address },
      {},
      `P2P_LISTEN: can't listen on ${address}: address already in use`,
    ],
    [
      "enode",
      { DATABASE_DSN: "postgres://u:hunter2@127.0.0.1:1/x" },
      {},
      "DATABASE_DSN: the database is not available (ECONNREFUSED)",
    ],
  ];
  try {
    for (const [role, env, options, text] of refusals) {
      const failed = startNode({ ...place.env, ...env, LOG_LEVEL: "info" }, { role, ...options });
      const said = await failed.then(() => "it started", String);
      expect(said).toContain(`error: ${text}`);
      expect(said).not.toMatch(/hunter2|^ +at /m);
    }
  } finally {
    await taken.stop(true);
    await place.remove();
  }
});
