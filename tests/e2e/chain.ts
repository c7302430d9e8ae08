import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { join } from "node:path";
import { type Anvil, startAnvil } from "../../src/chain/anvil.ts";
import { type ChainClient, connectChain } from "../../src/chain/clients.ts";
import type { Deployment, DeployOptions } from "../../src/chain/deploy.ts";
import { encodeProject, openIpfs } from "../../src/project/index.ts";
import {
  localParties,
  nodeEnvironment,
  type Parties,
  type PublishedProject,
  registerWeather,
  setUpNetwork,
} from "../../scripts/demo/network.ts";
import { weatherModule } from "./files.ts";

/** A local chain with the contracts, a staked znode, and the weather project published. */
export interface TestNetwork {
  readonly anvil: Anvil;
  readonly chain: ChainClient;
  readonly parties: Parties;
  readonly deployment: Deployment;
  readonly project: PublishedProject;
  /** What a node of role all needs to take part. */
  readonly env: Record<string, string>;
}

/**
 * @param dataDirectory of the node, where its IPFS blocks are put
 * @param fields of the project's version, beside the packing; the router is its output unless they say another
 * @param prepare what is to be on the chain before the contracts
 */
export async function startNetwork(
  dataDirectory: string,
  packing: Record<string, unknown>,
  fields: Record<string, unknown> = {},
  prepare: (chain: ChainClient) => Promise<DeployOptions> = () => Promise.resolve({}),
): Promise<TestNetwork> {
  const anvil = await startAnvil();
  try {
    const chain = await connectChain(anvil.url);
    const parties = localParties();
    const deployment = await setUpNetwork(chain, parties, await prepare(chain));
    const code = await weatherModule();
    const output = { type: "ethereumContract" };
    const encoded = await encodeProject({
      versions: [{ version: "0.1", vmType: "halo2", code, packing, output, ...fields }],
    });
    const ipfs = openIpfs({ directory: join(dataDirectory, "ipfs") });
    await ipfs.put(encoded.blocks);
    await ipfs.close();
    const project = await registerWeather(chain, deployment, parties, encoded);
    const env = nodeEnvironment(anvil.url, deployment);
    return { anvil, chain, parties, deployment, project, env };
  } catch (error) {
    await anvil.stop();
    throw error;
  }
}

/** An RPC endpoint that can be cut off. */
export interface Proxy {
  readonly url: string;
  down: boolean;
  /** Called with each request's body before it is passed on. */
  onRequest?: (body: string) => void;
  stop(): Promise<void>;
}

/** Forwards JSON-RPC to `target`; while `down`, connections are dropped. */
export async function startProxy(target: string): Promise<Proxy> {
  const proxy: Pick<Proxy, "down" | "onRequest"> = { down: false };
  const server: Server = createServer(async (request, response) => {
    if (proxy.down) return void request.socket.destroy();
    try {
      let body = "";
      for await (const chunk of request) body += chunk;
      proxy.onRequest?.(body);
      const answer = await fetch(target, {
        method: "POST",
        body,
        headers: { "content-type": "application/json" },
      });
      const text = await answer.text();
      if (proxy.down) return void request.socket.destroy();
      response.writeHead(answer.status, { "content-type": "application/json" }).end(text);
    } catch {
      request.socket.destroy();
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return Object.assign(proxy, {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  });
}
