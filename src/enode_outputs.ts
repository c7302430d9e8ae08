import { ed25519 } from "@noble/curves/ed25519.js";
import { base58btc } from "multiformats/bases/base58";
import { type Hex, hexToBytes } from "viem";
import { isFinallyAccepted } from "./chain/acceptance.ts";
import type { NodeContext } from "./context.ts";
import type { Config } from "./config.ts";
import type { Da } from "./da/da.ts";
import { directoryArchive } from "./output/archive/directory.ts";
import type { ArchiveStore } from "./output/archive/index.ts";
import { type S3Archive, s3Archive } from "./output/archive/s3.ts";
import type { OutputDeps } from "./output/index.ts";

/** What the outputs need that go by a key, a secret or a place of the enode's operator. */
export function enodeOutputs(
  { config, keys: { operator }, projects, isOwn, authority, chains, network }: NodeContext,
  { intents }: Pick<Da, "intents">,
): Pick<OutputDeps, "solana" | "textile" | "webhook" | "archive"> {
  const { OUTPUT_ALLOW: allow, OPERATOR_PRIVATE_KEY_ED25519: solanaKey } = config;
  const isOurs = async (projectId: bigint) =>
    await projects.canOperate(projectId, operator.address) &&
    await isOwn(projectId, operator.address);
  /** Whether the router has it so deep that it counts as final. */
  const isAccepted = authority.isAccepted && chains && (async (taskId: Hex) => {
    const { reader } = await chains.main();
    const head = await reader.getBlockNumber({ cacheTime: 0 });
    return await isFinallyAccepted(reader, network.router, taskId, head, config.CONFIRMATIONS);
  });
  return {
    solana: {
      clusters: config.SOLANA_ENDPOINTS,
      key: solanaKey && hexToBytes(solanaKey),
      intents,
      mayCall: async (projectId, program) =>
        allow.programs.includes(program) || await isOurs(projectId),
      isAccepted,
      settings: {
        maxPriorityFee: config.SOLANA_PRIORITY_FEE,
        maxLamportsPerDay: config.SOLANA_LIMIT_PER_DAY,
      },
    },
    textile: {
      endpoint: config.TEXTILE_ENDPOINT,
      signer: { address: operator.address, sign: (args) => operator.sign(args) },
      mayWrite: async (projectId, vault) => allow.vaults.includes(vault) || await isOurs(projectId),
    },
    webhook: {
      secrets: config.WEBHOOK_SECRETS,
      privateHosts: config.WEBHOOK_PRIVATE_HOSTS,
      isAccepted,
    },
    archive: { store: archiveOf(config) },
  };
}

/** Undefined where the operator keeps none. */
function archiveOf(config: Config): ArchiveStore | undefined {
  const { ARCHIVE_DIRECTORY: directory } = config;
  return directory === undefined ? s3Of(config) : directoryArchive(directory);
}

/** Undefined where none is configured. */
export function s3Of(config: Config, timeoutMs?: number): S3Archive | undefined {
  const { ARCHIVE_S3_ENDPOINT: endpoint, ARCHIVE_S3_BUCKET: bucket } = config;
  const { ARCHIVE_S3_ACCESS_KEY_ID: accessKeyId } = config;
  const { ARCHIVE_S3_SECRET_ACCESS_KEY: secretAccessKey } = config;
  if (!endpoint || !bucket || !accessKeyId || !secretAccessKey) return undefined;
  const region = config.ARCHIVE_S3_REGION;
  const patience = timeoutMs === undefined ? {} : { timeoutMs };
  return s3Archive({ endpoint, bucket, region, accessKeyId, secretAccessKey, ...patience });
}

/** The account that pays on Solana; undefined without a key. */
export function solanaAddress(config: Config): string | undefined {
  const key = config.OPERATOR_PRIVATE_KEY_ED25519;
  return key && base58btc.baseEncode(ed25519.getPublicKey(hexToBytes(key)));
}
