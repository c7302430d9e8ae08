/** Nodes behind NATs, in network namespaces: this file runs itself in one of its own. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { weatherModule, workspace, writeProject } from "./files.ts";
import { internet, ip, Lan, openInternet } from "./nat/lan.ts";
import {
  type NodeOptions,
  type NodeProcess,
  post,
  reaches,
  startNode,
  until,
  znodeRuntime,
} from "./node.ts";

setDefaultTimeout(600_000);

const inside = process.env.NAT_TEST_INSIDE === "on";
/** A network namespace in which whoever runs this is root. */
const own = ["-r", "-n"];

/** Why namespaces with masquerading routers can't be had here. */
function missing(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  if (!ip) return "iproute2 is not installed";
  const masquerade = join(import.meta.dirname, "nat/masquerade.ts");
  const { status, stderr, error } = spawnSync("unshare", [...own, process.execPath, masquerade]);
  if (status === 0) return undefined;
  return `unshare and nf_tables are not allowed: ${error?.message ?? String(stderr).slice(-200)}`;
}

const reason = inside ? undefined : missing();
if (reason !== undefined) {
  test.skip(`nodes behind NATs: ${reason}`, () => {});
} else if (!inside) {
  test("nodes behind NATs, in a namespace of this test's own", () => {
    const command = [process.execPath, "test", "--timeout", "600000", import.meta.path];
    const { status, stderr } = spawnSync("unshare", [...own, ...command], {
      env: { ...process.env, NAT_TEST_INSIDE: "on" },
      stdio: ["ignore", "inherit", "pipe"],
      encoding: "utf8",
    });
    expect(status === 0 ? "" : stderr).toBe("");
    expect(stderr).toContain("3 pass");
  });
} else {
  const place = workspace();
  const at = (name: string) => join(place.directory, name);
  const keys = { enode: generatePrivateKey(), znode: generatePrivateKey() };
  const nodes: NodeProcess[] = [];
  let lans: Lan[] = [];

  beforeAll(async () => {
    await mkdir(at("projects"));
    await writeProject(at("projects"), 1, {
      code: await weatherModule(),
      packing: { count: 1, window: 1 },
      output: { type: "stdout" },
    });
    await openInternet();
    lans = [await Lan.open(1, place.directory), await Lan.open(2, place.directory)];
  });

  afterAll(async () => {
    for (const node of nodes) await node.kill();
    for (const lan of lans) lan.close();
    await place.remove();
  });

  const start = async (
    role: "enode" | "znode" | "bootnode",
    name: string,
    env: Record<string, string>,
    on?: Lan,
  ): Promise<NodeProcess> => {
    const options: NodeOptions = {
      role,
      ...(role === "znode" ? { runtime: znodeRuntime } : {}),
      ...(on ? { on } : {}),
    };
    const own: Record<string, Record<string, string>> = {
      enode: {
        OPERATOR_PRIVATE_KEY: keys.enode,
        TRUSTED_PROVERS: privateKeyToAddress(keys.znode),
      },
      znode: {
        OPERATOR_PRIVATE_KEY: keys.znode,
        TRUSTED_ENODES: privateKeyToAddress(keys.enode),
      },
    };
    const files = { DATA_DIRECTORY: at(name), PROJECT_FILE_DIRECTORY: at("projects") };
    const node = await startNode({ ...files, ...own[role], ...env }, options);
    nodes.push(node);
    return node;
  };

  const addressesOf = async (name: string): Promise<string[]> =>
    JSON.parse(await readFile(join(at(name), "peer.json"), "utf8")).multiaddrs;

  test("nobody outside reaches a machine behind the NAT", async () => {
    for (const host of lans.flatMap((lan) => [lan.address, lan.publicAddress])) {
      const socket = connect(80, host);
      const came = await new Promise((resolve) => {
        socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
        setTimeout(() => resolve(false), 2_000);
      });
      socket.destroy();
      expect([host, came]).toEqual([host, false]);
    }
  });

  test("a znode behind a NAT proves and outputs", async () => {
    const enode = await start("enode", "enode 1", { P2P_LISTEN: `/ip4/${internet}/tcp/4689` });
    const known = { BOOTNODE_MULTIADDR: (await addressesOf("enode 1")).join(",") };
    const znode = await start("znode", "znode 1", known, lans[0]);
    const id = await post(enode.url, 1, '{"value":1}');
    await reaches(enode.url, id, "outputted");
    expect(await znode.stop()).toBe(0);
    expect(await enode.stop()).toBe(0);
  });

  test("an enode and a znode behind two NATs work together", async () => {
    const relay = await start("bootnode", "relay", {
      P2P_LISTEN: `/ip4/${internet}/tcp/4690,/ip4/${internet}/udp/4690/webrtc-direct`,
      P2P_RELAY: "on",
    });
    const tcp = (await addressesOf("relay")).filter((address) => address.includes("/tcp/"));
    const known = { BOOTNODE_MULTIADDR: tcp.join(","), P2P_WEBRTC: "on" };
    const enode = await start(
      "enode",
      "enode 2",
      { ...known, P2P_LISTEN: "/p2p-circuit" },
      lans[0],
    );
    await until(
      "the relay has agreed",
      async () => (await addressesOf("enode 2")).length > 0 || undefined,
    );
    const znode = await start("znode", "znode 2", known, lans[1]);
    await reaches(enode.url, await post(enode.url, 1, '{"value":1}'), "outputted");
    // They are connected directly.
    expect(await relay.stop()).toBe(0);
    await reaches(enode.url, await post(enode.url, 1, '{"value":2}'), "outputted");
    expect(znode.log()).not.toContain("link ended");
    expect(await znode.stop()).toBe(0);
    expect(await enode.stop()).toBe(0);
  });
}
