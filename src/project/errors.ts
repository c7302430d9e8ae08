/** A project file that can't be used. The message starts with the field and says what to do. */
export class ProjectFileError extends Error {
  /** @param field for example `versions[0].output.ethereum.contractAddress`; "" for the file */
  constructor(readonly field: string, problem: string, options?: ErrorOptions) {
    super(field ? `${field}: ${problem}` : problem, options);
    this.name = "ProjectFileError";
  }
}

/** `["versions", 0, "code"]` as `versions[0].code`. */
export function fieldName(path: readonly PropertyKey[]): string {
  return path.reduce<string>((name, key) => {
    if (typeof key === "number") return `${name}[${key}]`;
    return name ? `${name}.${String(key)}` : String(key);
  }, "");
}

/** A stranger's value as it may stand in an error: one short line. */
export function quoted(value: unknown): string {
  if (typeof value === "object" && value !== null) {
    return Array.isArray(value) ? "a list" : "an object";
  }
  const text = (JSON.stringify(value) ?? String(value)).replace(/\p{Cc}/gu, "\ufffd");
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
