import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Hex } from "viem";
import { generatePrivateKey, type PrivateKeyAccount } from "viem/accounts";
import type { Config } from "./config.ts";
import { remoteSigner } from "./output/ethereum/remote_signer.ts";
import type { TransactionSigner } from "./output/ethereum/sender.ts";
import { accountOf } from "./secp256k1.ts";

/** The accounts a node signs with. Their keys never leave this module's accounts. */
export interface Keys {
  /** Signs tasks, grants and direct outputs of projects it operates. */
  readonly operator: PrivateKeyAccount;
  /** Proofs are bound to it; it signs acceptances and receipts, and pays for router outputs. */
  readonly prover: PrivateKeyAccount;
  /** Who signs transactions for them: the same keys, or those that a remote signer holds. */
  readonly senders: { readonly operator: TransactionSigner; readonly prover: TransactionSigner };
}

/**
 * The configured keys. Without a chain there is nobody to recognise a key, so one is made on the
 * first start and kept in the data directory.
 */
export async function loadKeys(config: Config): Promise<Keys> {
  const own = config.role === "znode" ? config.PROVER_PRIVATE_KEY : undefined;
  const key = config.OPERATOR_PRIVATE_KEY ?? own ?? await developmentKey(config.DATA_DIRECTORY);
  const operator = accountOf(key);
  const prover = config.PROVER_PRIVATE_KEY && config.role !== "enode"
    ? accountOf(config.PROVER_PRIVATE_KEY)
    : operator;
  const { OPERATOR_SIGNER_ENDPOINT: forOperator, PROVER_SIGNER_ENDPOINT: forProver } = config;
  const senders = {
    operator: forOperator ? remoteSigner(forOperator) : operator,
    prover: forProver ? remoteSigner(forProver) : prover,
  };
  return { operator, prover, senders };
}

async function developmentKey(directory: string): Promise<Hex> {
  const path = join(directory, "development.key");
  try {
    return (await readFile(path, "utf8")).trim() as Hex;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  await mkdir(directory, { recursive: true });
  const key = generatePrivateKey();
  await writeFile(path, `${key}\n`, { mode: 0o600, flag: "wx" });
  await chmod(path, 0o600);
  return key;
}
