import { createHmac, timingSafeEqual } from "node:crypto";
import { type Address, type Hex, keccak256, recoverAddress } from "viem";
import { serveHttp } from "../../platform.ts";

/** What a server does instead of its work; undefined: its work. */
export type Fault = (request: Request, body: Uint8Array) =>
  | Promise<Response | undefined>
  | Response
  | undefined;

const serve = (handler: (request: Request) => Promise<Response>) =>
  serveHttp(handler, { hostname: "127.0.0.1", port: 0, maxBodyBytes: 16 * 1024 * 1024 });

export interface VaultEvent {
  readonly vault: string;
  readonly body: { readonly proof: string; readonly result: string };
  readonly signature: string;
  readonly filename: string;
}

/**
 * A Basin server, which asks and answers as Tableland's does: a vault takes events that its account
 * signed over their Keccak-256.
 */
export function startBasin(owners: Readonly<Record<string, Address>>) {
  const basin = { events: [] as VaultEvent[], requests: 0, fault: undefined as Fault | undefined };
  const server = serve(async (request) => {
    basin.requests++;
    const bytes = new Uint8Array(await request.arrayBuffer());
    const faulty = await basin.fault?.(request, bytes);
    if (faulty) return faulty;
    const refuse = (status: number, error: string) => Response.json({ error }, { status });
    const { pathname, searchParams } = new URL(request.url);
    const vault = /^\/vaults\/([^/]+)\/events$/.exec(pathname)?.[1] ?? "";
    const [filename, length] = ["filename", "content-length"].map((n) => request.headers.get(n));
    if (!filename || Number(length) !== bytes.length) return refuse(400, "missing header");
    if (!/^[a-zA-Z_]\w*\.[a-zA-Z_]\w*$/.test(vault)) return refuse(400, "not a valid vault");
    const owner = owners[vault];
    if (!owner) return refuse(404, "namespace not found");
    const signature = searchParams.get("signature") ?? "";
    const age = Date.now() / 1000 - Number(searchParams.get("timestamp"));
    if (!/^[0-9a-f]{128}0[01]$/.test(signature) || !(Math.abs(age) < 60)) {
      return refuse(400, "invalid signature");
    }
    const yParity = Number(signature.slice(128));
    const [r, s] = [`0x${signature.slice(0, 64)}`, `0x${signature.slice(64, 128)}`] as Hex[];
    const account = await recoverAddress({
      hash: keccak256(bytes),
      signature: { r: r as Hex, s: s as Hex, yParity },
    });
    if (account !== owner) return refuse(401, "unauthorized");
    const body = JSON.parse(new TextDecoder().decode(bytes));
    basin.events.push({ vault, body, signature, filename });
    return Response.json([], { status: 201 });
  });
  return Object.assign(basin, { url: `http://127.0.0.1:${server.port}`, stop: server.stop });
}

export interface Hook {
  readonly id: string;
  // deno-lint-ignore no-explicit-any
  readonly body: any;
  readonly bytes: string;
}

/** A receiver of webhooks, which checks them as Standard Webhooks says, and keeps each id once. */
export function startReceiver(secret: Uint8Array) {
  const receiver = {
    hooks: new Map<string, Hook>(),
    requests: [] as Hook[],
    refused: 0,
    fault: undefined as Fault | undefined,
  };
  const server = serve(async (request) => {
    const bytes = new Uint8Array(await request.arrayBuffer());
    const [id = "", timestamp = "", signatures = ""] = ["id", "timestamp", "signature"]
      .map((name) => request.headers.get(`webhook-${name}`) ?? "");
    const signed = `${id}.${timestamp}.${new TextDecoder().decode(bytes)}`;
    const expected = createHmac("sha256", secret).update(signed).digest();
    const isOurs = signatures.split(" ").some((one) => {
      const given = Uint8Array.fromBase64(one.replace(/^v1,/, ""));
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
    if (!isOurs || !(Math.abs(Date.now() / 1000 - Number(timestamp)) < 300)) {
      receiver.refused++;
      return new Response("bad signature", { status: 401 });
    }
    const text = new TextDecoder().decode(bytes);
    const hook = { id, body: JSON.parse(text), bytes: text };
    receiver.requests.push(hook);
    const faulty = await receiver.fault?.(request, bytes);
    if (faulty) return faulty;
    receiver.hooks.set(id, hook);
    return new Response(null, { status: 204 });
  });
  const host = `127.0.0.1:${server.port}`;
  return Object.assign(receiver, { host, url: `http://${host}/hook`, stop: server.stop });
}

/** An answer that never ends. */
export const endless = (): Response => {
  const bytes = new Uint8Array(16 * 1024);
  return new Response(
    new ReadableStream({ pull: (controller) => controller.enqueue(bytes) }),
  );
};

/** An answer that drips, a byte now and then. */
export const dripping = (): Response =>
  new Response(
    new ReadableStream({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        controller.enqueue(Uint8Array.of(32));
      },
    }),
  );
