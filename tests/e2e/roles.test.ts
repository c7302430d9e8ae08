/** Each role starts, says how it is, and ends by itself. */
import { expect, test } from "bun:test";
import { workspace } from "./files.ts";
import { startNode } from "./node.ts";

test.each(["enode", "znode"])("role %s serves its health and metrics", async (role) => {
  const place = workspace();
  const node = await startNode(place.env, { role });
  try {
    const metrics = await (await fetch(`${node.url}/metrics`)).text();
    expect(metrics).toContain("w3bstream_proofs_running 0");
    expect(await node.stop()).toBe(0);
  } finally {
    await node.kill();
    await place.remove();
  }
}, 90_000);
