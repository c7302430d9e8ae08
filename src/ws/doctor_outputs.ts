/** What `ws doctor` says of where an enode's results go. */
import { existsSync } from "node:fs";
import { s3Of, solanaAddress } from "../enode_outputs.ts";
import type { Config } from "../config.ts";
import { errorText } from "../log.ts";
import { directoryArchive } from "../output/archive/directory.ts";
import { genesisOf } from "../output/solana/clusters.ts";
import { SolanaRpc } from "../output/solana/rpc.ts";
import { type Finding, found } from "./doctor_machine.ts";

/** Only what is configured is asked; none of what is found holds a secret. */
export async function inspectOutputs(config: Config, timeoutMs: number): Promise<Finding[]> {
  const keyOnly = config.OPERATOR_PRIVATE_KEY_ED25519 !== undefined &&
    config.SOLANA_ENDPOINTS.length === 0;
  const all = [
    ...keyOnly
      ? [found("solana", "note", "SOLANA_ENDPOINTS is not set: nothing is sent there")]
      : [],
    ...config.SOLANA_ENDPOINTS.map(({ name, endpoint }) =>
      attempt(`solana ${name}`, () => solana(config, name, new SolanaRpc(endpoint, timeoutMs)))
    ),
    ...(config.ARCHIVE_DIRECTORY === undefined && config.ARCHIVE_S3_ENDPOINT === undefined
      ? []
      : [attempt("archive", () => archive(config, timeoutMs))]),
  ];
  return await Promise.all(all);
}

async function attempt(check: string, run: () => Promise<Finding>): Promise<Finding> {
  try {
    return await run();
  } catch (error) {
    return found(check, "wrong", errorText(error));
  }
}

async function solana(config: Config, name: string, rpc: SolanaRpc): Promise<Finding> {
  const check = `solana ${name}`;
  if (await rpc.genesisHash() !== genesisOf(name)) {
    return found(check, "wrong", "its endpoint is of another cluster; correct SOLANA_ENDPOINTS");
  }
  const address = solanaAddress(config);
  if (address === undefined) {
    return found(check, "note", "OPERATOR_PRIVATE_KEY_ED25519 is not set: nothing is sent there");
  }
  // Without its history an RPC can't tell what became of a transaction.
  await rpc.statuses(["1".repeat(64)]);
  const lamports = await rpc.balance(address);
  return found(check, lamports > 0 ? "ok" : "note", `${address} has ${lamports} lamports`);
}

async function archive(config: Config, timeoutMs: number): Promise<Finding> {
  const { ARCHIVE_DIRECTORY: directory } = config;
  if (directory === undefined) {
    await s3Of(config, timeoutMs)?.probe();
    return found("archive", "ok", "the bucket answers");
  }
  if (!existsSync(directory)) return found("archive", "note", `${directory} will be made`);
  await directoryArchive(directory).probe();
  return found("archive", "ok", `${directory} can be written`);
}
