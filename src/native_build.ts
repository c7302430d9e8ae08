import type { Runtimes } from "../runtimes/index.ts";
import { buildLibrary } from "../runtimes/risc0/build.ts";
import { errorText, type Log } from "./log.ts";
import type { Projects } from "./project/types.ts";

export interface NativeBuildDeps {
  readonly projects: Pick<Projects, "list" | "onChange">;
  readonly runtimes: Pick<Runtimes, "unavailable">;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** What builds it; told how far it is. */
  readonly build?: typeof buildLibrary;
}

/**
 * Builds the prover of risc0 once a project needs it, while the node does its other work. A build
 * that fails is not tried again before the node starts anew.
 * @param onBuilt called when programs of one more machine can be proven
 */
export function buildOnNeed(deps: NativeBuildDeps, onBuilt: () => void): () => void {
  const { projects, runtimes, log, signal, build = buildLibrary } = deps;
  let begun = false;
  const look = () => {
    const needed = projects.list().some(({ versions }) =>
      [...versions.values()].some(({ vmType }) => vmType === "risc0")
    );
    if (begun || !needed || !runtimes.unavailable.risc0) return;
    begun = true;
    build({ say: (line) => log.info(line), signal }).then(onBuilt, (error) => {
      if (!signal.aborted) log.warn(`risc0 programs are not proven here: ${errorText(error)}`);
    });
  };
  look();
  return projects.onChange(look);
}
