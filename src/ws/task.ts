import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { multiaddr } from "@multiformats/multiaddr";
import { createHost } from "../network/host.ts";
import { openIpfs, parseCid } from "../project/ipfs.ts";
import { openTaskBlock } from "../protocol/index.ts";
import { anyAddress } from "../safe-fetch.ts";
import { enodeOption, request, type State, stateLines } from "./api.ts";
import { type Register, UserError } from "./cli.ts";
import { aProjectId } from "./values.ts";

export const task: Register = (program, io) => {
  const group = program.command("task").description("look at tasks");
  enodeOption(group.command("show"))
    .description("the states a task has gone through")
    .argument("<project>", "project id", aProjectId)
    .argument("<task>", "the enode's number of the task, or its 32-byte id")
    .action(async (projectId, id, flags) => {
      const path = `/task/${projectId}/${encodeURIComponent(id)}`;
      const status = await request<{ states: State[] | null; block?: string }>(flags.enode, path);
      const block = status.block ? [`block ${status.block}`] : [];
      io().result(status, [...stateLines(status.states), ...block]);
    });

  group.command("block")
    .description("fetch a task's block from IPFS and check it: id, root of the leaves, signature")
    .argument("<cid>", "as ws task show gives it", parseCid)
    .option("--peer <multiaddr>", "who has it (default: IPFS_ENDPOINT)", multiaddr)
    .action(async (cid, { peer }) => {
      const endpoint = process.env.IPFS_ENDPOINT;
      if (!peer && !endpoint) throw new UserError("give --peer <multiaddr> or set IPFS_ENDPOINT");
      const directory = await mkdtemp(join(tmpdir(), "w3bstream-"));
      const host = peer && await createHost({ directory, listen: [] });
      const ipfs = openIpfs({ directory, endpoint, host, allow: anyAddress });
      try {
        await host?.dial(peer);
        const { leaves, ...block } = await openTaskBlock(await ipfs.getBlock(cid));
        const { taskId, task, signer } = block;
        io().result({ ...block, leaves }, [
          `task     ${taskId}`,
          `project  ${task.projectId}, version ${task.version}, chain ${task.chainId}`,
          `program  ${task.programId}`,
          `root     ${task.messagesRoot} of ${leaves.length} messages`,
          `signer   ${signer}`,
        ]);
      } finally {
        await ipfs.close();
        await host?.stop();
        await rm(directory, { recursive: true, force: true });
      }
    });
};
