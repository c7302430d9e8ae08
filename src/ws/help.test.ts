import { expect, test } from "bun:test";
import { Command } from "commander";
import { commands } from "./commands.ts";

/** All commands below one, itself included. */
const below = (command: Command): Command[] => [command, ...command.commands.flatMap(below)];

test("every command has help", () => {
  const program = new Command("ws");
  for (const register of commands) register(program, () => ({ result() {}, progress() {} }));
  const all = below(program);
  expect(all.length).toBeGreaterThan(40);
  for (const command of all) expect(command.helpInformation()).toContain(command.name());
});
