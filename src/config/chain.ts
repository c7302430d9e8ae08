/** Settings about the chain, its contracts and what is paid there. */
import { z } from "zod";
import { address } from "../protocol/schema.ts";
import { integer, onOff, type Settings, url } from "./values.ts";

/** `chainId=url` pairs, separated by commas. */
const endpoints = z.string().transform((text, ctx) => {
  const map = new Map<bigint, string>();
  for (const pair of text.split(",").map((s) => s.trim()).filter(Boolean)) {
    const match = /^(\d+)=(.+)$/.exec(pair);
    if (!match?.[1] || !match[2] || !url.safeParse(match[2]).success) {
      ctx.addIssue({ code: "custom", message: "must be chainId=url pairs separated by commas" });
      return z.NEVER;
    }
    map.set(BigInt(match[1]), match[2]);
  }
  return map;
});

export const chainSettings = {
  CHAIN_ENDPOINT: {
    help: "RPC of the chain with the contracts; unset: no chain",
    placeholder: "url",
    schema: url,
    secret: true,
  },
  CHAIN_ENDPOINTS: {
    help: "RPCs of further chains that outputs may go to",
    placeholder: "id=url,…",
    schema: endpoints,
    fallback: "",
    secret: true,
  },
  PROJECT_CONTRACT_ADDRESS: { help: "ProjectRegistrar", placeholder: "address", schema: address },
  ZNODE_CONTRACT_ADDRESS: { help: "ZNodeRegistrar", placeholder: "address", schema: address },
  ROUTER_CONTRACT_ADDRESS: { help: "W3bstreamRouter", placeholder: "address", schema: address },
  REWARD_POOL_ADDRESS: {
    help: "RewardPool; an enode sets the fees of tasks aside there before it dispatches them",
    placeholder: "address",
    schema: address,
  },
  REWARD_ESCROW_SECONDS: {
    help: "seconds that a task has to be accepted until its fee goes back to the project",
    placeholder: "s",
    schema: integer(60, 90 * 24 * 3600 - 600),
    fallback: "86400",
  },
  MIN_TASK_FEE: {
    help: "least fee beside the gas for which a znode proves (default: it also proves unpaid)",
    placeholder: "units",
    schema: z.string().regex(/^\d{1,38}$/, "must be token units (wei), a whole number")
      .transform(BigInt),
  },
  CONTRACT_START_BLOCK: {
    help: "block from which project events are read the first time",
    placeholder: "n",
    schema: integer(0, Number.MAX_SAFE_INTEGER),
    fallback: "0",
  },
  CHAIN_POLL_SECONDS: {
    help: "seconds between looks at the chain",
    placeholder: "s",
    schema: integer(1, 3600),
    fallback: "5",
  },
  CONFIRMATIONS: {
    help: "blocks after which a transaction counts as confirmed",
    placeholder: "n",
    schema: integer(1, 1000),
    fallback: "1",
  },
  GAS_LIMIT_PER_DAY: {
    help: "most wei a project may cost this node's keys in one UTC day (default: of 1 coin, on " +
      "IoTeX of 500)",
    placeholder: "wei",
    schema: z.string().regex(/^\d+$/, "must be wei, a whole number").transform(BigInt),
  },
  SUBMIT_EVIDENCE: {
    help: "on: an enode reports the faults of znodes that it keeps, as OPERATOR_PRIVATE_KEY",
    placeholder: "on|off",
    schema: onOff,
    fallback: "off",
  },
} as const satisfies Settings;
