/** A WebAssembly assembler, just large enough for the programs that the tests need. */

export const i32 = 0x7f, i64 = 0x7e, externref = 0x6f;

export interface Signature {
  readonly params?: readonly number[];
  readonly results?: readonly number[];
}
export interface Import extends Signature {
  readonly from: string;
  readonly name: string;
}
export interface Func extends Signature {
  /** Exported under this name. */
  readonly name?: string;
  readonly body: readonly number[];
}
export interface Assembly {
  readonly imports?: readonly Import[];
  readonly functions: readonly Func[];
  /** Pages: initial and, if any, maximum; or raw limits. Exported as `memory`. */
  readonly memory?: readonly number[];
  /** Mutable i32 globals by their initial values. */
  readonly globals?: readonly number[];
  /** Index among `functions`. */
  readonly start?: number;
  readonly data?: readonly { readonly at: number; readonly bytes: Uint8Array }[];
  /** Raw bytes of an import section's entry for things other than functions. */
  readonly rawImport?: readonly number[];
  /** An exported table of external references, with this name and size. */
  readonly table?: { readonly name: string; readonly size: number };
}

export function uleb(value: number): number[] {
  const bytes: number[] = [];
  do {
    const rest = Math.floor(value / 128);
    bytes.push((value % 128) | (rest > 0 ? 0x80 : 0));
    value = rest;
  } while (value > 0);
  return bytes;
}

function sleb(value: number): number[] {
  const bytes: number[] = [];
  while (true) {
    const byte = value & 0x7f;
    value >>= 7;
    const last = (value === 0 && !(byte & 0x40)) || (value === -1 && (byte & 0x40) !== 0);
    bytes.push(last ? byte : byte | 0x80);
    if (last) return bytes;
  }
}

const text = (name: string) => [...uleb(name.length), ...new TextEncoder().encode(name)];
const vector = (items: readonly (readonly number[])[]) => [...uleb(items.length), ...items.flat()];
const section = (id: number, body: readonly number[]) => [id, ...uleb(body.length), ...body];

/** Instructions, by the names of the text format. */
export const op = {
  const: (value: number) => [0x41, ...sleb(value | 0)],
  get: (local: number) => [0x20, ...uleb(local)],
  globalGet: (index: number) => [0x23, ...uleb(index)],
  globalSet: (index: number) => [0x24, ...uleb(index)],
  call: (index: number) => [0x10, ...uleb(index)],
  drop: [0x1a],
  add: [0x6a],
  sub: [0x6b],
  mul: [0x6c],
  store: [0x36, 2, 0],
  store8: [0x3a, 0, 0],
  load: [0x28, 2, 0],
  size: [0x3f, 0],
  grow: [0x40, 0],
  fill: [0xfc, 0x0b, 0],
  unreachable: [0x00],
  nullRef: [0xd0, externref],
  tableGet: (table: number) => [0x25, ...uleb(table)],
  tableGrow: (table: number) => [0xfc, 0x0f, ...uleb(table)],
  /** Runs the body for ever. */
  forever: (body: readonly number[]) => [0x03, 0x40, ...body, 0x0c, 0x00, 0x0b],
} as const;

export function assemble(module: Assembly): Uint8Array<ArrayBuffer> {
  const { imports = [], functions, memory = [1], globals = [], data = [] } = module;
  const signatures = [...imports, ...functions];
  const imported = imports.map(({ from, name }, type) => [
    ...text(from),
    ...text(name),
    0x00,
    ...uleb(type),
  ]);
  if (module.rawImport) imported.push([...module.rawImport]);
  const limits = memory.length > 2 ? memory : [memory.length - 1, ...memory.flatMap(uleb)];
  const exported = functions.flatMap(({ name }, i) =>
    name === undefined ? [] : [[...text(name), 0x00, ...uleb(imports.length + i)]]
  );
  if (memory.length > 0) exported.push([...text("memory"), 0x02, 0x00]);
  if (module.table) exported.push([...text(module.table.name), 0x01, 0x00]);
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      1,
      vector(signatures.map(({ params = [], results = [] }) => [
        0x60,
        ...vector(params.map((p) => [p])),
        ...vector(results.map((r) => [r])),
      ])),
    ),
    ...section(2, vector(imported)),
    ...section(3, vector(functions.map((_, i) => uleb(imports.length + i)))),
    ...(module.table ? section(4, vector([[externref, 0x00, ...uleb(module.table.size)]])) : []),
    ...(memory.length > 0 ? section(5, vector([limits])) : []),
    ...section(6, vector(globals.map((value) => [i32, 0x01, ...op.const(value), 0x0b]))),
    ...section(7, vector(exported)),
    ...(module.start === undefined ? [] : section(8, uleb(imports.length + module.start))),
    ...section(
      10,
      vector(functions.map(({ body }) => {
        const code = [0x00, ...body, 0x0b];
        return [...uleb(code.length), ...code];
      })),
    ),
    ...section(
      11,
      vector(data.map(({ at, bytes }) => [
        0x00,
        ...op.const(at),
        0x0b,
        ...uleb(bytes.length),
        ...bytes,
      ])),
    ),
  ]);
}
