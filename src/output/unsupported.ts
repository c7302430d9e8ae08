import type { OutputConfig } from "../project/types.ts";
import type { Output } from "./output.ts";

/**
 * Ends every job of a kind that this node can't output.
 * @param lack what the operator can do about it
 */
export function unsupportedOutput<K extends OutputConfig["type"]>(
  type: K,
  lack = "use another output in the project's file",
): Output<K> {
  const comment = `this node has no ${type} output; ${lack}`;
  return { run: () => Promise.resolve({ state: "dead", reference: "", comment }) };
}
