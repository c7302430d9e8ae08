import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { ProgramError } from "../runtime.ts";
import { programOf } from "./code.ts";
import { parseParam } from "./param.ts";

const encoder = new TextEncoder();
const original = '{"image_id":"RANGE_ID","elf":"RANGE_ELF"}';
const elf = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1, 1, 1, 0);
const binary = Uint8Array.of(0x52, 0x30, 0x42, 0x46, 1, 0, 0, 0);
const methods = (program: Uint8Array) =>
  encoder.encode(
    `pub const RANGE_ELF: &[u8] = &[${program.join(", ")}];\n` +
      "pub const RANGE_ID: [u32; 8] = [1, 0, 0, 0, 0, 0, 0, 258];\n",
  );
const fileImageId = `0x01${"00".repeat(27)}02010000` as const;
const given = (code: Uint8Array, param = "") => programOf(code, parseParam(param));

describe("a program's code", () => {
  test("may be a program binary or an ELF", () => {
    for (const param of ["", original]) {
      expect(given(binary, param)).toEqual({
        kind: "binary",
        bytes: binary,
        fileImageId: undefined,
      });
      expect(given(elf, param)).toEqual({
        kind: "elf",
        bytes: elf,
        kernel: "v1compat",
        fileImageId: undefined,
      });
    }
    expect(given(elf, '{"kernel":"sprout"}')).toMatchObject({ kernel: "sprout" });
  });

  test("may be a methods.rs that holds one of them", () => {
    expect(given(methods(binary), original)).toEqual({
      kind: "binary",
      bytes: binary,
      fileImageId,
    });
    expect(given(methods(elf), original)).toEqual({
      kind: "elf",
      bytes: elf,
      kernel: "sprout",
      fileImageId,
    });
    const other = original.replace("}", ',"kernel":"v1compat"}');
    expect(given(methods(elf), other)).toMatchObject({ kernel: "v1compat" });
  });

  test("of an original project file is an ELF of risc0 before 2.0", () => {
    const file = new URL("../../tests/fixtures/original-risc0.json", import.meta.url);
    const [project] = JSON.parse(readFileSync(file, "utf8"));
    const code = new Uint8Array(inflateSync(Buffer.from(project.code, "hex")));
    const program = given(code, project.codeExpParam);
    expect(program).toMatchObject({ kind: "elf", kernel: "sprout" });
    expect(program.fileImageId).toMatch(/^0x[0-9a-f]{64}$/);
    // An ELF's last part is its table of sections, here 40 bytes each.
    const view = new DataView(program.bytes.buffer, program.bytes.byteOffset);
    expect(view.getUint32(32, true) + view.getUint16(48, true) * 40).toBe(program.bytes.length);
  });

  test("is refused when it is none of them", () => {
    const cases: [Uint8Array, string, string][] = [
      [new Uint8Array(), original, "its code is no risc0 program"],
      [Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0), original, "its code is no risc0 program"],
      [Uint8Array.of(0x63, 0xff), original, "its code is no risc0 program"],
      [elf.subarray(0, 3), original, "declares no constant RANGE_ELF"],
      [methods(elf), "", "must name the constants"],
      [methods(encoder.encode("text")), original, "RANGE_ELF is neither an ELF nor"],
      [methods(new Uint8Array()), original, "RANGE_ELF is neither an ELF nor"],
      [encoder.encode("fn main() {}"), original, "declares no constant RANGE_ELF"],
    ];
    for (const [code, param, reason] of cases) {
      const refused = () => given(code, param);
      expect(refused).toThrow(ProgramError);
      expect(refused).toThrow(reason);
    }
  });
});
