/**
 * JSON as Go's encoding/json reads it: numbers keep their text, bytes after the first value are
 * ignored, and errors have Go's words, which gateways of the original may show or match.
 *
 * Only bodies that `JSON.parse` can't answer for come here.
 */

export type Json =
  | { readonly type: "object"; readonly entries: readonly (readonly [string, Json])[] }
  | { readonly type: "array"; readonly items: readonly Json[] }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "number"; readonly text: string }
  | { readonly type: "bool" }
  | { readonly type: "null" };

/** Nesting that is refused, well before it could exhaust the stack. */
const maxDepth = 1000;

/** Thrown with Go's text. */
export class GoJsonError extends Error {}

/** @throws {GoJsonError} */
export function parseGoJson(text: string): Json {
  const reader = new Reader(text);
  reader.space();
  if (reader.ended) throw new GoJsonError("EOF");
  return reader.value("looking for beginning of value", 0);
}

const escapes: Record<string, string> = {
  ...{ '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" },
};

class Reader {
  #at = 0;
  constructor(readonly text: string) {}

  get ended(): boolean {
    return this.#at >= this.text.length;
  }

  space(): void {
    while (/[ \t\r\n]/.test(this.text[this.#at] ?? "")) this.#at++;
  }

  value(context: string, depth: number): Json {
    if (depth > maxDepth) throw new GoJsonError("exceeded max depth");
    const c = this.#peek();
    if (c === "{") return this.#object(depth);
    if (c === "[") return this.#array(depth);
    if (c === '"') return { type: "string", value: this.#string() };
    if (c === "-" || isDigit(c)) return { type: "number", text: this.#number() };
    if (c === "t") return this.#literal("true", { type: "bool" });
    if (c === "f") return this.#literal("false", { type: "bool" });
    if (c === "n") return this.#literal("null", { type: "null" });
    throw this.#unexpected(context);
  }

  #object(depth: number): Json {
    const entries: [string, Json][] = [];
    this.#at++;
    this.space();
    if (this.#peek() === "}") {
      this.#at++;
      return { type: "object", entries };
    }
    while (true) {
      this.space();
      if (this.#peek() !== '"') {
        throw this.#unexpected("looking for beginning of object key string");
      }
      const key = this.#string();
      this.space();
      if (this.#peek() !== ":") throw this.#unexpected("after object key");
      this.#at++;
      this.space();
      entries.push([key, this.value("looking for beginning of value", depth + 1)]);
      this.space();
      const c = this.#peek();
      if (c !== "," && c !== "}") throw this.#unexpected("after object key:value pair");
      this.#at++;
      if (c === "}") return { type: "object", entries };
    }
  }

  #array(depth: number): Json {
    const items: Json[] = [];
    this.#at++;
    this.space();
    if (this.#peek() === "]") {
      this.#at++;
      return { type: "array", items };
    }
    while (true) {
      this.space();
      items.push(this.value("looking for beginning of value", depth + 1));
      this.space();
      const c = this.#peek();
      if (c !== "," && c !== "]") throw this.#unexpected("after array element");
      this.#at++;
      if (c === "]") return { type: "array", items };
    }
  }

  #string(): string {
    let value = "";
    for (this.#at++;;) {
      const c = this.#peek();
      if (c === '"') {
        this.#at++;
        return value;
      }
      if (c < " ") throw this.#unexpected("in string literal");
      this.#at++;
      value += c === "\\" ? this.#escape() : c;
    }
  }

  #escape(): string {
    const c = this.#peek();
    if (c === "u") {
      this.#at++;
      const start = this.#at;
      for (; this.#at < start + 4; this.#at++) {
        if (!/[0-9a-fA-F]/.test(this.#peek())) {
          throw this.#unexpected("in \\u hexadecimal character escape");
        }
      }
      return String.fromCharCode(parseInt(this.text.slice(start, this.#at), 16));
    }
    const value = escapes[c];
    if (value === undefined) throw this.#unexpected("in string escape code");
    this.#at++;
    return value;
  }

  #number(): string {
    const start = this.#at;
    if (this.#peek() === "-") this.#at++;
    if (this.#peek() === "0") this.#at++;
    else this.#digits("in numeric literal");
    if (this.text[this.#at] === ".") {
      this.#at++;
      this.#digits("after decimal point in numeric literal");
    }
    if (/[eE]/.test(this.text[this.#at] ?? "")) {
      this.#at++;
      if (/[+-]/.test(this.#peek())) this.#at++;
      this.#digits("in exponent of numeric literal");
    }
    return this.text.slice(start, this.#at);
  }

  #digits(context: string): void {
    if (!isDigit(this.#peek())) throw this.#unexpected(context);
    while (isDigit(this.text[this.#at] ?? "")) this.#at++;
  }

  #literal(word: string, value: Json): Json {
    for (const expected of word) {
      if (this.#peek() !== expected) {
        throw this.#unexpected(`in literal ${word} (expecting '${expected}')`);
      }
      this.#at++;
    }
    return value;
  }

  #peek(): string {
    const c = this.text[this.#at];
    if (c === undefined) throw new GoJsonError("unexpected EOF");
    return c;
  }

  #unexpected(context: string): GoJsonError {
    const point = String.fromCodePoint(this.text.codePointAt(this.#at) ?? 0);
    return new GoJsonError(`invalid character ${quoted(point)} ${context}`);
  }
}

const isDigit = (c: string): boolean => c >= "0" && c <= "9" && c.length === 1;

const named: Record<string, string> = {
  ...{ "'": "\\'", '"': '"', "\\": "\\\\", "\x07": "\\a", "\b": "\\b", "\f": "\\f" },
  ...{ "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v" },
};

/** Go names the offending byte, taken as a code point. */
function quoted(character: string): string {
  const byte = new TextEncoder().encode(character)[0] ?? 0;
  const c = String.fromCharCode(byte);
  const hex = byte.toString(16).padStart(2, "0");
  if (named[c] !== undefined) return `'${named[c]}'`;
  if (byte < 0x20 || byte === 0x7f) return `'\\x${hex}'`;
  if ((byte >= 0x80 && byte <= 0xa0) || byte === 0xad) return `'\\u00${hex}'`;
  return `'${c}'`;
}
