import type { Runtimes } from "../runtimes/index.ts";
import type { ProgramSpec } from "../runtimes/runtime.ts";
import { buildLibrary } from "../runtimes/crate_build.ts";
import type { Crate } from "../runtimes/crate.ts";
import { crate as risc0 } from "../runtimes/risc0/installed.ts";
import { provingOrNone } from "../runtimes/zkwasm/profile.ts";
import { crate as wrap } from "../runtimes/zkwasm/wrap/installed.ts";
import { errorText, type Log } from "./log.ts";
import type { Projects } from "./project/types.ts";

export interface NativeBuildDeps {
  readonly projects: Pick<Projects, "list" | "onChange">;
  readonly runtimes: Pick<Runtimes, "unable">;
  /** Libraries that the operator installed: they are not built. */
  readonly nativeLibraries?: Readonly<Record<string, unknown>>;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** What builds it; told how far it is. */
  readonly build?: typeof buildLibrary;
}

/** The crate of the native prover that a program needs. */
export function crateFor({ vmType, param }: ProgramSpec): Crate | undefined {
  if (vmType === "risc0") return risc0;
  return vmType === "zkwasm" && provingOrNone(param)?.profile === "wrap" ? wrap : undefined;
}

/**
 * Builds native provers once a project needs them, one after the other, while the node does its other
 * work. A build that fails is not tried again before the node starts anew.
 * @param onBuilt called when more programs can be proven
 */
export function buildOnNeed(deps: NativeBuildDeps, onBuilt: () => void): () => void {
  const { projects, runtimes, nativeLibraries = {}, log, signal, build = buildLibrary } = deps;
  const begun = new Set<Crate>();
  let last = Promise.resolve();
  const look = () => {
    const programs = projects.list().flatMap(({ versions }) =>
      [...versions.values()].map(({ program }) => program)
    );
    for (const program of programs) {
      const crate = crateFor(program);
      if (!crate || begun.has(crate) || crate.name in nativeLibraries) continue;
      if (!runtimes.unable(program)) continue;
      begun.add(crate);
      last = last.then(() => build(crate, { say: (line) => log.info(line), signal })).then(
        onBuilt,
        (error) => {
          if (!signal.aborted) log.warn(`${crate.what} is missing: ${errorText(error)}`);
        },
      );
    }
  };
  look();
  return projects.onChange(look);
}
