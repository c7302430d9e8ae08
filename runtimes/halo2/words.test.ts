import { describe, expect, test } from "bun:test";
import { ProgramError } from "../runtime.ts";
import { failure, shownWords } from "./words.ts";

const input = (...messages: string[]) =>
  new TextEncoder().encode(JSON.stringify({ messages, salt: "0xabcdef" }));

describe("a program's words", () => {
  test("keep what is no value of the input", () => {
    const words = 'messages[3].value: "value" is not a number';
    expect(shownWords(words, input('{"value":"abc"}'))).toBe(words);
  });

  test("lose each value, at any depth, in text or number", () => {
    const given = input('{"id":"dev-17","at":{"lat":-7.5,"tags":["blue"]}}', "plain secret");
    for (const value of ["dev-17", "-7.5", "blue", "plain", "secret", "0xabcdef"]) {
      expect(shownWords(`bad: ${value}.`, given)).not.toContain(value);
    }
  });

  test("lose numbers that may be roundings of a value", () => {
    expect(shownWords("36.98 of 3698, row 7", input("{}"))).toBe("… of …, row 7");
  });

  test("are short, on one line, and plain", () => {
    const shown = shownWords(`a\nb\u001b[31m${"x".repeat(5000)}`, input("{}"));
    expect(shown).toStartWith("a b [31m");
    expect(shown.length).toBeLessThanOrEqual(300);
  });
});

describe("a failure", () => {
  const state = { said: "", full: false };
  test("of ours stays as it is", () => {
    const error = new ProgramError("input", "no");
    expect(failure(error, state)).toBe(error);
  });

  test("of the engine is a trap, or want of memory where memory is full", () => {
    const error = new WebAssembly.RuntimeError("unreachable");
    expect(failure(error, state)).toMatchObject({ kind: "trap" });
    expect(failure(error, { ...state, full: true })).toMatchObject({ kind: "memory" });
    expect(failure("thrown text", state)).toMatchObject({ kind: "trap" });
  });
});
