import type { OutputConfig } from "../project/types.ts";

/** What goes to one far end, as far as a file tells: a chain that is down holds up no other. */
export function laneOf(config: OutputConfig): string {
  if (config.type !== "ethereumContract") return config.type;
  const { chainId } = config;
  const endpoint = config.mode === "direct" ? config.chainEndpoint : "";
  const chain = chainId ?? (URL.canParse(endpoint) ? new URL(endpoint).hostname : "");
  return chain === "" ? config.type : `${config.type}/${chain}`;
}
