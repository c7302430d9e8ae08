/** Settings about where results go. */
import { Buffer } from "node:buffer";
import type { Address, Hex } from "viem";
import { z } from "zod";
import { publicClusters } from "../output/solana/clusters.ts";
import { address } from "../protocol/schema.ts";
import { integer, serviceUrl, type Settings } from "./values.ts";

/** What an operator lets its keys sign for projects that are not its own. */
export interface OutputAllow {
  readonly calls: readonly {
    readonly chainId: bigint;
    readonly address: Address;
    /** First four bytes of the call, lower case. */
    readonly selector: Hex;
  }[];
  /** Solana programs, base58. */
  readonly programs: readonly string[];
  /** Textile vaults. */
  readonly vaults: readonly string[];
}

/** `cluster=url` pairs, separated by commas; a cluster is known by its name or its first block. */
const solanaEndpoints = z.string().transform((text, ctx) => {
  const clusters: { name: string; endpoint: string }[] = [];
  for (const pair of list(text)) {
    const [, name = "", endpoint = ""] = /^([\w-]+)=(.+)$/.exec(pair) ?? [];
    const isKnown = name in publicClusters || /^[1-9A-HJ-NP-Za-km-z]{32,44}$/.test(name);
    const isUrl = URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol);
    if (!isKnown || !isUrl || clusters.some((other) => other.name === name)) {
      ctx.addIssue({
        code: "custom",
        message: "must be cluster=url pairs separated by commas; a cluster is mainnet-beta, " +
          "devnet, testnet or a genesis hash",
      });
      return z.NEVER;
    }
    clusters.push({ name, endpoint });
  }
  return clusters;
});

const list = (text: string) => text.split(",").map((s) => s.trim()).filter(Boolean);

/** `chainId:address:selector`, `solana:program` and `textile:vault`, separated by commas. */
const outputAllow = z.string().transform((text, ctx): OutputAllow => {
  const calls: { chainId: bigint; address: Address; selector: Hex }[] = [];
  const programs: string[] = [];
  const vaults: string[] = [];
  for (const entry of list(text)) {
    const [where = "", what = "", selector = "", ...rest] = entry.split(":");
    const account = address.safeParse(what);
    if (where === "solana" && /^[1-9A-HJ-NP-Za-km-z]{32,44}$/.test(what) && !selector) {
      programs.push(what);
    } else if (where === "textile" && /^[\w.-]{1,256}$/.test(what) && !selector) {
      vaults.push(what);
    } else if (
      /^\d+$/.test(where) && account.success && /^0x[0-9a-fA-F]{8}$/.test(selector) &&
      rest.length === 0
    ) {
      const lower = selector.toLowerCase() as Hex;
      calls.push({ chainId: BigInt(where), address: account.data, selector: lower });
    } else {
      ctx.addIssue({
        code: "custom",
        message: "must be chainId:address:0xselector, solana:program or textile:vault, " +
          "separated by commas",
      });
      return z.NEVER;
    }
  }
  return { calls, programs, vaults };
});

/** `projectId=whsec_…` pairs, separated by commas; a project may have several. */
const webhookSecrets = z.string().transform((text, ctx) => {
  const map = new Map<bigint, Uint8Array[]>();
  for (const pair of list(text)) {
    const match = /^(\d{1,20})=whsec_([A-Za-z0-9+/]+={0,2})$/.exec(pair);
    const secret = Buffer.from(match?.[2] ?? "", "base64");
    // As the specification bounds it.
    if (!match?.[1] || secret.length < 24 || secret.length > 64) {
      ctx.addIssue({
        code: "custom",
        message: "must be projectId=whsec_… pairs separated by commas, secrets 24 to 64 bytes " +
          "in base64",
      });
      return z.NEVER;
    }
    const id = BigInt(match[1]);
    map.set(id, [...map.get(id) ?? [], new Uint8Array(secret)]);
  }
  return map;
});

/** `host` or `host:port`, separated by commas. */
const hosts = z.string().transform(list).refine(
  (all) => all.every((host) => /^(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?$/.test(host)),
  "must be hosts, with or without port, separated by commas",
).transform((all) => all.map((host) => host.toLowerCase()));

export const outputSettings = {
  OUTPUT_ALLOW: {
    help: "contract calls, Solana programs and vaults that keys sign for, whoever's project it is",
    placeholder: "chain:address:selector,solana:program,textile:vault,…",
    schema: outputAllow,
    fallback: "",
  },
  SOLANA_ENDPOINTS: {
    help: "enode: RPCs of Solana clusters: mainnet-beta, devnet, testnet, or a genesis hash",
    placeholder: "cluster=url,…",
    schema: solanaEndpoints,
    fallback: "",
    secret: true,
  },
  SOLANA_PRIORITY_FEE: {
    help: "most micro-lamports for a compute unit, where others pay that much",
    placeholder: "n",
    schema: integer(0, 1_000_000_000),
    fallback: "100000",
  },
  SOLANA_LIMIT_PER_DAY: {
    help: "most lamports a project may cost this node's key in one UTC day",
    placeholder: "lamports",
    schema: z.string().regex(/^\d{1,18}$/, "must be lamports, a whole number").transform(BigInt),
    fallback: "100000000",
  },
  TEXTILE_ENDPOINT: {
    help: "enode: the Basin server of vault events (default: the original's)",
    placeholder: "url",
    schema: serviceUrl,
  },
  WEBHOOK_SECRETS: {
    help: "enode: what webhooks of projects are signed with, whsec_ and 24 to 64 bytes in base64",
    placeholder: "projectId=whsec_…,…",
    schema: webhookSecrets,
    fallback: "",
    secret: true,
  },
  WEBHOOK_PRIVATE_HOSTS: {
    help: "enode: hosts of webhooks that may be at private addresses, and without TLS",
    placeholder: "host[:port],…",
    schema: hosts,
    fallback: "",
  },
  ARCHIVE_DIRECTORY: {
    help: "enode: where archive outputs keep receipts, as files",
    placeholder: "dir",
    schema: z.string().min(1),
  },
  ARCHIVE_S3_ENDPOINT: {
    help: "enode: an S3-compatible service that keeps them instead, without the bucket",
    placeholder: "url",
    schema: serviceUrl,
  },
  ARCHIVE_S3_BUCKET: {
    help: "the bucket there",
    placeholder: "name",
    schema: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,62}$/, "must be a bucket's name"),
  },
  ARCHIVE_S3_REGION: {
    help: "the region that requests are signed for",
    placeholder: "region",
    schema: z.string().regex(/^[\w-]{1,64}$/, "must be a region's name"),
    fallback: "us-east-1",
  },
  ARCHIVE_S3_ACCESS_KEY_ID: {
    help: "who asks there",
    placeholder: "id",
    schema: z.string().regex(/^[\x21-\x7e]{1,256}$/, "must be printable ASCII without spaces"),
    secret: true,
  },
  ARCHIVE_S3_SECRET_ACCESS_KEY: {
    help: "what requests there are signed with",
    placeholder: "key",
    schema: z.string().regex(/^[\x21-\x7e]{1,256}$/, "must be printable ASCII without spaces"),
    secret: true,
  },
} as const satisfies Settings;
