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
