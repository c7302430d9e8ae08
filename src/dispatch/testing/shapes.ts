import fc from "fast-check";
import type { Rules } from "../state.ts";
import { type Machine, type Move, rules, World } from "./world.ts";

const output = (change: Partial<Rules["outputs"][number]> = {}) => ({
  name: "stdout",
  where: "znode" as const,
  verifiedOnly: false,
  ...change,
});

export const shapes: Record<string, Rules> = {
  "one znode at a time, one output": rules(),
  "three znodes at once": rules({ redundancy: 3, attempts: 2 }),
  "two outputs, one of them the enode's": rules({
    outputs: [output(), output({ where: "enode" })],
  }),
  "an output that can't be done, and one for verified results only": rules({
    redundancy: 2,
    outputs: [output({ barred: "no key" }), output({ verifiedOnly: true }), output()],
  }),
  "no second chance": rules({ attempts: 1, outputAttempts: 1 }),
  "an output to the router, which may lose it": rules({
    outputs: [output(), output({ name: "ethereumContract" })],
  }),
  "an output that waits for the router's": rules({
    outputs: [
      output({ name: "webhook", where: "enode", afterRouter: true }),
      output({ name: "ethereumContract" }),
    ],
  }),
  "no output": rules({ outputs: [] }),
};

const move: fc.Arbitrary<Move> = fc.tuple(fc.nat(19), fc.nat(1_000), fc.nat(1_000));
const moves = fc.array(move, { maxLength: 150, size: "max" });

/** Throws, with the shortest history that was found, when some history breaks a rule. */
export function checkMachine(
  machine: Machine,
  r: Rules,
  options: { readonly numRuns: number; readonly seed?: number; readonly shrink?: boolean },
): void {
  const { shrink = true, ...parameters } = options;
  fc.assert(
    fc.property(moves, (list) => {
      const world = new World(machine, r);
      for (const m of list) world.play(m);
      world.settle();
    }),
    { ...parameters, endOnFailure: !shrink },
  );
}
