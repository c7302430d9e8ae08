import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { noteOf } from "./remembered.ts";

test("a note is of a command and of every byte that it reads, wherever they are", () => {
  const roots = [1, 2].map(() => mkdtempSync(join(tmpdir(), "w3bstream-note-")));
  const [root = "", elsewhere = ""] = roots;
  const note = (command = "check", at = root) => noteOf([command], at, ["a", "b/c"]);
  for (const at of roots) {
    mkdirSync(join(at, "b/c/target"), { recursive: true });
    writeFileSync(join(at, "a"), "1");
    writeFileSync(join(at, "b/c/d"), "2");
  }
  const first = note();
  expect(note("check", elsewhere)).toBe(first);
  writeFileSync(join(root, "b/c/target/made"), "3");
  writeFileSync(join(root, "b/other"), "4");
  expect(note()).toBe(first);
  expect(note("other")).not.toBe(first);
  writeFileSync(join(root, "b/c/d"), "5");
  expect(note()).not.toBe(first);
  writeFileSync(join(root, "b/c/d"), "2");
  expect(note()).toBe(first);
  writeFileSync(join(root, "b/c/e"), "");
  expect(note()).not.toBe(first);
  for (const at of roots) rmSync(at, { recursive: true });
});
