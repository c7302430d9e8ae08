import { laneOf } from "../output/lane.ts";
import type { OutputConfig, ProjectVersion } from "../project/types.ts";
import type { DispatchOptions } from "./deps.ts";
import { type Rules, rulesSchema } from "./state.ts";

/** The rules of a project version's tasks, as they are when dispatch first sees a task. */
export function rulesOf(
  version: Pick<ProjectVersion, "redundancy" | "attempts" | "timeoutSeconds" | "outputs">,
  options: DispatchOptions,
  isOwn: (config: OutputConfig) => boolean,
  hasOutputs: boolean,
): Rules {
  return rulesSchema.parse({
    ...options,
    redundancy: version.redundancy,
    attempts: version.attempts,
    timeoutMs: Math.min(86_400_000, Math.max(1, Math.ceil(version.timeoutSeconds * 1000))),
    outputs: version.outputs.map((config, index) => {
      const own = isOwn(config);
      const barred = index > 15
        ? "a project has at most 16 outputs"
        : own && !hasOutputs
        ? "only the operator's key may do it, and this enode runs no outputs"
        : undefined;
      const lane = laneOf(config);
      return {
        name: config.type,
        ...(lane === config.type ? {} : { lane }),
        where: own ? "enode" : "znode",
        // What has no verifier may be printed, or tried against a contract by its `eth_call`.
        verifiedOnly: config.type !== "stdout" && config.type !== "ethereumContract",
        ...("light" in config && config.light ? { afterRouter: true } : {}),
        ...(barred === undefined ? {} : { barred }),
      };
    }),
  });
}

/** What needs a key, a secret or a place of the enode's operator. */
export const isEnodes = (config: OutputConfig): boolean =>
  config.type === "ethereumContract" ? config.mode === "direct" : config.type !== "stdout";
