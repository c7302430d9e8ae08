import { createPublicClient, http } from "viem";
import { serveHttp } from "../../platform.ts";

/** What becomes of one RPC request; undefined: it goes through. */
export type Fault = (
  method: string,
  params: readonly unknown[],
) => Promise<Response | undefined> | Response | undefined;

/** An RPC in front of another, with faults on demand. */
export function startProxy(url: string) {
  const proxy = { fault: undefined as Fault | undefined, methods: [] as string[] };
  const server = serveHttp(async (request) => {
    const body = await request.text();
    const { method, params = [], id } = JSON.parse(body) as {
      method: string;
      params?: unknown[];
      id: number;
    };
    proxy.methods.push(method);
    const faulty = await proxy.fault?.(method, params);
    if (faulty) {
      const answer = await faulty.text();
      const { status, headers } = faulty;
      return new Response(answer.replace('"$id"', String(id)), { status, headers });
    }
    const headers = { "content-type": "application/json" };
    const answer = await fetch(url, { method: "POST", body, headers });
    return new Response(await answer.text(), { status: answer.status, headers });
  }, { hostname: "127.0.0.1", port: 0, maxBodyBytes: 10_000_000 });
  const own = `http://127.0.0.1:${server.port}/v3/secret-access-key`;
  const transport = http(own, {
    retryCount: 0,
    timeout: 500,
  });
  return Object.assign(proxy, {
    url: own,
    client: createPublicClient({ transport, cacheTime: 0 }),
    stop: () => server.stop(),
  });
}

export const down: Fault = () => new Response("bad gateway", { status: 502 });

export function answer(result: unknown): Response {
  return Response.json({ jsonrpc: "2.0", id: "$id", result });
}

export function refusal(message: string, code = -32000): Response {
  return Response.json({ jsonrpc: "2.0", id: "$id", error: { code, message } });
}
