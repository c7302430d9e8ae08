/** A small program of our form for tests, and variants of it. */
import { assemble, type Assembly, type Func, i32, type Import, op } from "./assemble.ts";

export const encode = (text: string) => new TextEncoder().encode(text);
export const description = {
  name: "tiny",
  runtime: "halo2",
  binding: "none",
  unsafeTestSetup: false,
  publicValues: [],
  imageId: `0x${"ab".repeat(32)}`,
};

export interface Variant {
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
