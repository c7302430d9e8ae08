/**
 * When a task was signed, by the chain: the high 64 bits of its nonce are the chain's height then,
 * the other 192 are random. 0 where there is no chain, or none could be read.
 */
import type { Task } from "./task.ts";

const randomBits = 192n;
/** Anvil's chain, which mines only when somebody sends: there the height itself is the seed. */
const localChain = 31337n;

/** A nonce for a task that is signed now. @param height the newest block's number, < 2^64 */
export function nonceAt(height: bigint): bigint {
  const random = crypto.getRandomValues(new Uint8Array(16)).toHex();
  return BigInt.asUintN(64, height) << randomBits | BigInt(`0x${random}`);
}

/** The chain's height when the task was signed, as its signer says. */
export const heightOf = ({ nonce }: Pick<Task, "nonce">): bigint => nonce >> randomBits;

/**
 * The block whose hash, and whose stakes, order the provers of a task: the one after its height,
 * so that nobody knew it when the task was signed. Undefined for a task without a height.
 */
export function seedBlockOf(task: Pick<Task, "nonce" | "chainId">): bigint | undefined {
  const height = heightOf(task);
  // Beyond 2^63 is no chain's, and no database's.
  if (height === 0n || height >> 63n !== 0n) return undefined;
  return task.chainId === localChain ? height : height + 1n;
}
