import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { multiaddr } from "@multiformats/multiaddr";
import type { Command } from "commander";
import { createHost } from "../network/host.ts";
import { openIpfs, parseCid } from "../project/ipfs.ts";
import { openTaskBlock } from "../protocol/index.ts";
import { anyAddress } from "../safe-fetch.ts";
import { UserError } from "./cli.ts";

/** Adds the option of commands that fetch a task's block. */
export function peerOption(command: Command): Command {
  return command.option("--peer <multiaddr>", "who has the block (default: IPFS_ENDPOINT)");
}

/** Fetches a task's block and checks it. @throws {UserError} if nobody is named who has it */
export async function getTaskBlock(cid: string, peer: string | undefined) {
  const endpoint = process.env.IPFS_ENDPOINT;
  if (!peer && !endpoint) throw new UserError("give --peer <multiaddr> or set IPFS_ENDPOINT");
  const directory = await mkdtemp(join(tmpdir(), "w3bstream-"));
  const host = peer ? await createHost({ directory, listen: [] }) : undefined;
  const ipfs = openIpfs({ directory, endpoint, host, allow: anyAddress });
  try {
    if (peer) await host?.dial(multiaddr(peer));
    return await openTaskBlock(await ipfs.getBlock(parseCid(cid)));
  } finally {
    await ipfs.close();
    await host?.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
