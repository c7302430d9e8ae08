import { describe, expect, test } from "bun:test";
import * as machine from "./machine.ts";
import { scenarios } from "./testing/scenarios.ts";
import { checkMachine, shapes } from "./testing/shapes.ts";
import { rules, World } from "./testing/world.ts";

describe("whatever happens", () => {
  for (const [name, r] of Object.entries(shapes)) {
    test(name, () => checkMachine(machine, r, { numRuns: 150 }), 60_000);
  }
});

for (const [name, tell] of Object.entries(scenarios)) test(name, () => tell(machine));

test("left alone among honest znodes, a task is output", () => {
  const world = new World(machine, rules());
  world.settle();
  expect(world.finished).toEqual(["dispatched", "proved", "outputted"]);
});
