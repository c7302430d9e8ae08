/** Traces as a collector gets them: of an enode on one runtime and a znode on the other. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Hex } from "viem";
import { z } from "zod";
import { freePort } from "../../scripts/free_port.ts";
import { attemptSpan, messageSpan, taskSpan } from "../../src/trace_ids.ts";
import { startNetwork, type TestNetwork } from "./chain.ts";
import { workspace } from "./files.ts";
import {
  type NodeProcess,
  nodeRuntime,
  post,
  reaches,
  startNode,
  until,
  znodeRuntime,
} from "./node.ts";

/** As much of OTLP's JSON as is looked at. */
const attributeSchema = z.object({
  key: z.string(),
  value: z.union([
    z.object({ stringValue: z.string() }).transform((v) => v.stringValue),
    z.object({ intValue: z.union([z.string(), z.number()]) }).transform((v) => Number(v.intValue)),
  ]),
});
const attributes = z.array(attributeSchema)
  .transform((list) => Object.fromEntries(list.map(({ key, value }) => [key, value])));
const spanSchema = z.object({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z.string().optional(),
  name: z.string(),
  startTimeUnixNano: z.string(),
  endTimeUnixNano: z.string(),
  attributes,
  links: z.array(z.object({ traceId: z.string(), spanId: z.string() })).default([]),
});
const bodySchema = z.object({
  resourceSpans: z.array(z.object({
    resource: z.object({ attributes: z.array(z.unknown()) }),
    scopeSpans: z.array(z.object({ spans: z.array(spanSchema) })),
  })),
});
type Span = z.output<typeof spanSchema> & { readonly service: string };

/** A collector: OTLP/HTTP, which keeps what it gets. */
class Collector {
  readonly spans: Span[] = [];
  readonly headers: (string | null)[] = [];
  readonly bodies: string[] = [];
  #answers = 0;
  readonly #server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => this.#take(request),
  });
  status = 200;

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  /** Requests that were answered with something else than 200. */
  get refused(): number {
    return this.#answers;
  }

  named(name: string): Span[] {
    return this.spans.filter((span) => span.name === name);
  }

  stop(): Promise<void> {
    return this.#server.stop(true);
  }

  async #take(request: Request): Promise<Response> {
    if (new URL(request.url).pathname !== "/v1/traces") return new Response("", { status: 404 });
    const text = await request.text();
    if (this.status !== 200) {
      this.#answers++;
      return new Response("no", { status: this.status });
    }
    this.bodies.push(text);
    this.headers.push(request.headers.get("x-key"));
    for (const { resource, scopeSpans } of bodySchema.parse(JSON.parse(text)).resourceSpans) {
      const name = attributes.parse(
        resource.attributes.filter((a) => (a as { key: string }).key === "service.name"),
      );
      const service = `${name["service.name"]}`;
      for (const { spans } of scopeSpans) {
        this.spans.push(...spans.map((span) => ({ ...span, service })));
      }
    }
    return Response.json({});
  }
}

const place = workspace();
const directory = (name: string) => join(place.directory, name);
const collector = new Collector();
const secret = "5up3rS3cret";
const traced = {
  OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
  OTEL_EXPORTER_OTLP_HEADERS: `x-key=${secret}%3D`,
  // Standard, and read by the exporter itself.
  OTEL_BSP_SCHEDULE_DELAY: "200",
};
let network: TestNetwork;
const nodes: NodeProcess[] = [];
beforeAll(async () => void (network = await startNetwork(directory("enode"), { count: 2 })));
afterAll(async () => {
  for (const node of nodes) await node.kill();
  await network?.anvil.stop();
  await collector.stop();
  await place.remove();
});

describe("a message's way", () => {
  let enode: NodeProcess, znode: NodeProcess, ids: string[], task: Hex;

  test("is told by both nodes as one trace, with nothing private in it", async () => {
    const { PROVER_PRIVATE_KEY: prover = "", ...env } = network.env;
    enode = await startNode({
      ...{ ...env, ...traced, DATA_DIRECTORY: directory("enode") },
      P2P_LISTEN: `/ip4/127.0.0.1/tcp/${await freePort()}`,
    }, { role: "enode" });
    nodes.push(enode);
    const peer = JSON.parse(await readFile(join(directory("enode"), "peer.json"), "utf8"));
    await mkdir(directory("znode"));
    znode = await startNode({
      ...{ ...env, ...traced, DATA_DIRECTORY: directory("znode"), OPERATOR_PRIVATE_KEY: prover },
      ...{ OTEL_SERVICE_NAME: "prover-7", BOOTNODE_MULTIADDR: peer.multiaddrs.join(",") },
    }, { role: "znode", runtime: znodeRuntime });
    nodes.push(znode);
    const send = (value: number) =>
      until(
        "the project is served",
        () => post(enode.url, 1, `{"value":${value}}`).catch(() => undefined),
      );
    ids = [await send(21.4321), await send(22.4321)];
    for (const id of ids) await reaches(enode.url, id, "outputted");
    await until("all spans are there", () => {
      const names = ["ingest", "pack", "lease", "prove", "verify", "grant"];
      const there = names.every((name) => collector.named(name).length > 0) &&
        collector.named("send ethereumContract").length > 0;
      return Promise.resolve(there || undefined);
    });

    const [pack] = collector.named("pack");
    task = pack?.attributes["w3bstream.task"] as Hex;
    expect(pack).toMatchObject({ ...taskSpan(task), service: "w3bstream-enode" });
    expect(pack?.links).toEqual(
      ids.map((id) => expect.objectContaining(messageSpan(id))),
    );
    const ingested = collector.named("ingest").map(({ traceId, spanId }) => ({ traceId, spanId }));
    expect(ingested).toEqual(expect.arrayContaining(ids.map(messageSpan)));

    const [lease, grant] = [collector.named("lease")[0], collector.named("grant")[0]];
    for (const span of [lease, grant]) {
      const epoch = Number(span?.attributes["w3bstream.epoch"]);
      expect(span).toMatchObject({
        ...attemptSpan(task, epoch),
        parentSpanId: taskSpan(task).spanId,
      });
    }
    expect(grant?.attributes).toMatchObject({ "w3bstream.state": "confirmed" });
    const children = { traceId: lease?.traceId, parentSpanId: lease?.spanId };
    expect(collector.named("prove")[0]).toMatchObject({
      ...children,
      service: "prover-7",
      attributes: { "w3bstream.result": "made", "w3bstream.runtime": "halo2" },
    });
    expect(collector.named("verify")[0]).toMatchObject({
      ...children,
      service: "w3bstream-enode",
      attributes: { "w3bstream.verdict": "valid" },
    });
    expect(collector.named("send ethereumContract")[0]).toMatchObject({
      traceId: grant?.traceId,
      parentSpanId: grant?.spanId,
      service: "prover-7",
      attributes: { "w3bstream.reference": expect.stringMatching(/^0x[0-9a-f]{64}$/) },
    });
    for (const { startTimeUnixNano: start, endTimeUnixNano: end } of collector.spans) {
      expect(BigInt(end)).toBeGreaterThanOrEqual(BigInt(start));
      expect(Math.abs(Date.now() - Number(BigInt(start) / 1_000_000n))).toBeLessThan(600_000);
    }
    // Whoever knows a message's id may ask for its receipt.
    for (const text of [".4321", secret, ...ids]) {
      expect(collector.bodies.join()).not.toContain(text);
    }
    expect(new Set(collector.headers)).toEqual(new Set([`${secret}=`]));
  });

  test("is found from the log by its trace", () => {
    for (const node of [enode, znode]) {
      const lines = node.log().split("\n").filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line)).filter((line) => line.task === task);
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) expect(line.trace_id).toBe(taskSpan(task).traceId);
      expect(node.log()).not.toContain(secret);
    }
  });

  test("goes on while the collector refuses, which is told once", async () => {
    collector.status = 400;
    for (const value of [1, 2]) ids.push(await post(enode.url, 1, `{"value":${value}}`));
    for (const id of ids) await reaches(enode.url, id, "outputted");
    await until(
      "spans are refused twice",
      () => Promise.resolve(collector.refused > 1 || undefined),
    );
    const said = () => enode.log().split("traces are lost").length - 1;
    await until("it is told", () => Promise.resolve(said() > 0 || undefined));
    const refused = collector.refused;
    for (const value of [3, 4]) ids.push(await post(enode.url, 1, `{"value":${value}}`));
    await until("and again", () => Promise.resolve(collector.refused > refused || undefined));
    expect(said()).toBe(1);
    collector.status = 200;
    for (const value of [5, 6]) ids.push(await post(enode.url, 1, `{"value":${value}}`));
    await until(
      "it takes them again",
      () => Promise.resolve(enode.log().includes("takes traces again") || undefined),
    );
    expect(await enode.stop()).toBe(0);
    expect(await znode.stop()).toBe(0);
  });
});

test("tells none of what is not sampled", async () => {
  const before = collector.spans.length;
  const { PROVER_PRIVATE_KEY: _, ...env } = network.env;
  const node = await startNode({
    ...{ ...env, ...traced, DATA_DIRECTORY: directory("enode") },
    P2P_LISTEN: "/ip4/127.0.0.1/tcp/0",
    OTEL_TRACES_SAMPLER: "traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0",
  }, { role: "enode" });
  nodes.push(node);
  await until(
    "the project is served",
    () => post(node.url, 1, '{"value":1}').catch(() => undefined),
  );
  // What there is to tell is told before it ends.
  expect(await node.stop()).toBe(0);
  expect(collector.spans.length).toBe(before);
});

// Bun alone tells what is loaded. Our metrics' library brings OpenTelemetry's interfaces.
test.skipIf(nodeRuntime !== "bun")("loads no exporter where it is off", async () => {
  const guard = join(place.directory, "guard.ts");
  await writeFile(
    guard,
    `Bun.plugin({ name: "guard", setup(build) {
       build.onLoad({ filter: /@opentelemetry[/](?!api[/])/ }, ({ path }) => {
         console.error("loaded " + path);
         process.exit(9);
       });
     } });`,
  );
  const start = async (name: string, env: Record<string, string>): Promise<string> => {
    const child = Bun.spawn(
      [process.execPath, "--preload", guard, "src/node.ts", "--role=znode"],
      {
        cwd: join(import.meta.dirname, "../.."),
        env: {
          ...{ PATH: process.env.PATH, HOME: process.env.HOME, BUILD_NATIVE: "off" },
          ...{ DATA_DIRECTORY: directory(name), HTTP_SERVICE_ENDPOINT: "127.0.0.1:0", ...env },
        },
        stdout: "ignore",
        stderr: "pipe",
      },
    );
    let said = "";
    for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
      said += chunk;
      if (said.includes('"running"')) child.kill();
    }
    await child.exited;
    return said;
  };
  expect(await start("off", {})).not.toContain("loaded");
  expect(await start("on", traced)).toContain("loaded");
});
