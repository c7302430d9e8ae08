import type { z } from "zod";
import { functionNamed, parseAbi } from "./abi.ts";
import { fieldName, ProjectFileError, quoted } from "./errors.ts";
import { limits } from "./limits.ts";
import {
  archiveSchema,
  ethereumSchema,
  solanaSchema,
  textileSchema,
  webhookSchema,
} from "./schema.ts";
import type { EthereumOutput, OutputConfig } from "./types.ts";

/**
 * The `output` of a version, one or a list; absent: stdout.
 *
 * `ethereumContract` without `contractAddress` (or with `"ethereum": {"router": true}`) submits to
 * the W3bstreamRouter of the node's own configuration. With `contractAddress` it calls that
 * contract directly, as original files do.
 *
 * @throws {ProjectFileError}
 */
export function parseOutputs(
  source: unknown,
  field: string,
  warn: (warning: string) => void,
): OutputConfig[] {
  if (source === undefined || source === null) return [{ type: "stdout" }];
  if (!Array.isArray(source)) return [parseOutput(source, field, warn)];
  if (source.length === 0) throw new ProjectFileError(field, "lists nothing; leave it out or add");
  if (source.length > limits.outputs) {
    throw new ProjectFileError(field, `lists more than ${limits.outputs} outputs`);
  }
  return source.map((item, index) => parseOutput(item, `${field}[${index}]`, warn));
}

function parseOutput(
  source: unknown,
  field: string,
  warn: (warning: string) => void,
): OutputConfig {
  if (typeof source !== "object" || source === null || Array.isArray(source)) {
    throw new ProjectFileError(field, 'must be an object such as {"type":"stdout"}');
  }
  const { type, ethereum, solana, textile, webhook, archive } = source as Record<string, unknown>;
  switch (type) {
    case "stdout":
      return { type };
    case "ethereumContract":
      return parseEthereum(ethereum, `${field}.ethereum`);
    case "solanaProgram": {
      const { chainEndpoint, programID, stateAccountPK, light } = check(
        solanaSchema,
        solana,
        `${field}.solana`,
      );
      return {
        type,
        chainEndpoint: chainEndpoint ?? "",
        programId: programID,
        stateAccount: stateAccountPK ?? "",
        light,
      };
    }
    case "textile": {
      const { vaultID, publicInputs } = check(textileSchema, textile, `${field}.textile`);
      return { type, vaultId: vaultID, publicInputs };
    }
    case "webhook":
      return { type, ...check(webhookSchema, webhook, `${field}.webhook`) };
    case "archive":
      return { type, ...check(archiveSchema, archive ?? {}, `${field}.archive`) };
    default:
      warn(`${field}.type: unknown output ${quoted(type)}, results go to stdout`);
      return { type: "stdout" };
  }
}

function parseEthereum(source: unknown, field: string): EthereumOutput {
  const config = check(ethereumSchema, source ?? {}, field);
  const { contractAddress, contractMethod, contractAbiJSON, receiverAddress } = config;
  const chain = config.chainId === undefined ? {} : { chainId: config.chainId };
  if (contractAddress === undefined) {
    if (config.light) {
      throw new ProjectFileError(`${field}.light`, "needs contractAddress: the router gets proofs");
    }
    const stray = contractMethod !== undefined || contractAbiJSON !== undefined;
    if (stray && !config.router) {
      throw new ProjectFileError(
        `${field}.contractAddress`,
        "is missing; give the contract, or leave out contractMethod and contractAbiJSON to " +
          "submit to the router",
      );
    }
    return { type: "ethereumContract", mode: "router", ...chain };
  }
  if (config.router) {
    throw new ProjectFileError(
      `${field}.router`,
      "can't be true beside contractAddress; keep one of the two",
    );
  }
  if (contractMethod === undefined) {
    throw new ProjectFileError(
      `${field}.contractMethod`,
      "is missing; name the function of the contract to call",
    );
  }
  const contractAbi = parseAbi(contractAbiJSON, `${field}.contractAbiJSON`);
  if (!functionNamed(contractAbi, contractMethod)) {
    throw new ProjectFileError(
      `${field}.contractMethod`,
      `contract abi miss the contract method ${contractMethod}; add it to contractAbiJSON`,
    );
  }
  return {
    type: "ethereumContract",
    mode: "direct",
    chainEndpoint: config.chainEndpoint ?? "",
    ...chain,
    contractAddress,
    ...(receiverAddress === undefined ? {} : { receiverAddress }),
    contractMethod,
    contractAbi,
    ...(config.light ? { light: true } : {}),
  };
}

/** @throws {ProjectFileError} naming the first field that `schema` refuses */
export function check<T extends z.ZodType>(schema: T, value: unknown, field: string): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = fieldName(issue?.path ?? []);
  const name = path ? (path.startsWith("[") ? field + path : `${field}.${path}`) : field;
  throw new ProjectFileError(name, issue?.message ?? "is invalid");
}
