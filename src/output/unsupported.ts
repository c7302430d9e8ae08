import type { OutputConfig } from "../project/types.ts";
import type { Output } from "./output.ts";

/** Ends every job of a kind that this node can't output. */
export function unsupportedOutput<K extends OutputConfig["type"]>(type: K): Output<K> {
  return {
    run: () =>
      Promise.resolve({
        state: "dead",
        reference: "",
        comment: `this node has no ${type} output; use another output in the project's file`,
      }),
  };
}
