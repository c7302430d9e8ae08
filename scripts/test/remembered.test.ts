import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { noteOf, recall, remember } from "./remembered.ts";

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

test("of npm's packages it is of those that are named", () => {
  const root = mkdtempSync(join(tmpdir(), "w3bstream-note-"));
  const note = (a: string, b: string, inputs = ["npm:a"]) => {
    const packages = { "node_modules/a": { version: a }, "node_modules/b": { version: b } };
    writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages }));
    return noteOf(["check"], root, inputs);
  };
  const first = note("1", "1");
  expect(note("1", "2")).toBe(first);
  expect(note("2", "1")).not.toBe(first);
  expect(() => note("1", "1", ["npm:c"])).toThrow("c is not in package-lock.json");
  rmSync(root, { recursive: true });
});

test("what a command made is laid where it was", () => {
  const root = mkdtempSync(join(tmpdir(), "w3bstream-note-"));
  const [note, artefact] = [join(root, "cache/note"), join(root, "target/made")];
  expect(recall(note, artefact)).toBe(false);
  mkdirSync(join(root, "target"));
  writeFileSync(artefact, "bytes");
  remember(note, artefact);
  rmSync(join(root, "target"), { recursive: true });
  expect(recall(note, artefact)).toBe(true);
  expect(readFileSync(artefact, "utf8")).toBe("bytes");
  rmSync(root, { recursive: true });
});
