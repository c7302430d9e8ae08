/** Small programs of the original's and the successor's form for tests. */
import { assemble, externref, i32, i64, type Import, op } from "./assemble.ts";
import type { Hostile } from "./programs.ts";
import { encode } from "./tiny.ts";

const placeholder = "__wbindgen_placeholder__";
const hash = "0123456789abcdef";

/** Imports of the original's form; hashes are of no version in particular. */
const bindgenImports: readonly Import[] = [
  { from: placeholder, name: `__wbg_newnoargs_${hash}`, params: [i32, i32], results: [i32] },
  { from: placeholder, name: "__wbindgen_object_drop_ref", params: [i32] },
  { from: placeholder, name: "__wbindgen_throw", params: [i32, i32] },
  { from: placeholder, name: `__wbg_newwithlength_${hash}`, params: [i32], results: [i32] },
];

/** A module of the original's form; `prove` does what `body` says, and by default echoes. */
export function original(
  version: "v1" | "v2",
  body?: readonly number[],
  imports: readonly Import[] = bindgenImports,
): Uint8Array<ArrayBuffer> {
  // In place: the result's pointer and length are the input's, the last two parameters.
  const last = version === "v1" ? 1 : 7;
  const echo = [
    ...[...op.get(0), ...op.get(last), ...op.store],
    ...[...op.get(0), ...op.const(4), ...op.add, ...op.get(last + 1), ...op.store],
  ];
  return assemble({
    imports,
    memory: [2],
    globals: [65536, 4096],
    functions: [
      {
        name: "prove",
        params: version === "v1" ? [i32, i32, i32] : [i32, i64, i64, i32, i32, i32, i32, i32, i32],
        body: body ?? echo,
      },
      {
        name: "__wbindgen_malloc",
        params: [i32, i32],
        results: [i32],
        body: [
          ...op.globalGet(1),
          ...[...op.globalGet(1), ...op.get(0), ...op.add, ...op.globalSet(1)],
        ],
      },
      {
        name: "__wbindgen_free",
        params: [i32, i32, i32],
        body: [...op.const(4096), ...op.globalSet(1)],
      },
      {
        name: "__wbindgen_add_to_stack_pointer",
        params: [i32],
        results: [i32],
        body: [
          ...[...op.globalGet(0), ...op.get(0), ...op.add, ...op.globalSet(0)],
          ...op.globalGet(0),
        ],
      },
    ],
    data: [{ at: 256, bytes: encode("return this; alert(1)") }],
  });
}

/**
 * A v1 module as newer tools make it: values travel as external references, and the result as
 * several values. Its `prove` checks its references by use, and echoes.
 */
export function originalWithReferences(): Uint8Array<ArrayBuffer> {
  const imports: Import[] = [
    { from: placeholder, name: "__wbindgen_init_externref_table" },
    {
      from: placeholder,
      name: `__wbg_newnoargs_${hash}`,
      params: [i32, i32],
      results: [externref],
    },
    {
      from: placeholder,
      name: `__wbg_call_${hash}`,
      params: [externref, externref],
      results: [externref],
    },
    { from: placeholder, name: `__wbg_crypto_${hash}`, params: [externref], results: [externref] },
    { from: placeholder, name: `__wbg_newwithlength_${hash}`, params: [i32], results: [externref] },
    { from: placeholder, name: `__wbg_getRandomValues_${hash}`, params: [externref, externref] },
    { from: placeholder, name: `__wbg_require_${hash}`, results: [externref] },
  ];
  const table = 0;
  const theUndefined = [...op.const(1), ...op.tableGet(table)];
  const fn = [...op.const(256), ...op.const(11), ...op.call(1)];
  const world = [...fn, ...theUndefined, ...op.call(2)];
  return assemble({
    imports,
    memory: [2],
    globals: [4096, 0],
    table: { name: "__wbindgen_externrefs", size: 1 },
    functions: [
      {
        name: "prove",
        params: [i32, i32],
        results: [i32, i32],
        body: [
          ...[...world, ...op.call(3), ...op.const(32), ...op.call(4), ...op.call(5)],
          // Fails by exception, which is stored in the table and remembered by its index.
          ...[...op.call(6), ...op.drop],
          ...[
            ...op.get(0),
            ...op.get(1),
            ...op.globalGet(1),
            ...op.add,
            ...op.const(-5),
            ...op.add,
          ],
        ],
      },
      { name: "__wbindgen_malloc", params: [i32, i32], results: [i32], body: op.globalGet(0) },
      { name: "__wbindgen_free", params: [i32, i32, i32], body: [] },
      { name: "__wbindgen_start", body: op.call(0) },
      {
        name: "__externref_table_alloc",
        results: [i32],
        body: [...op.nullRef, ...op.const(1), ...op.tableGrow(table)],
      },
      { name: "__wbindgen_exn_store", params: [i32], body: [...op.get(0), ...op.globalSet(1)] },
    ],
    data: [{ at: 256, bytes: encode("return this") }],
  });
}

/** Original programs that must fail. */
export const hostileOriginals: Readonly<Record<string, () => Hostile>> = {
  "JavaScript to run": () => ({
    code: original("v1", [...op.const(256), ...op.const(21), ...op.call(0), ...op.drop]),
    at: "prove",
    kind: "trap",
    message: /tried to run JavaScript/,
  }),
  "a reference that it doesn't hold": () => ({
    code: original("v1", [...op.const(4000), ...op.call(1)]),
    at: "prove",
    kind: "trap",
    message: /reference it doesn't hold/,
  }),
  "references without end": () => ({
    code: original("v1", op.forever([...op.const(1), ...op.call(3), ...op.drop])),
    at: "prove",
    kind: "trap",
    message: /holds more than 65536 references/,
  }),
  "an array of 4 GiB": () => ({
    code: original("v1", [...op.const(-1), ...op.call(3), ...op.drop]),
    at: "prove",
    kind: "trap",
    message: /wants an array of 4294967295 bytes/,
  }),
  "an error that it throws": () => ({
    code: original("v1", [...op.const(256), ...op.const(11), ...op.call(2)]),
    at: "prove",
    kind: "trap",
    message: /it said: return this/,
  }),
  "a result outside its memory": () => ({
    code: original("v1", [
      ...[...op.get(0), ...op.const(-8), ...op.store],
      ...[...op.get(0), ...op.const(4), ...op.add, ...op.const(64), ...op.store],
    ]),
    at: "prove",
    kind: "trap",
    message: /outside its memory/,
  }),
  "an import that is not allowed": () => ({
    code: original("v1", [], [{ from: placeholder, name: `__wbg_fetch_${hash}` }]),
    at: "load",
    kind: "load",
    message: /imports __wbindgen_placeholder__\.__wbg_fetch_0123456789abcdef, which is not allowed/,
  }),
  "a name of every object's prototype": () => ({
    code: original("v1", [], [{ from: placeholder, name: "constructor" }]),
    at: "load",
    kind: "load",
    message: /imports __wbindgen_placeholder__\.constructor/,
  }),
};
