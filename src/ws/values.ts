import { InvalidArgumentError } from "commander";
import { type Address, type Hex, parseEther } from "viem";
import type { z } from "zod";
import { address, bytes32, describeIssue, projectId } from "../protocol/schema.ts";

/** A commander argument parser of a schema. */
const by = <T>(schema: z.ZodType<T>) => (text: string): T => {
  const parsed = schema.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError(describeIssue(parsed.error));
  return parsed.data;
};

export const anAddress: (text: string) => Address = by(address);
export const aBytes32: (text: string) => Hex = by(bytes32);
export const aProjectId: (text: string) => bigint = by(projectId);

/** Coins of the chain, such as `1.5`, as wei. */
export function anAmount(text: string): bigint {
  if (!/^\d+(\.\d{1,18})?$/.test(text)) throw new InvalidArgumentError("must be like 10 or 0.5");
  return parseEther(text);
}

/** A whole number within bounds. */
export const anInteger = (least: number, greatest: number) => (text: string): number => {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= greatest) return value;
  throw new InvalidArgumentError(`must be from ${least} to ${greatest}`);
};
