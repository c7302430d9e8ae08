/** Steps through Rust source text, byte by byte and without running or keeping any of it. */

/** Why a text can't be read. It tells the place, and nothing of the text. */
export class SourceError extends Error {
  /** @param at offset in bytes */
  constructor(readonly at: number, message: string) {
    super(message);
    this.name = "SourceError";
  }
}

const code = (character: string): number => character.charCodeAt(0);
const quote = code('"'), apostrophe = code("'"), backslash = code("\\"), hash = code("#");
const slash = code("/"), star = code("*"), underscore = code("_"), newline = 10;

const blank = 1, digit = 2, letter = 3;
/** What each byte is in a token; those of other scripts' letters count as letters. */
const kinds = new Uint8Array(256).map((_, byte) => {
  const character = String.fromCharCode(byte);
  if (/[\t\n\v\f\r ]/.test(character)) return blank;
  if (/[0-9]/.test(character)) return digit;
  return byte >= 128 || /\w/.test(character) ? letter : 0;
});

/** Values of hex digits; 255 for other bytes. */
const nibbles = new Uint8Array(256).map((_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(value) ? 255 : value;
});

const escapes: Readonly<Record<string, number>> = {
  n: 10,
  r: 13,
  t: 9,
  "\\": backslash,
  0: 0,
  "'": apostrophe,
  '"': quote,
};

/** Characters of a name that count. */
const maxWord = 300;

/** Prefixes of texts that have escapes, and of those that have none. */
const escaped = new Set(["b", "c"]), raw = new Set(["r", "br", "cr"]);

/** A place in a text. */
export class RustSource {
  at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get ended(): boolean {
    return this.at >= this.bytes.length;
  }

  /** Bytes that are left. */
  get left(): number {
    return this.bytes.length - this.at;
  }

  /** Line of an offset, from 1. */
  lineOf(offset: number): number {
    let line = 1;
    for (let i = this.bytes.indexOf(newline); i >= 0 && i < offset; line++) {
      i = this.bytes.indexOf(newline, i + 1);
    }
    return line;
  }

  /** Goes past blanks and comments, which may be nested. */
  skipBlanks(): void {
    const { bytes } = this;
    for (;;) {
      while (kinds[bytes[this.at] ?? 0] === blank) this.at++;
      if (bytes[this.at] !== slash) return;
      const next = bytes[this.at + 1];
      if (next === slash) {
        const end = bytes.indexOf(newline, this.at);
        this.at = end < 0 ? bytes.length : end + 1;
      } else if (next === star) this.#skipComment();
      else return;
    }
  }

  #skipComment(): void {
    const { bytes } = this;
    const start = this.at;
    let depth = 0;
    for (let i = start; i < bytes.length;) {
      const byte = bytes[i], next = bytes[i + 1];
      if (byte === slash && next === star) {
        depth++;
        i += 2;
      } else if (byte === star && next === slash) {
        depth--;
        i += 2;
        if (depth === 0) {
          this.at = i;
          return;
        }
      } else i++;
    }
    throw new SourceError(start, "a comment is not closed");
  }

  /** Goes past `character` and the blanks behind it, if it is next. */
  take(character: string): boolean {
    if (this.bytes[this.at] !== code(character)) return false;
    this.at++;
    this.skipBlanks();
    return true;
  }

  /** The name that is next, and goes past it and the blanks behind it; "" if none is. */
  name(): string {
    const name = this.#word();
    if (name !== "") this.skipBlanks();
    return name;
  }

  #word(): string {
    const { bytes } = this;
    let end = this.at;
    if (kinds[bytes[end] ?? 0] !== letter) return "";
    while ((kinds[bytes[end] ?? 0] ?? 0) >= digit) end++;
    // Names that matter are short, and of ASCII.
    const shown = Math.min(end, this.at + maxWord);
    let word = "";
    while (this.at < shown) word += String.fromCharCode(bytes[this.at++] ?? 0);
    this.at = end;
    return word;
  }

  /**
   * Goes past one token and the blanks behind it.
   * @returns the token where it is a name, else ""
   */
  token(): string {
    const { bytes } = this;
    const byte = bytes[this.at] ?? 0;
    let word = "";
    if (kinds[byte] === letter) {
      word = this.#word();
      if (this.#skipText(word)) word = "";
    } else if (kinds[byte] === digit) {
      while ((kinds[bytes[this.at] ?? 0] ?? 0) >= digit) this.at++;
    } else if (byte === quote) this.#skipEscaped();
    else if (byte === apostrophe) this.#skipCharacter();
    else this.at++;
    this.skipBlanks();
    return word;
  }

  /** Goes past the text that `prefix` leads, if one does. */
  #skipText(prefix: string): boolean {
    const next = this.bytes[this.at];
    if (raw.has(prefix) && (next === quote || next === hash)) return this.#skipRaw();
    if (!escaped.has(prefix) || next !== quote) return false;
    this.#skipEscaped();
    return true;
  }

  #skipEscaped(): void {
    const { bytes } = this;
    const start = this.at;
    for (let i = start + 1; i < bytes.length; i++) {
      if (bytes[i] === backslash) i++;
      else if (bytes[i] === quote) {
        this.at = i + 1;
        return;
      }
    }
    throw new SourceError(start, "a text is not closed");
  }

  /** @returns false, where it is, if `r#` only leads a name */
  #skipRaw(): boolean {
    const { bytes } = this;
    let begin = this.at;
    while (bytes[begin] === hash) begin++;
    if (bytes[begin] !== quote) return false;
    const hashes = begin - this.at;
    for (let end = bytes.indexOf(quote, begin + 1); end >= 0;) {
      let closing = end + 1;
      while (closing - end <= hashes && bytes[closing] === hash) closing++;
      if (closing - end - 1 === hashes) {
        this.at = closing;
        return true;
      }
      end = bytes.indexOf(quote, closing);
    }
    throw new SourceError(this.at, "a text is not closed");
  }

  /** Goes past a character, or the mark that leads a lifetime. */
  #skipCharacter(): void {
    const { bytes } = this;
    const start = this.at;
    let end = start + 1;
    if (bytes[end] === backslash) end = bytes.indexOf(apostrophe, start + 3);
    else {
      end++;
      // The other bytes of a character that UTF-8 writes with several.
      while (((bytes[end] ?? 0) & 0xc0) === 0x80) end++;
    }
    if (end > start && bytes[end] === apostrophe) this.at = end + 1;
    else {
      this.at++;
      this.#word();
    }
  }

  /**
   * The number that is next, and goes past it and the blanks behind it.
   * @param type a type's name that may end it
   * @param what names the number in errors
   */
  number(type: string, max: number, what: () => string): number {
    const { bytes } = this;
    const start = this.at;
    if (kinds[bytes[start] ?? 0] !== digit) throw new SourceError(start, `${what()} is no number`);
    const hex = bytes[start] === 48 && bytes[start + 1] === 120;
    const radix = hex ? 16 : 10;
    let i = hex ? start + 2 : start, value = 0, digits = 0;
    for (;; i++) {
      const byte = bytes[i] ?? 0;
      if (byte === underscore) continue;
      const nibble = nibbles[byte] ?? 255;
      if (nibble >= radix) break;
      value = value * radix + nibble;
      digits++;
      if (value > max) throw new SourceError(start, `${what()} is over ${max}`);
    }
    this.at = i;
    const suffix = this.#word();
    if (digits === 0 || suffix !== "" && suffix !== type) {
      throw new SourceError(start, `${what()} is no number of type ${type}`);
    }
    this.skipBlanks();
    return value;
  }

  /** The bytes of `b"…"`, and goes past it and the blanks behind it; undefined if none is next. */
  byteText(): Uint8Array | undefined {
    const { bytes, at: start } = this;
    if (bytes[start] !== code("b") || bytes[start + 1] !== quote) return undefined;
    this.at++;
    this.#skipEscaped();
    const text = unescaped(bytes, start + 2, this.at - 1);
    this.skipBlanks();
    return text;
  }
}

/** The bytes that the text of a byte string stands for. */
function unescaped(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const out = new Uint8Array(end - start);
  let length = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (byte >= 128) throw new SourceError(i, "a text of bytes has a character beyond ASCII");
    if (byte !== backslash) {
      // Rust reads a line's end as one character.
      if (byte !== 13 || bytes[i + 1] !== newline) out[length++] = byte;
      continue;
    }
    const name = String.fromCharCode(bytes[++i] ?? 0);
    const value = escapes[name];
    if (value !== undefined) out[length++] = value;
    else if (name === "x") {
      const high = nibbles[bytes[i + 1] ?? 0] ?? 255, low = nibbles[bytes[i + 2] ?? 0] ?? 255;
      if (i + 2 >= end || high > 15 || low > 15) throw new SourceError(i, "an escape is malformed");
      out[length++] = high * 16 + low;
      i += 2;
    } else if (name === "\n" || name === "\r" && bytes[i + 1] === newline) {
      while (i + 1 < end && kinds[bytes[i + 1] ?? 0] === blank) i++;
    } else throw new SourceError(i, "an escape is unknown");
  }
  return out.subarray(0, length);
}
