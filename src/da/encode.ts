export { bytesToHex as toHex, hexToBytes as fromHex } from "../hex.ts";

/*
 * PostgreSQL array literals. Made here because one pass over strings that we know costs a fraction
 * of the client's own encoder, which is most of a batch's work in this process.
 */

/** Of values whose text needs no quoting: numbers and UUIDs. */
export const plainArray = (values: readonly (number | bigint | string)[]): string =>
  `{${values.join(",")}}`;

/** Of numbers, some of them null. */
export const nullableArray = (values: readonly (number | null)[]): string =>
  `{${values.map((value) => value ?? "null").join(",")}}`;

export function textArray(values: readonly (string | null)[]): string {
  const parts: string[] = [];
  let last: string | null | undefined, quoted = "";
  for (const value of values) {
    // Neighbours often share their version, sender and group.
    if (value !== last) {
      last = value;
      quoted = value === null ? "null" : `"${value.replace(/["\\]/g, "\\$&")}"`;
    }
    parts.push(quoted);
  }
  return `{${parts.join(",")}}`;
}

export const byteaArray = (values: readonly Uint8Array[]): string =>
  `{${values.map((value) => `"\\\\x${value.toHex()}"`).join(",")}}`;

/** A list of byte strings, each led by its length as 4 bytes, little-endian. */
export function packList(items: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(items.reduce((sum, { length }) => sum + 4 + length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const item of items) {
    view.setUint32(at, item.length, true);
    bytes.set(item, at + 4);
    at += 4 + item.length;
  }
  return bytes;
}

/** The list that `packList` wrote. */
export function unpackList(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const items: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 4 + view.getUint32(at, true);
    items.push(bytes.slice(at + 4, end));
    at = end;
  }
  return items;
}

/** Text as a column can hold it: PostgreSQL has no NUL, UTF-8 no lone surrogates. */
export const storable = (text: string): string => text.replaceAll("\0", "\ufffd").toWellFormed();

/** A view without `Buffer`'s own methods, and of no pooled memory. */
export const plainBytes = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);

/** SQL that gives an instant as whole milliseconds since 1970. */
export const ms = (column: string): string => `floor(extract(epoch from ${column}) * 1000)::int8`;
