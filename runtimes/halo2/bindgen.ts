/**
 * The host that programs of the original's and the successor's form were compiled for: what
 * wasm-bindgen 0.2.8x–0.2.9x generates JavaScript for, cut down to an allow-list. Names end in a
 * hash of the version that made them, which is left out here. No code comes from the program, and
 * the only JavaScript object that it can reach is a stand-in with `crypto`.
 */
import { ProgramError } from "../runtime.ts";
import { fillRandom, GuestMemory } from "./memory.ts";
import { References } from "./refs.ts";

/** What the host uses of an instance once there is one. */
export interface BindgenExports {
  readonly memory: WebAssembly.Memory;
  readonly __wbindgen_malloc: (length: number, align: number) => number;
  readonly __wbindgen_exn_store?: (error: unknown) => void;
  readonly __externref_table_alloc?: () => number;
}

export interface BindgenHost {
  readonly imports: WebAssembly.Imports;
  /** To be called with the instance's exports before anything else runs. */
  attach(exports: WebAssembly.Exports): void;
  /** The text of an error that the program returned. */
  errorText(reference: number): string;
  /** The last words that the program logged. */
  said: string;
}

type Import = (...args: never[]) => unknown;

/** The name as the allow-list has it. */
export function plainName(name: string): string {
  return name.replace(/^__wbg_(?=__wbindgen_)/, "").replace(/_[0-9a-f]{16}$/, "");
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
const encoder = new TextEncoder();
const maxArrayBytes = 64 * 1024 * 1024;
const maxSaid = 512;

// Objects of the stand-in world. `process` is absent, so programs take the browser's way.
const webCrypto = Object.freeze({ name: "crypto" });
const performanceClock = Object.freeze({ name: "performance" });
const world = Object.freeze({ crypto: webCrypto, performance: performanceClock });
const returnThis = () => world;

/**
 * The imports of a module, of those on the allow-list.
 * @throws {ProgramError} `load`, naming the first import that is not
 */
export function bindgenHost(module: WebAssembly.Module): BindgenHost {
  const required = WebAssembly.Module.imports(module);
  const externrefs = WebAssembly.Module.exports(module)
    .some(({ name }) => name === "__externref_table_alloc");
  let exports: BindgenExports | undefined;
  let table: WebAssembly.Table | undefined;
  const references = new References();
  const host: BindgenHost = {
    imports: {},
    said: "",
    attach(all) {
      exports = all as unknown as BindgenExports;
      table = Object.values(all).find((item): item is WebAssembly.Table =>
        item instanceof WebAssembly.Table && isExternrefTable(item)
      );
    },
    errorText: (reference) => text(externrefs ? table?.get(reference) : references.take(reference)),
  };
  const allowed = importTable({
    get exports() {
      if (!exports) throw new ProgramError("trap", "called its host from its start function");
      return exports;
    },
    get table() {
      return table;
    },
    // With reference types the engine passes values themselves, else numbers stand for them.
    get: externrefs ? (value) => value : (index) => references.get(index as number),
    take: externrefs ? (value) => value : (index) => references.take(index as number),
    add: externrefs ? (value) => value : (value) => references.add(value),
    say: (words) => host.said = words.slice(0, maxSaid),
  });
  for (const { module: from, name, kind } of required) {
    const implementation = Object.hasOwn(allowed, plainName(name)) && allowed[plainName(name)];
    const known = from === "__wbindgen_placeholder__" || from === "wbg" || from.endsWith("_bg.js");
    if (kind !== "function" || !known || !implementation) {
      throw new ProgramError("load", `imports ${from}.${name}, which is not allowed`);
    }
    (host.imports[from] ??= {})[name] = implementation as WebAssembly.ImportValue;
  }
  return host;
}

function isExternrefTable(table: WebAssembly.Table): boolean {
  try {
    // Grows by nothing: only a table of external references takes an object as its filling.
    table.grow(0, world);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

interface World {
  readonly exports: BindgenExports;
  readonly table: WebAssembly.Table | undefined;
  get(reference: unknown): unknown;
  take(reference: unknown): unknown;
  add(value: unknown): unknown;
  say(words: string): void;
}

function importTable(w: World): Record<string, Import> {
  const view = (pointer: number, length: number) =>
    new GuestMemory(w.exports.memory).view(pointer, length);
  const string = (pointer: number, length: number) => decoder.decode(view(pointer, length));
  const array = (reference: unknown): Uint8Array<ArrayBuffer> => {
    const value = w.get(reference);
    if (!(value instanceof Uint8Array)) {
      throw new ProgramError("trap", "used what is no byte array");
    }
    return value as Uint8Array<ArrayBuffer>;
  };
  const property = (name: "crypto" | "performance") => (object: unknown) =>
    w.add(w.get(object) === world ? world[name] : undefined);
  const nothing = () => w.add(undefined);
  const theWorld = () => w.add(world);
  /** Runs what the program expects to fail by exception, and hands it the exception. */
  const guarded = <A extends unknown[]>(run: (...args: A) => unknown) => (...args: A): unknown => {
    try {
      return run(...args);
    } catch (error) {
      const { __wbindgen_exn_store: store, __externref_table_alloc: alloc } = w.exports;
      if (!store || error instanceof ProgramError) throw error;
      if (!alloc) return store(w.add(error));
      const index = alloc();
      w.table?.set(index, error);
      return store(index);
    }
  };
  const random = guarded((...args: unknown[]) => fillRandom(array(args.at(-1))));
  const log = (...args: number[]) =>
    w.say(args.length === 2 ? string(args[0] ?? 0, args[1] ?? 0) : text(w.get(args[0])));
  const answerText = (into: number, words: string) => {
    const bytes = encoder.encode(words);
    const pointer = w.exports.__wbindgen_malloc(bytes.length, 1);
    view(pointer, bytes.length).set(bytes);
    const slot = view(into, 8);
    new DataView(slot.buffer, slot.byteOffset).setUint32(0, pointer >>> 0, true);
    new DataView(slot.buffer, slot.byteOffset).setUint32(4, bytes.length, true);
  };
  const throws = (message: string) => {
    throw new WebAssembly.RuntimeError(message);
  };
  return {
    __wbindgen_object_drop_ref: (r: unknown) => void w.take(r),
    __wbindgen_object_clone_ref: (r: unknown) => w.add(w.get(r)),
    __wbindgen_string_new: (p: number, n: number) => w.add(string(p, n)),
    __wbindgen_error_new: (p: number, n: number) => w.add(new Error(string(p, n))),
    __wbindgen_is_object: (r: unknown) => typeof w.get(r) === "object" && w.get(r) !== null,
    __wbindgen_is_string: (r: unknown) => typeof w.get(r) === "string",
    __wbindgen_is_function: (r: unknown) => typeof w.get(r) === "function",
    __wbindgen_is_undefined: (r: unknown) => w.get(r) === undefined,
    __wbindgen_is_null: (r: unknown) => w.get(r) === null,
    __wbindgen_debug_string: (into: number, r: unknown) => answerText(into, text(w.get(r))),
    __wbindgen_memory: () => w.add(w.exports.memory),
    __wbindgen_throw: (p: number, n: number) => {
      w.say(string(p, n));
      throws("threw an error");
    },
    __wbindgen_rethrow: (r: unknown) => {
      w.say(text(w.take(r)));
      throws("threw an error");
    },
    __wbindgen_init_externref_table: () => {
      const start = w.table?.grow(4) ?? 0;
      [undefined, null, true, false].forEach((value, i) => w.table?.set(start + i, value));
    },

    __wbg_self: guarded(theWorld),
    __wbg_window: guarded(theWorld),
    __wbg_globalThis: guarded(theWorld),
    __wbg_global: guarded(theWorld),
    __wbg_static_accessor_GLOBAL_THIS: theWorld,
    // `undefined` is 0 here: these answer an optional reference.
    __wbg_static_accessor_SELF: theWorld,
    __wbg_static_accessor_WINDOW: theWorld,
    __wbg_static_accessor_GLOBAL: theWorld,
    __wbg_newnoargs: (p: number, n: number) => {
      if (string(p, n) !== "return this") throw new ProgramError("trap", "tried to run JavaScript");
      return w.add(returnThis);
    },
    __wbg_call: guarded((f: unknown) => {
      if (w.get(f) !== returnThis) throw new ProgramError("trap", "called what is no function");
      return w.add(returnThis());
    }),

    __wbg_crypto: property("crypto"),
    __wbg_msCrypto: nothing,
    __wbg_process: nothing,
    __wbg_versions: nothing,
    __wbg_node: nothing,
    __wbg_require: guarded(() => throws("require is not available")),
    __wbg_randomFillSync: (_crypto: unknown, r: unknown) => {
      random(r);
      w.take(r);
    },
    __wbg_getRandomValues: random,

    __wbg_buffer: (r: unknown) => {
      const value = w.get(r);
      if (value === w.exports.memory) return w.add(w.exports.memory.buffer);
      return w.add(array(r).buffer);
    },
    __wbg_new: (...args: unknown[]) => {
      if (args.length === 0) return w.add(new Error("created by the program"));
      const source = w.get(args[0]);
      if (source instanceof ArrayBuffer) return w.add(new Uint8Array(source));
      return w.add(array(args[0]).slice());
    },
    __wbg_newwithlength: (n: number) => {
      if (n >>> 0 > maxArrayBytes) {
        throw new ProgramError("trap", `wants an array of ${n >>> 0} bytes`);
      }
      return w.add(new Uint8Array(n >>> 0));
    },
    __wbg_newwithbyteoffsetandlength: (r: unknown, offset: number, n: number) => {
      const buffer = w.get(r);
      if (!(buffer instanceof ArrayBuffer)) {
        throw new ProgramError("trap", "used what is no buffer");
      }
      return w.add(new Uint8Array(buffer, offset >>> 0, n >>> 0));
    },
    __wbg_set: (to: unknown, from: unknown, offset: number) =>
      array(to).set(array(from), offset >>> 0),
    __wbg_subarray: (r: unknown, from: number, to: number) =>
      w.add(array(r).subarray(from >>> 0, to >>> 0)),
    __wbg_length: (r: unknown) => array(r).length,

    __wbg_log: log,
    __wbg_info: log,
    __wbg_warn: log,
    __wbg_error: log,
    __wbg_debug: log,
    __wbg_stack: (into: number) => answerText(into, ""),

    __wbg_new0: () => w.add(new Date()),
    __wbg_getTime: () => Date.now(),
    __wbg_performance: property("performance"),
    __wbg_now: (...args: unknown[]) =>
      args.length > 0 && w.get(args[0]) === performanceClock ? performance.now() : Date.now(),
  };
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  return value instanceof Error ? value.message : typeof value;
}
