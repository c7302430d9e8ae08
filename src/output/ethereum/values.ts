import type { AbiParameter } from "viem";
import { atPath, type Json, parseJson, textOf } from "./json.ts";

/** A value that does not fit its ABI type. The message never contains the value. */
export class ValueError extends Error {
  constructor(name: string, type: string, reason: string) {
    super(`${name || "an unnamed value"} is no ${type}: ${reason}`);
    this.name = "ValueError";
  }
}

/**
 * A message's value in the form that viem encodes for an ABI type. Integers: a number is decimal;
 * of text, `0x…` is hex, digits alone are decimal, and digits with a–f are hex, as the original
 * read all of them.
 *
 * @throws {ValueError}
 */
export function toAbiValue(parameter: AbiParameter, json: Json): unknown {
  const { type, name = "" } = parameter;
  const array = /^(.*)\[(\d*)\]$/.exec(type);
  if (array) return toArray(parameter, array[1] ?? "", array[2] ?? "", json);
  if (type === "tuple") return toTuple(parameter, json);
  const text = textOf(json);
  if (json.kind === "object" || json.kind === "array") {
    if (type === "string") return text;
    throw new ValueError(name, type, "it is a list or an object");
  }
  if (type === "string") return text;
  if (type === "bool") return toBool(name, text);
  if (type === "address") return toAddress(name, text);
  const integer = /^(u?)int(\d*)$/.exec(type);
  if (integer) return toInteger(name, type, integer[1] === "", Number(integer[2] || 256), json);
  const bytes = /^bytes(\d*)$/.exec(type);
  if (bytes) return toBytes(name, type, bytes[1] ? Number(bytes[1]) : undefined, text);
  throw new ValueError(name, type, "this node doesn't know the type");
}

function toArray(
  parameter: AbiParameter,
  element: string,
  length: string,
  source: Json,
): unknown[] {
  const { name = "", type } = parameter;
  const json = structured(source);
  if (json?.kind !== "array") throw new ValueError(name, type, "it is no JSON list");
  if (length !== "" && json.items.length !== Number(length)) {
    throw new ValueError(name, type, `it has ${json.items.length} elements`);
  }
  const inner = { ...parameter, type: element };
  return json.items.map((item, i) => toAbiValue({ ...inner, name: `${name}[${i}]` }, item));
}

function toTuple(parameter: AbiParameter, source: Json): unknown {
  const { name = "", type } = parameter;
  const parts = "components" in parameter ? parameter.components : [];
  const json = structured(source);
  if (json?.kind !== "array" && json?.kind !== "object") {
    throw new ValueError(name, type, "it is no JSON object or list");
  }
  if (json.kind === "array" && json.items.length !== parts.length) {
    throw new ValueError(name, type, `it has ${json.items.length} elements`);
  }
  const values = parts.map((part, i) => {
    const value = atPath(json, json.kind === "array" ? String(i) : part.name ?? "");
    const full = `${name}.${part.name ?? i}`;
    if (!value) throw new ValueError(full, part.type, "it is missing");
    return toAbiValue({ ...part, name: full }, value);
  });
  // viem takes a list for a tuple whose parts have no names, and an object otherwise.
  if (parts.some((part) => !part.name)) return values;
  return Object.fromEntries(parts.map((part, i) => [part.name, values[i]]));
}

/** A list or an object, also when a device sent it as text. */
function structured(json: Json): Json | undefined {
  return json.kind === "string" ? parseJson(json.text) : json;
}

function toInteger(name: string, type: string, signed: boolean, bits: number, json: Json) {
  const value = json.kind === "number" ? readNumber(json.raw) : readInteger(textOf(json).trim());
  if (value === undefined) throw new ValueError(name, type, "it is neither decimal nor hex");
  const span = 1n << BigInt(signed ? bits - 1 : bits);
  if (value >= span || value < (signed ? -span : 0n)) {
    throw new ValueError(name, type, "it is out of range");
  }
  return value;
}

function readInteger(text: string): bigint | undefined {
  const match = /^(-?)(?:0x([0-9a-f]{1,64})|(\d{1,78})|([0-9a-f]{1,64}))$/i.exec(text);
  if (!match) return undefined;
  const [, sign, prefixed, decimal, bare] = match;
  const size = decimal === undefined ? BigInt(`0x${prefixed ?? bare}`) : BigInt(decimal);
  return sign ? -size : size;
}

/** A JSON number without a fractional part, such as `21.0` or `1e21`. */
function readNumber(text: string): bigint | undefined {
  const match = /^(-?)(\d{1,78})(?:\.(\d{1,78}))?(?:e([+-]?\d{1,2}))?$/i.exec(text);
  if (!match) return undefined;
  const [, sign, whole = "", part = "", exponent = "0"] = match;
  const zeros = Number(exponent) - part.length;
  const digits = BigInt(whole + part);
  const scale = 10n ** BigInt(Math.abs(zeros));
  if (zeros < 0 && digits % scale !== 0n) return undefined;
  const size = zeros < 0 ? digits / scale : digits * scale;
  return sign ? -size : size;
}

function toBool(name: string, text: string): boolean {
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return false;
  throw new ValueError(name, "bool", "it is neither true nor false");
}

/** The checksum's case is not checked: devices don't write it. */
function toAddress(name: string, text: string): string {
  if (!/^(0x)?[0-9a-f]{40}$/i.test(text)) {
    throw new ValueError(name, "address", "it is not 20 bytes of hex");
  }
  return `0x${text.slice(-40).toLowerCase()}`;
}

function toBytes(name: string, type: string, size: number | undefined, text: string): string {
  const match = /^(?:0x)?((?:[0-9a-f]{2})*)$/i.exec(text);
  if (!match) throw new ValueError(name, type, "it is not whole bytes of hex");
  const digits = match[1] ?? "";
  if (size !== undefined && digits.length !== 2 * size) {
    throw new ValueError(name, type, `it has ${digits.length / 2} bytes`);
  }
  return `0x${digits.toLowerCase()}`;
}
