import type { NodeContext } from "./context.ts";
import type { OutputDeps } from "./output/index.ts";

/** What the outputs need that go by a key, a secret or a place of the enode's operator. */
export function enodeOutputs(
  { config, keys: { operator }, projects, authority }: NodeContext,
): Pick<OutputDeps, "textile" | "webhook"> {
  /** Anyone can name anyone an operator of a project: the owner's or the operator's own file. */
  const isOwn = async (projectId: bigint) =>
    await projects.canOperate(projectId, operator.address) &&
    (projects.get(projectId)?.source === "directory" ||
      await authority.ownsProject(projectId, operator.address));
  return {
    textile: {
      endpoint: config.TEXTILE_ENDPOINT,
      signer: { address: operator.address, sign: (args) => operator.sign(args) },
      mayWrite: async (projectId, vault) =>
        config.OUTPUT_ALLOW.vaults.includes(vault) || await isOwn(projectId),
    },
    webhook: {
      secrets: config.WEBHOOK_SECRETS,
      privateHosts: config.WEBHOOK_PRIVATE_HOSTS,
      isAccepted: authority.isAccepted,
    },
  };
}
