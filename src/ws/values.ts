import { InvalidArgumentError } from "commander";
import {
  type Address,
  erc20Abi,
  formatUnits,
  type Hex,
  parseEther,
  parseUnits,
  zeroAddress,
} from "viem";
import type { z } from "zod";
import type { Reader } from "../chain/clients.ts";
import { UserError } from "./cli.ts";
import { address, bytes32, describeIssue, projectId } from "../protocol/schema.ts";

/** A commander argument parser of a schema. */
const by = <T>(schema: z.ZodType<T>, problem?: string) => (text: string): T => {
  const parsed = schema.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError(problem ?? describeIssue(parsed.error));
  return parsed.data;
};

export const anAddress: (text: string) => Address = by(address);
export const aBytes32: (text: string) => Hex = by(bytes32);
export const aProjectId: (text: string) => bigint = by(
  projectId,
  "must be a project's number, from 1",
);

/** Coins of the chain, such as `1.5`, as wei. */
export function anAmount(text: string): bigint {
  if (!/^\d+(\.\d{1,18})?$/.test(text)) throw new InvalidArgumentError("must be like 10 or 0.5");
  return parseEther(text);
}

/** An http(s) URL. */
export function aUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return url;
  throw new InvalidArgumentError("must be an http(s) URL");
}

export function aDuration(text: string): bigint {
  if (!/^\d{1,18}$/.test(text)) throw new InvalidArgumentError("must be whole seconds");
  return BigInt(text);
}

/** A znode's number. */
export function anId(text: string): bigint {
  if (!/^[1-9]\d{0,18}$/.test(text)) throw new InvalidArgumentError("must be a number from 1");
  return BigInt(text);
}

/** A number, or a key's address. */
export const anIdOrAddress = (text: string): bigint | Address =>
  text.startsWith("0x") ? anAddress(text) : anId(text);

/** How amounts of a token, or of the chain's coin, are read and written. */
export async function unitsOf(reader: Reader, token: Address) {
  const contract = { address: token, abi: erc20Abi } as const;
  const [decimals, symbol] = token === zeroAddress ? [18, ""] : await Promise.all([
    reader.readContract({ ...contract, functionName: "decimals" }),
    reader.readContract({ ...contract, functionName: "symbol" }).catch(() => ""),
  ]);
  return {
    parse(text: string): bigint {
      const fits = /^\d+(\.\d+)?$/.test(text) && (text.split(".")[1] ?? "").length <= decimals;
      if (!fits) throw new UserError(`an amount is like 10 or 0.5, of ${decimals} decimals`);
      return parseUnits(text, decimals);
    },
    format: (amount: bigint) => [formatUnits(amount, decimals), symbol].filter(Boolean).join(" "),
  };
}

/** A whole number within bounds. */
export const anInteger = (least: number, greatest: number) => (text: string): number => {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= greatest) return value;
  throw new InvalidArgumentError(`must be from ${least} to ${greatest}`);
};

export const anIndex: (text: string) => number = anInteger(0, 255);
