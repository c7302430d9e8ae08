/**
 * Reads request bodies as the original does (Go's encoding/json and its validator), with its
 * texts, since gateways match on them: field names in any case, unknown fields ignored.
 */

/** A body that is refused; the message is the answer's `error`. */
export class BodyError extends Error {
  constructor(message: string, readonly status: 400 | 401 | 413 = 400) {
    super(message);
    this.name = "BodyError";
  }
}

export interface MessageRequest {
  readonly projectID: bigint;
  readonly projectVersion: string;
  readonly data: string;
  /** The successor's device signature; "" when absent. */
  readonly signature: string;
}

/** A JSON number, by its own digits: project ids may exceed what a number holds exactly. */
class Digits {
  constructor(readonly text: string) {}
}

type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;
const keepDigits: Reviver = (_key, value, context) =>
  typeof value === "number" ? new Digits(context?.source ?? String(value)) : value;

/** @throws {BodyError} */
export function parseJson(text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === "") throw new BodyError("EOF");
  try {
    return JSON.parse(trimmed, keepDigits as (key: string, value: unknown) => unknown);
  } catch {
    throw new BodyError(isCutOff(trimmed) ? "unexpected EOF" : "invalid JSON in the request body");
  }
}

/** Whether text is the beginning of a JSON document that never ends. */
function isCutOff(text: string): boolean {
  const open: string[] = [];
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    if (quoted) {
      if (c === "\\") i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === "{" || c === "[") open.push(c);
    else if (c === "}" || c === "]") open.pop();
  }
  return quoted || open.length > 0;
}

const goType = "HandleMessageReq";
const fields = [
  ["projectID", "ProjectID"],
  ["projectVersion", "ProjectVersion"],
  ["data", "Data"],
  ["signature", "Signature"],
] as const;

/** @throws {BodyError} naming every field that is missing, or the first of a wrong type */
export function parseMessage(json: unknown): MessageRequest {
  if (
    json !== null && (typeof json !== "object" || Array.isArray(json) || json instanceof Digits)
  ) {
    throw new BodyError(
      `json: cannot unmarshal ${kindOf(json)} into Go value of type apitypes.${goType}`,
    );
  }
  const values: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(json ?? {})) {
    const field = fields.find(([name]) => name.toLowerCase() === key.toLowerCase());
    if (field && value !== null) values[field[0]] = value;
  }
  const projectID = integer(values.projectID);
  const strings = (name: string) => {
    const value = values[name] ?? "";
    if (typeof value !== "string") throw wrongType(value, name, "string");
    return value;
  };
  const request = {
    projectID,
    projectVersion: strings("projectVersion"),
    data: strings("data"),
    signature: strings("signature"),
  };
  const missing = fields.slice(0, 3).filter(([name]) => !request[name]);
  if (missing.length > 0) {
    throw new BodyError(
      missing.map(([, go]) =>
        `Key: '${goType}.${go}' Error:Field validation for '${go}' failed on the 'required' tag`
      ).join("\n"),
    );
  }
  if (projectID >= 1n << 63n) throw new BodyError("projectID must be from 1 to 2^63-1");
  if (!/^[^\u0000-\u001f\u007f]{1,64}$/.test(request.projectVersion)) {
    throw new BodyError("projectVersion must be printable text of at most 64 characters");
  }
  return request;
}

function integer(value: unknown): bigint {
  if (value === undefined) return 0n;
  if (!(value instanceof Digits)) throw wrongType(value, "projectID", "uint64");
  if (!/^\d+$/.test(value.text) || BigInt(value.text) >= 1n << 64n) {
    throw wrongType(value, "projectID", "uint64", ` ${value.text.slice(0, 40)}`);
  }
  return BigInt(value.text);
}

function wrongType(value: unknown, field: string, type: string, shown = ""): BodyError {
  return new BodyError(
    `json: cannot unmarshal ${
      kindOf(value)
    }${shown} into Go struct field ${goType}.${field} of type ${type}`,
  );
}

function kindOf(value: unknown): string {
  if (value instanceof Digits) return "number";
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}
