import { describe, expect, test } from "bun:test";
import type { Project } from "./project/types.ts";
import type { Crate } from "../runtimes/crate.ts";
import { buildOnNeed } from "./native_build.ts";
import { createLog } from "./log.ts";

const project = (vmType: string, param = '{"profile":"wrap"}') =>
  ({
    versions: new Map([["0.1", { program: { vmType, param } }]]),
  }) as unknown as Project;

function rig(
  unavailable: Record<string, string>,
  build: (crate: Crate) => Promise<never>,
  nativeLibraries = {},
) {
  const list: Project[] = [];
  let changed = () => {};
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = buildOnNeed({
    projects: {
      list: () => list,
      onChange(listener) {
        changed = () => listener(project(""));
        return () => changed = () => {};
      },
    },
    runtimes: { unable: ({ vmType }) => unavailable[vmType] },
    nativeLibraries,
    log: createLog("silent"),
    signal: new AbortController().signal,
    build,
  }, resolve);
  const add = (vmType: string, param?: string) => {
    list.push(project(vmType, param));
    changed();
  };
  return { stop, built: promise, add };
}

describe("a native prover", () => {
  test("is built once, when the first project needs it, and that is told", async () => {
    let builds = 0;
    const { add, built, stop } = rig({ risc0: "not built" }, () => {
      builds++;
      return Promise.resolve() as Promise<never>;
    });
    add("halo2");
    expect(builds).toBe(0);
    add("risc0");
    add("risc0");
    await built;
    expect(builds).toBe(1);
    stop();
  });

  test("is one a kind of program: that of proofs for chains is another", async () => {
    const built: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const { add, stop } = rig({ risc0: "not built", zkwasm: "not built" }, (crate) => {
      built.push(crate.name);
      if (built.length === 2) resolve();
      return Promise.resolve() as Promise<never>;
    });
    add("zkwasm");
    add("risc0");
    add("zkwasm");
    await promise;
    expect(built).toEqual(["wrap", "risc0"]);
    stop();
  });

  test("is not built for a program that none proves, nor where one is installed", () => {
    let builds = 0;
    const count = () => {
      builds++;
      return new Promise<never>(() => {});
    };
    const { add } = rig({ zkwasm: "not built" }, count);
    for (const param of ["", '{"profile":"fast"}', '{"profile":"slow"}', "{"]) add("zkwasm", param);
    rig({ zkwasm: "no setup" }, count, { wrap: {} }).add("zkwasm");
    expect(builds).toBe(0);
  });

  test("is not built where it is there, nor again after it failed", async () => {
    let builds = 0;
    const fail = () => {
      builds++;
      return Promise.reject(new Error("no compiler"));
    };
    rig({}, fail).add("risc0");
    expect(builds).toBe(0);
    const failing = rig({ risc0: "not built" }, fail);
    failing.add("risc0");
    await Promise.resolve();
    failing.add("risc0");
    expect(builds).toBe(1);
  });
});
