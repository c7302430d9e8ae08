import type { AbiError, AbiFunction, AbiParameter } from "abitype";
import { ProjectFileError, quoted } from "./errors.ts";
import { parseJson } from "./json.ts";
import { limits } from "./limits.ts";

const intSizes = Array.from({ length: 32 }, (_, i) => String(8 * (i + 1))).join("|");
const solidityType = new RegExp(
  `^(address|bool|string|function|tuple|bytes([1-9]|[12]\\d|3[0-2])?|u?int(${intSizes})?)` +
    `((?:\\[(?:[1-9]\\d{0,5})?\\]){0,4})$`,
);
const mutabilities = ["pure", "view", "nonpayable", "payable"] as const;
const identifier = /^[A-Za-z_$][\w$]*$/;

/**
 * Checks a contract's ABI (Solidity's ABI JSON, as text or as a list) and keeps what a call needs:
 * its functions and errors. Written by hand since the file is a stranger's: `abitype`'s schema
 * throws on some inputs and doesn't say what is wrong.
 *
 * @param field its name in the project file
 * @throws {ProjectFileError}
 */
export function parseAbi(source: unknown, field: string): (AbiFunction | AbiError)[] {
  let list = source;
  if (typeof source === "string") {
    if (source.length > limits.abiLength) {
      throw new ProjectFileError(field, `is longer than ${limits.abiLength} characters`);
    }
    try {
      list = parseJson(source);
    } catch (error) {
      throw new ProjectFileError(
        field,
        "is not usable JSON; paste the ABI that the compiler wrote",
        {
          cause: error,
        },
      );
    }
  }
  if (!Array.isArray(list)) {
    throw new ProjectFileError(field, "must be the ABI as JSON text, a list of functions");
  }
  if (list.length > limits.abiItems) {
    throw new ProjectFileError(field, `has more than ${limits.abiItems} items`);
  }
  return list.flatMap((item, index) => parseItem(item, `${field}[${index}]`));
}

/**
 * The function of that name. Of several, as go-ethereum named them for the original: the first
 * keeps its name, the next are `name0`, `name1` and so on.
 */
export function functionNamed(abi: readonly unknown[], wanted: string): AbiFunction | undefined {
  const taken = new Set<string>();
  for (const item of abi as readonly Partial<AbiFunction>[]) {
    if (item.type !== "function" || typeof item.name !== "string") continue;
    let name = item.name;
    for (let i = 0; taken.has(name); i++) name = `${item.name}${i}`;
    taken.add(name);
    if (name === wanted) return item as AbiFunction;
  }
  return undefined;
}

function parseItem(item: unknown, field: string): (AbiFunction | AbiError)[] {
  if (!isRecord(item)) throw new ProjectFileError(field, "must be an object");
  // The ABI specification lets "type" be left out of a function.
  const type = item.type ?? "function";
  if (type !== "function" && type !== "error") return [];
  const name = item.name;
  if (typeof name !== "string" || name.length > 256 || !identifier.test(name)) {
    throw new ProjectFileError(`${field}.name`, `must be an identifier, got ${quoted(name)}`);
  }
  const inputs = parseParameters(item.inputs, `${field}.inputs`, 0);
  if (type === "error") return [{ type, name, inputs }];
  const outputs = parseParameters(item.outputs, `${field}.outputs`, 0);
  const stateMutability = mutabilities.find((known) => known === item.stateMutability) ??
    (item.constant ? "view" : item.payable ? "payable" : "nonpayable");
  return [{ type, name, inputs, outputs, stateMutability }];
}

function parseParameters(source: unknown, field: string, depth: number): AbiParameter[] {
  if (source === undefined || source === null) return [];
  if (!Array.isArray(source)) throw new ProjectFileError(field, "must be a list of parameters");
  if (source.length > 64) throw new ProjectFileError(field, "has more than 64 parameters");
  if (depth > limits.abiDepth) throw new ProjectFileError(field, "is nested too deeply");
  return source.map((parameter: unknown, index) => {
    const at = `${field}[${index}]`;
    if (!isRecord(parameter)) throw new ProjectFileError(at, "must be an object");
    const name = parameter.name ?? "";
    if (typeof name !== "string" || name.length > 256) {
      throw new ProjectFileError(`${at}.name`, "must be text");
    }
    const type = canonicalType(parameter.type, `${at}.type`);
    if (!type.startsWith("tuple")) return { name, type };
    const components = parseParameters(parameter.components, `${at}.components`, depth + 1);
    if (components.length === 0) {
      throw new ProjectFileError(`${at}.components`, "is missing; a tuple lists its parts there");
    }
    return { name, type, components };
  });
}

/** `uint` and `int` stand for their 256-bit forms, which is what a selector is made of. */
function canonicalType(type: unknown, field: string): string {
  if (typeof type !== "string" || !solidityType.test(type)) {
    throw new ProjectFileError(field, `${quoted(type)} is not a Solidity type`);
  }
  return type.replace(/^(u?int)(?=\[|$)/, "$1256");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
