/** A JSON reader that keeps the source text of every value, so that no digit is lost. */

export type Json =
  | { readonly kind: "object"; readonly raw: string; readonly members: ReadonlyMap<string, Json> }
  | { readonly kind: "array"; readonly raw: string; readonly items: readonly Json[] }
  | { readonly kind: "string"; readonly raw: string; readonly text: string }
  | { readonly kind: "number" | "boolean" | "null"; readonly raw: string };

/** Nesting that a stranger's message may have. */
const maxDepth = 64;

/** The value, or undefined when the text is not JSON or is nested too deeply. */
export function parseJson(text: string): Json | undefined {
  try {
    // JSON.parse is the judge of syntax; the reader below only finds where values begin and end.
    JSON.parse(text);
    return new Reader(text).value(0);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** A member by its name, or by names joined with dots; array elements by their index. */
export function atPath(json: Json, path: string): Json | undefined {
  const whole = member(json, path);
  if (whole || !path.includes(".")) return whole;
  let at: Json | undefined = json;
  for (const name of path.split(".")) at = at && member(at, name);
  return at;
}

/** The value as text: a string's content, `""` for null, and the source of anything else. */
export function textOf(json: Json): string {
  if (json.kind === "string") return json.text;
  return json.kind === "null" ? "" : json.raw;
}

function member(json: Json, name: string): Json | undefined {
  if (json.kind === "object") return json.members.get(name);
  return json.kind === "array" && /^\d{1,9}$/.test(name) ? json.items[Number(name)] : undefined;
}

class Reader {
  #at = 0;

  constructor(private readonly text: string) {}

  value(depth: number): Json {
    if (depth > maxDepth) throw new RangeError("nested too deeply");
    this.#space();
    const start = this.#at;
    const first = this.text[start];
    if (first === "{") {
      const members = new Map<string, Json>();
      this.#list("}", () => {
        this.#space();
        const name = this.#string();
        this.#space();
        this.#at++; // colon
        const value = this.value(depth + 1);
        // Of equal names the first counts, as it did for the original.
        if (!members.has(name)) members.set(name, value);
      });
      return { kind: "object", raw: this.text.slice(start, this.#at), members };
    }
    if (first === "[") {
      const items: Json[] = [];
      this.#list("]", () => items.push(this.value(depth + 1)));
      return { kind: "array", raw: this.text.slice(start, this.#at), items };
    }
    if (first === '"') {
      const text = this.#string();
      return { kind: "string", raw: this.text.slice(start, this.#at), text };
    }
    while (this.#at < this.text.length && /[\w.+-]/.test(this.text[this.#at] ?? "")) this.#at++;
    const raw = this.text.slice(start, this.#at);
    const kind = first === "n" ? "null" : first === "t" || first === "f" ? "boolean" : "number";
    return { kind, raw };
  }

  #list(end: string, item: () => void): void {
    this.#at++;
    this.#space();
    if (this.text[this.#at] === end) {
      this.#at++;
      return;
    }
    for (let more = true; more;) {
      item();
      this.#space();
      more = this.text[this.#at++] === ",";
    }
  }

  #string(): string {
    const start = this.#at++;
    while (this.text[this.#at] !== '"') this.#at += this.text[this.#at] === "\\" ? 2 : 1;
    this.#at++;
    return JSON.parse(this.text.slice(start, this.#at)) as string;
  }

  #space(): void {
    while (/[ \t\r\n]/.test(this.text[this.#at] ?? "")) this.#at++;
  }
}
