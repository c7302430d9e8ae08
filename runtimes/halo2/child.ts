import { serveCalls } from "../child.ts";
import { openModule } from "./module.ts";
import type { NativeSource } from "../native.ts";
import { openNativeProgram } from "./native.ts";
import { WsProgram } from "./ws.ts";

/** What a Halo2 cage loads a program from. */
export type Source = { readonly code: Uint8Array } | { readonly native: NativeSource };

serveCalls(async (source, limits) => {
  const from = source as Source;
  if ("code" in from) return openModule(from.code, limits);
  const instance = await openNativeProgram(from.native);
  return new WsProgram(() => instance);
});
