import process from "node:process";
import type { Command } from "commander";
import { privateKeyToAccount } from "viem/accounts";
import { type ChainClient, connectChain, type Sender } from "../chain/clients.ts";
import { type Deployment, readDeployment } from "../chain/deploy.ts";
import { loadConfig } from "../config.ts";
import { withKeystores } from "../keystore.ts";
import { address } from "../protocol/schema.ts";
import { UserError } from "./cli.ts";
import { password } from "./prompt.ts";

export interface ChainFlags {
  readonly chain?: string;
  readonly addresses: string;
}

/** Adds the options of every command that talks to the chain. */
export function chainOptions(command: Command): Command {
  return command
    .option("--chain <url>", "RPC endpoint (default: CHAIN_ENDPOINT)")
    .option("--addresses <file>", "the deployment's file, as ws deploy writes it", "addresses.json")
    .addHelpText(
      "after",
      "\nOPERATOR_KEYSTORE (ws keys) or OPERATOR_PRIVATE_KEY signs; keys are never arguments.",
    );
}

/** @throws {UserError} if no endpoint is given */
export function openChain(flags: Pick<ChainFlags, "chain">): Promise<ChainClient> {
  const url = flags.chain ?? process.env.CHAIN_ENDPOINT;
  if (!url) throw new UserError("no chain: give --chain <url> or set CHAIN_ENDPOINT");
  return connectChain(url);
}

/** The chain with the key that signs. @throws {UserError} if none is set */
export async function openSender(flags: Pick<ChainFlags, "chain">): Promise<Sender> {
  const { OPERATOR_PRIVATE_KEY } = await signingKey();
  if (!OPERATOR_PRIVATE_KEY) {
    throw new UserError("no key: set OPERATOR_KEYSTORE or OPERATOR_PRIVATE_KEY to what signs");
  }
  return (await openChain(flags)).sender(privateKeyToAccount(OPERATOR_PRIVATE_KEY));
}

/** From the environment, or out of its keystore, whose password is asked for where it is not set. */
export async function signingKey() {
  const { OPERATOR_KEYSTORE, OPERATOR_PRIVATE_KEY } = process.env;
  if (!OPERATOR_KEYSTORE) return loadConfig("all", {}, { OPERATOR_PRIVATE_KEY });
  const KEYSTORE_PASSWORD = await password();
  const keys = { OPERATOR_KEYSTORE, OPERATOR_PRIVATE_KEY, KEYSTORE_PASSWORD };
  const { OPERATOR_PRIVATE_KEY: opened } = await withKeystores(keys);
  return loadConfig("all", {}, { OPERATOR_PRIVATE_KEY: opened });
}

type Contracts = Pick<Deployment, "projectRegistrar" | "znodeRegistrar" | "router">;

/** The contracts by the environment, otherwise by the deployment's file. */
export async function contracts(
  flags: Pick<ChainFlags, "addresses">,
  chainId: bigint,
): Promise<Contracts> {
  const { PROJECT_CONTRACT_ADDRESS, ZNODE_CONTRACT_ADDRESS, ROUTER_CONTRACT_ADDRESS } = process.env;
  if (PROJECT_CONTRACT_ADDRESS && ZNODE_CONTRACT_ADDRESS && ROUTER_CONTRACT_ADDRESS) {
    return {
      projectRegistrar: address.parse(PROJECT_CONTRACT_ADDRESS),
      znodeRegistrar: address.parse(ZNODE_CONTRACT_ADDRESS),
      router: address.parse(ROUTER_CONTRACT_ADDRESS),
    };
  }
  let deployment: Deployment;
  try {
    deployment = await readDeployment(flags.addresses);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new UserError(
      `${flags.addresses} is missing: give --addresses, or set PROJECT_CONTRACT_ADDRESS, ` +
        "ZNODE_CONTRACT_ADDRESS and ROUTER_CONTRACT_ADDRESS",
    );
  }
  if (deployment.chainId !== chainId) {
    throw new UserError(
      `${flags.addresses} is of chain ${deployment.chainId}, the endpoint of chain ${chainId}`,
    );
  }
  return deployment;
}

/** The block from which the contracts' events are read; 0 where nothing says it. */
export async function startBlock(flags: Pick<ChainFlags, "addresses">): Promise<bigint> {
  const { CONTRACT_START_BLOCK } = process.env;
  if (CONTRACT_START_BLOCK) return BigInt(CONTRACT_START_BLOCK);
  try {
    return (await readDeployment(flags.addresses)).block;
  } catch {
    return 0n;
  }
}
