import { OutputError } from "../output.ts";

/** Solana's public clusters, by the hash of their first block. */
export const publicClusters = {
  "mainnet-beta": "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d",
  devnet: "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG",
  testnet: "4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY",
} as const;

/** A cluster that the operator configured. */
export interface Cluster {
  /** One of `publicClusters`, or the hash of its first block. */
  readonly name: string;
  readonly endpoint: string;
}

export const genesisOf = (name: string): string =>
  (publicClusters as Record<string, string>)[name] ?? name;

/**
 * The cluster that a file means. Its endpoint is never connected to (DESIGN R11).
 * @throws {OutputError} `dead`, naming the setting to change
 */
export function resolveCluster(chainEndpoint: string, clusters: readonly Cluster[]): Cluster {
  const named = nameOf(chainEndpoint, clusters);
  if (named !== undefined) {
    const cluster = clusters.find(({ name }) => name === named);
    if (cluster) return cluster;
    throw new OutputError("dead", `no RPC for ${named}: add ${named}=<url> to SOLANA_ENDPOINTS`);
  }
  const [only, ...others] = clusters;
  if (only && others.length === 0) return only;
  throw new OutputError(
    "dead",
    only
      ? "the project's file does not say which cluster: let chainEndpoint be a name or URL of " +
        "SOLANA_ENDPOINTS"
      : "no cluster is configured: set SOLANA_ENDPOINTS",
  );
}

function nameOf(text: string, clusters: readonly Cluster[]): string | undefined {
  if (text in publicClusters || clusters.some(({ name }) => name === text)) return text;
  if (!URL.canParse(text)) return undefined;
  const { href, hostname } = new URL(text);
  const same = clusters.find(({ endpoint }) => new URL(endpoint).href === href);
  return same?.name ??
    Object.keys(publicClusters).find((name) => hostname === `api.${name}.solana.com`);
}
