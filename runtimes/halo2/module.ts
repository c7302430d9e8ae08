import type { CagedProgram } from "../child.ts";
import { type Limits, ProgramError } from "../runtime.ts";
import { capMemory } from "./memory.ts";
import { originalExports, OriginalProgram } from "./original.ts";
import { WasmInstance, wsExports, wsImports, WsProgram } from "./ws.ts";

/**
 * Compiles and instantiates a Halo2 program of either form. Runs the module's start function, so it
 * must be called in a cage only.
 * @throws {ProgramError} `load`, naming what is missing or not allowed; `memory`
 */
export function openModule(code: Uint8Array, limits: Limits): CagedProgram {
  const module = compile(capMemory(code, limits.memoryBytes));
  const exports = WebAssembly.Module.exports(module);
  const has = (name: string, kind: string) =>
    exports.some((item) => item.name === name && item.kind === kind);
  const lacks = (names: readonly string[]) => names.filter((name) => !has(name, "function"));
  if (!has("memory", "memory")) throw new ProgramError("load", "lacks the exported memory");
  if (exports.some(({ name }) => name.startsWith("ws_"))) {
    refuseMissing(lacks(Object.keys(wsExports)));
    refuseImports(module);
    return new WsProgram(() => linked(() => new WasmInstance(module, limits.memoryBytes)));
  }
  const missing = lacks(originalExports);
  if (missing.includes("prove")) {
    throw new ProgramError("load", "is no Halo2 program: it exports neither ws_prove nor prove");
  }
  refuseMissing(missing);
  return linked(() => new OriginalProgram(module, limits.memoryBytes));
}

function compile(code: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  try {
    return new WebAssembly.Module(code);
  } catch (error) {
    throw new ProgramError("load", `is no WebAssembly module: ${(error as Error).message}`);
  }
}

/** Instantiates; what the engine can't link is a fault of the module, not of the run. */
function linked<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof WebAssembly.LinkError)) throw error;
    throw new ProgramError("load", `can't be linked: ${error.message}`);
  }
}

function refuseMissing(names: readonly string[]): void {
  if (names.length > 0) throw new ProgramError("load", `lacks the exports ${names.join(", ")}`);
}

function refuseImports(module: WebAssembly.Module): void {
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (from !== "env" || kind !== "function" || !wsImports.includes(name)) {
      throw new ProgramError("load", `imports ${from}.${name}, which is not allowed`);
    }
  }
}
