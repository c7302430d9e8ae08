import {
  type AbiFunction,
  type AbiParameter,
  type Address,
  bytesToHex,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  hexToBytes,
  stringToHex,
} from "viem";
import { functionNamed } from "../../project/abi.ts";
import { OutputError } from "../output.ts";
import { atPath, type Json, parseJson, textOf } from "./json.ts";
import { toAbiValue, ValueError } from "./values.ts";

/** Where a direct call's arguments come from. */
export interface ArgumentSource {
  readonly projectId: bigint;
  /** The program's result, as it gave it. */
  readonly proof: Uint8Array;
  /** What its proof says to everybody. */
  readonly publicValues: Uint8Array;
  /** The journal of a Groth16 receipt of risc0, whose `proof` is its seal as contracts read it. */
  readonly journal?: Uint8Array | undefined;
  readonly receiver: Address | undefined;
  readonly firstMessage: Uint8Array | undefined;
}

/** The function of that name. @throws {OutputError} */
export function findMethod(abi: readonly unknown[], method: string): AbiFunction {
  const found = functionNamed(abi, method);
  if (found) return found;
  throw new OutputError("dead", `contract abi miss the contract method ${method}`);
}

/**
 * Calldata with arguments chosen by the names of the function's inputs, as the original does.
 * @throws {OutputError} with the original's texts
 */
export function encodeCall(method: AbiFunction, source: ArgumentSource): Hex {
  let message: Json | undefined;
  const readMessage = () => {
    if (!source.firstMessage) return undefined;
    return message ??= parseJson(new TextDecoder().decode(source.firstMessage));
  };
  try {
    const args = method.inputs.map((input) => argument(input, source, readMessage));
    return encodeFunctionData({ abi: [method], functionName: method.name, args });
  } catch (error) {
    if (error instanceof OutputError) throw error;
    // viem's texts quote the values, which are a device's.
    const reason = error instanceof ValueError ? error.message : "the arguments don't fit";
    throw new OutputError("dead", `contract ABI pack failed: ${reason}`);
  }
}

/**
 * Calldata with arguments of these names alone, with or without an underscore before.
 * @throws {OutputError}
 */
export function encodeNamed(
  method: AbiFunction,
  values: Readonly<Record<string, string | undefined>>,
): Hex {
  const args = method.inputs.map((input) => {
    const name = input.name?.replace(/^_/, "") ?? "";
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) {
      throw new OutputError("dead", `miss param ${input.name ?? ""} for contract abi`);
    }
    try {
      return given(input, value);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      throw new OutputError("dead", `contract ABI pack failed: ${error.message}`);
    }
  });
  return encodeFunctionData({ abi: [method], functionName: method.name, args });
}

function argument(
  input: AbiParameter,
  source: ArgumentSource,
  readMessage: () => Json | undefined,
): unknown {
  const { name = "" } = input;
  const missing = () => new OutputError("dead", `miss param ${name} for contract abi`);
  switch (name) {
    case "proof":
    case "_proof":
      return given(input, bytesToHex(source.proof));
    case "publicValues":
    case "_publicValues":
      return given(input, bytesToHex(source.publicValues));
    case "projectId":
    case "_projectId":
      return given(input, String(source.projectId));
    case "receiver":
    case "_receiver":
      if (!source.receiver) throw missing();
      return given(input, source.receiver);
    case "data_snark":
    case "_data_snark":
      return given(input, source.journal ? packSeal(source) : packSnark(source.proof));
    default: {
      const message = readMessage();
      const value = message && atPath(message, name);
      if (!value || textOf(value) === "") throw missing();
      return toAbiValue(input, value);
    }
  }
}

/** A value of ours for an input whose type a stranger chose. */
function given(input: AbiParameter, text: string): unknown {
  return toAbiValue(input, { kind: "string", raw: "", text });
}

const threeBytes = [{ type: "bytes" }, { type: "bytes" }, { type: "bytes" }] as const;
/** Digest of the state that every program ends in, as RISC Zero's verifier contract has it. */
const endState = "0xa3acc27117418996340b84e5a90f3ef4c49d22c79e44aad822ec9c313e1eb8e2";

/** Seal, digest of the end state and journal of a Groth16 receipt. */
function packSeal({ proof, journal = new Uint8Array(0) }: ArgumentSource): Hex {
  return encodeAbiParameters(threeBytes, [bytesToHex(proof), endState, bytesToHex(journal)]);
}

/** The parts of a Risc0 Snark receipt of the original's, as the JSON text they stand in, in `abi.encode`'s form. */
function packSnark(proof: Uint8Array): Hex {
  const hex = new TextDecoder().decode(proof).trim();
  const digits = /^(?:0x)?((?:[0-9a-f]{2})+)$/i.exec(hex)?.[1];
  if (!digits) throw new OutputError("dead", "failed to decode proof by hex format");
  const receipt = parseJson(new TextDecoder().decode(hexToBytes(`0x${digits}`)));
  const parts = ["Snark.snark", "Snark.post_state_digest", "Snark.journal"].map((path) => {
    const value = receipt && atPath(receipt, path);
    const text = value ? textOf(value) : "";
    if (text === "") throw new OutputError("dead", `get ${path} failed`);
    return stringToHex(text);
  });
  const [snark = "0x", digest = "0x", journal = "0x"] = parts;
  return encodeAbiParameters(threeBytes, [snark, digest, journal]);
}
