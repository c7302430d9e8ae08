/** Small programs for tests: a good one of our form, hostile variants of it, original ones. */
import { assemble, type Assembly, type Func, i32, i64, type Import, op } from "./assemble.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const loop = [...op.forever([]), ...op.unreachable];
/** Grows by 1 MiB and writes to all of it, for ever; goes on writing when it can't grow. */
export const memoryBomb = [
  ...op.forever([
    ...[...op.const(16), ...op.grow, ...op.drop],
    ...[...op.size, ...op.const(16), ...op.sub, ...op.const(65536), ...op.mul],
    ...[...op.const(1), ...op.const(1 << 20), ...op.fill],
  ]),
  ...op.unreachable,
];

const description = {
  name: "tiny",
  runtime: "halo2",
  binding: "none",
  unsafeTestSetup: false,
  publicValues: [],
  imageId: `0x${"ab".repeat(32)}`,
};

interface Variant {
  readonly description?: string;
  /** Bodies by function name, instead of the good ones. */
  readonly bodies?: Readonly<Record<string, readonly number[]>>;
  readonly without?: string;
  readonly memory?: readonly number[];
  readonly start?: readonly number[];
  readonly imports?: readonly Import[];
  readonly rawImport?: readonly number[];
  /** Text found at `wordsAt`. */
  readonly words?: string;
}

export const wordsAt = 2048;
export const answer = (at: number, length: number) => [
  ...op.const(at),
  ...op.globalSet(0),
  ...op.const(length),
  ...op.globalSet(1),
  ...op.const(0),
];

/** Imports of our form, in the order of their function indexes. */
export const hostImports: readonly Import[] = [
  { from: "env", name: "host_log", params: [i32, i32] },
  { from: "env", name: "host_progress", params: [i32, i32] },
  { from: "env", name: "host_random", params: [i32, i32] },
];

/** A program of our form, whose proof is "ok" and which holds everything for valid. */
export function tiny(variant: Variant = {}): Uint8Array<ArrayBuffer> {
  const about = encode(variant.description ?? JSON.stringify(description));
  const good: Record<string, Func> = {
    // The heap starts at 64 KiB and is emptied by each free.
    ws_alloc: {
      params: [i32],
      results: [i32],
      body: [
        ...op.globalGet(2),
        ...[...op.globalGet(2), ...op.get(0), ...op.add, ...op.globalSet(2)],
      ],
    },
    ws_free: { params: [i32, i32], body: [...op.const(65536), ...op.globalSet(2)] },
    ws_out_ptr: { results: [i32], body: op.globalGet(0) },
    ws_out_len: { results: [i32], body: op.globalGet(1) },
    ws_describe: { results: [i32], body: answer(1024, about.length) },
    ws_commit: { params: [i32, i32], results: [i32], body: answer(512, 32) },
    ws_prove: { params: [i32, i32], results: [i32], body: answer(600, 6) },
    ws_verify: { params: [i32, i32, i32, i32], results: [i32], body: answer(0, 0) },
  };
  const functions: Func[] = Object.entries(good)
    .filter(([name]) => name !== variant.without)
    .map(([name, fn]) => ({ ...fn, name, body: variant.bodies?.[name] ?? fn.body }));
  if (variant.start) functions.push({ body: variant.start });
  const module: Assembly = {
    functions,
    memory: variant.memory ?? [3],
    globals: [0, 0, 65536],
    data: [
      { at: 512, bytes: new Uint8Array(32).fill(0xcc) },
      { at: 600, bytes: new Uint8Array([0, 0, 0, 0, ...encode("ok")]) },
      { at: 1024, bytes: about },
      { at: wordsAt, bytes: encode(variant.words ?? "") },
    ],
    imports: variant.imports ?? [],
    ...(variant.start ? { start: functions.length - 1 } : {}),
    ...(variant.rawImport ? { rawImport: variant.rawImport } : {}),
  };
  return assemble(module);
}

const inProve = (body: readonly number[], rest: Variant = {}) =>
  tiny({ ...rest, bodies: { ws_prove: body } });

export interface Hostile {
  readonly code: Uint8Array;
  /** What fails: loading it, or proving with it. */
  readonly at: "load" | "prove";
  readonly kind: string;
  readonly message: RegExp;
}

/** Programs that must fail, each with its reason. */
export const hostile: Readonly<Record<string, () => Hostile>> = {
  "a loop without end in prove": () => ({
    code: inProve(loop),
    at: "prove",
    kind: "timeout",
    message: /took longer than 1 s/,
  }),
  "a start function that never ends": () => ({
    code: tiny({ start: op.forever([]) }),
    at: "load",
    kind: "timeout",
    message: /took longer than 1 s/,
  }),
  "a loop without end in describe": () => ({
    code: tiny({ bodies: { ws_describe: loop } }),
    at: "load",
    kind: "timeout",
    message: /took longer/,
  }),
  "a memory bomb in prove": () => ({
    code: inProve(memoryBomb),
    at: "prove",
    kind: "memory",
    message: /used \d+ MiB, at most 256 MiB/,
  }),
  "a memory bomb in the start function": () => ({
    code: tiny({ start: memoryBomb }),
    at: "load",
    kind: "memory",
    message: /used \d+ MiB/,
  }),
  "a trap because memory can't grow": () => ({
    // Touches one byte of each MiB, so that the cap is met before the resident limit.
    code: inProve([
      ...op.forever([
        ...[...op.const(16), ...op.grow, ...op.const(65536), ...op.mul],
        ...[...op.const(1), ...op.store8],
      ]),
      ...op.unreachable,
    ]),
    at: "prove",
    kind: "memory",
    message: /memory nearly full/,
  }),
  "4 GiB of memory from the start": () => ({
    code: tiny({ memory: [65536] }),
    at: "load",
    kind: "memory",
    message: /asks for 4096 MiB, at most 256 MiB/,
  }),
  "a shared memory": () => ({
    code: tiny({ memory: [0x03, 1, 2] }),
    at: "load",
    kind: "load",
    message: /shared or 64-bit memory/,
  }),
  "an imported memory": () => ({
    code: tiny({ rawImport: [3, ...encode("env"), 1, ...encode("m"), 0x02, 0x00, 1], memory: [] }),
    at: "load",
    kind: "load",
    message: /lacks the exported memory/,
  }),
  "a trap": () => ({
    code: inProve(op.unreachable),
    at: "prove",
    kind: "trap",
    message: /^RuntimeError/,
  }),
  "recursion without end": () => ({
    code: inProve([...op.get(0), ...op.get(1), ...op.call(6)]),
    at: "prove",
    kind: "trap",
    message: /stack/i,
  }),
  "a result of 4 GiB": () => ({
    code: inProve(answer(0, -1)),
    at: "prove",
    kind: "trap",
    message: /gave 4294967295 bytes/,
  }),
  "a result outside its memory": () => ({
    code: inProve(answer(-16, 1024)),
    at: "prove",
    kind: "trap",
    message: /outside its memory/,
  }),
  "a result above the limit": () => ({
    code: inProve(answer(0, 17 << 20), { memory: [512] }),
    at: "prove",
    kind: "trap",
    message: /gave 17825792 bytes, at most 16777216/,
  }),
  "a proof that is cut off": () => ({
    code: inProve(answer(512, 8)),
    at: "prove",
    kind: "trap",
    message: /cut off/,
  }),
  "a buffer outside its memory": () => ({
    code: tiny({ bodies: { ws_alloc: op.const(-64) } }),
    at: "prove",
    kind: "trap",
    message: /outside its memory/,
  }),
  "a proof that its own verifier refuses": () => ({
    code: tiny({ bodies: { ws_verify: op.const(1) } }),
    at: "prove",
    kind: "trap",
    message: /its own verifier refuses/,
  }),
  "a commitment of the wrong size": () => ({
    code: tiny({ bodies: { ws_commit: answer(512, 31) } }),
    at: "prove",
    kind: "trap",
    message: /not 32 bytes/,
  }),
  "a refused input": () => ({
    code: tiny({ bodies: { ws_prove: op.const(1) } }),
    at: "prove",
    kind: "input",
    message: /./,
  }),
  "an import that is not allowed": () => ({
    code: tiny({ imports: [{ from: "env", name: "host_open", params: [i32] }] }),
    at: "load",
    kind: "load",
    message: /imports env\.host_open, which is not allowed/,
  }),
  "an import from WASI": () => ({
    code: tiny({ imports: [{ from: "wasi_snapshot_preview1", name: "fd_write" }] }),
    at: "load",
    kind: "load",
    message: /imports wasi_snapshot_preview1\.fd_write/,
  }),
  "an import of the wrong type": () => ({
    code: tiny({
      rawImport: [3, ...encode("env"), 8, ...encode("host_log"), 0x01, 0x70, 0x00, 0x00],
    }),
    at: "load",
    kind: "load",
    message: /imports env\.host_log/,
  }),
  "a flood of logs": () => ({
    code: inProve(
      [
        ...op.forever([...op.const(0), ...op.const(65536), ...op.call(0)]),
        ...op.unreachable,
      ],
      { imports: hostImports },
    ),
    at: "prove",
    kind: "timeout",
    message: /took longer/,
  }),
  "a flood of progress": () => ({
    code: inProve(
      [...op.forever([...op.const(-1), ...op.const(-1), ...op.call(1)]), ...op.unreachable],
      { imports: hostImports },
    ),
    at: "prove",
    kind: "timeout",
    message: /took longer/,
  }),
  "a log outside its memory": () => ({
    code: inProve([...op.const(-1), ...op.const(-1), ...op.call(0), ...op.const(0)], {
      imports: hostImports,
    }),
    at: "prove",
    kind: "trap",
    message: /outside its memory/,
  }),
  "a call of the host from the start function": () => ({
    code: tiny({
      imports: hostImports,
      start: [...op.const(0), ...op.const(1), ...op.call(0)],
    }),
    at: "load",
    kind: "trap",
    message: /./,
  }),
  "a missing export": () => ({
    code: tiny({ without: "ws_verify" }),
    at: "load",
    kind: "load",
    message: /lacks the exports ws_verify/,
  }),
  "no Halo2 program": () => ({
    code: assemble({ functions: [{ name: "main", body: [] }] }),
    at: "load",
    kind: "load",
    message: /neither ws_prove nor prove/,
  }),
  "no WebAssembly": () => ({
    code: encode("{}"),
    at: "load",
    kind: "load",
    message: /no WebAssembly module/,
  }),
  "a description that is no JSON": () => ({
    code: tiny({ description: "tiny" }),
    at: "load",
    kind: "load",
    message: /ws_describe is not valid: not JSON/,
  }),
  "a description without its commitment": () => ({
    code: tiny({ description: JSON.stringify({ ...description, binding: "data" }) }),
    at: "load",
    kind: "load",
    message: /publicValues lacks inputCommitment/,
  }),
};

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
