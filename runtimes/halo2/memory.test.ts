import { describe, expect, test } from "bun:test";
import { assemble, op } from "../testing/assemble.ts";
import { ProgramError } from "../runtime.ts";
import { capMemory, GuestMemory } from "./memory.ts";

const mib = 1024 * 1024;
const growing = (memory: number[]) =>
  assemble({
    memory,
    functions: [{
      name: "grow",
      params: [0x7f],
      results: [0x7f],
      body: [...op.get(0), ...op.grow],
    }],
  });
const open = (code: Uint8Array<ArrayBuffer>) =>
  new WebAssembly.Instance(new WebAssembly.Module(code)).exports as unknown as {
    memory: WebAssembly.Memory;
    grow(pages: number): number;
  };

describe("capMemory", () => {
  test("growth ends at the cap", () => {
    const { grow, memory } = open(capMemory(growing([2]), 4 * mib));
    expect(grow(62)).toBe(2);
    expect(grow(1)).toBe(-1);
    expect(memory.buffer.byteLength).toBe(4 * mib);
  });

  test("a lower maximum of the module's own stays", () => {
    const { grow } = open(capMemory(growing([1, 3]), 4 * mib));
    expect(grow(2)).toBe(1);
    expect(grow(1)).toBe(-1);
  });

  test("asking for more than the cap from the start is refused", () => {
    expect(() => capMemory(growing([65]), 4 * mib)).toThrow(/asks for 4.0625 MiB/);
    expect(() => capMemory(growing([64]), 4 * mib)).not.toThrow();
  });

  test("memories that can't be capped are refused", () => {
    for (const limits of [[0x03, 1, 2], [0x04, 1, 1], [0x08, 1, 1]]) {
      expect(() => capMemory(growing(limits), 4 * mib)).toThrow(ProgramError);
    }
  });

  test("what is not well-formed is left to the engine", () => {
    const code = growing([2]);
    for (let length = 0; length < code.length; length++) {
      const cut = code.slice(0, length);
      let capped: Uint8Array<ArrayBuffer>;
      try {
        capped = capMemory(cut, 4 * mib);
      } catch (error) {
        expect(error).toBeInstanceOf(ProgramError);
        continue;
      }
      // A prefix may itself be a module, such as one that ends after its types.
      const valid = WebAssembly.validate(cut);
      expect(WebAssembly.validate(capped)).toBe(valid);
    }
  });
});

describe("GuestMemory", () => {
  const memory = new GuestMemory(new WebAssembly.Memory({ initial: 1 }));

  test("gives exactly what lies inside", () => {
    expect(memory.view(65536 - 4, 4)).toHaveLength(4);
    expect(memory.view(65536, 0)).toHaveLength(0);
  });

  test("refuses what does not", () => {
    for (const [at, size] of [[65535, 2], [-1, 1], [0, -1], [-1, -1], [0, 65537]]) {
      expect(() => memory.view(at, size)).toThrow(/outside its memory/);
    }
    expect(() => memory.view(0n, 4)).toThrow(/no 32-bit integer/);
    expect(() => memory.view(0, undefined)).toThrow(/no 32-bit integer/);
    expect(() => memory.copy(0, 11, 10)).toThrow(/at most 10/);
  });
});
