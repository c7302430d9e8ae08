import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ProgramError } from "../runtime.ts";
import { parseMethods } from "./methods.ts";

const names = { elf: "RANGE_ELF", imageId: "RANGE_ID" };
const parse = (text: string) => parseMethods(new TextEncoder().encode(text), names);

const id = "pub const RANGE_ID: [u32; 8] = [1, 2, 3, 4, 5, 6, 7, 4294967295];";
const elf = "pub const RANGE_ELF: &[u8] = &[127, 69, 76, 70];";

function refused(text: string): string {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof ProgramError && error.kind === "load") return error.message;
    throw error;
  }
  throw new Error("was not refused");
}

describe("a methods.rs", () => {
  test("gives its program, and its image id as a digest's bytes", () => {
    const given = parse(`\n${elf}\n${id}\npub const RANGE_PATH: &str = r#"/a/b"#;\n`);
    expect(given.elf).toEqual(Uint8Array.of(127, 69, 76, 70));
    expect([...given.imageId.subarray(0, 8)]).toEqual([1, 0, 0, 0, 2, 0, 0, 0]);
    expect([...given.imageId.subarray(28)]).toEqual([255, 255, 255, 255]);
    expect(given.imageId).toHaveLength(32);
  });

  test("may be written in other ways", () => {
    const ways = [
      "pub static RANGE_ELF: [u8; 4] = [0x7f, 0x45u8, 7_6, 7__0_u8,];",
      "static mut RANGE_ELF: &'static [u8; 0x4] = &[127,69,76,70];",
      'const RANGE_ELF:&\'static[u8]=b"\\x7fEL\\x46";',
      'const RANGE_ELF: &[u8] = b"\\x7fE\\\r\n  LF";',
      'pub(crate) const RANGE_ELF: &[u8; 4] = &*b"\\x7FELF" ;',
      "pub/**/const/* a /* nested */ one */RANGE_ELF : & [ u8 ] = // to the end\n&[127 , 69\t,\n76,70];",
      "pub mod methods { #[allow(dead_code)] pub const RANGE_ELF: &[u8] = &[127, 69, 76, 70]; }",
    ];
    for (const way of ways) expect(parse(`${id}${way}`).elf).toEqual(parse(id + elf).elf);
  });

  test("may hold every escape of a byte string", () => {
    const text = `${id}const RANGE_ELF: &[u8] = b"\\n\\r\\t\\\\\\0\\'\\"\\x00\\xff";`;
    expect([...parse(text).elf]).toEqual([10, 13, 9, 92, 0, 39, 34, 0, 255]);
  });

  test("is not misled by names that stand elsewhere", () => {
    const decoys = [
      "// pub const RANGE_ELF: &[u8] = &[1];",
      "/* pub const RANGE_ELF: &[u8] = &[1]; /* */ const RANGE_ELF: &[u8] = &[1]; */",
      'const TEXT: &str = "const RANGE_ELF: &[u8] = &[1]; \\" const RANGE_ELF: &[u8] = &[1];";',
      'const RAW: &str = r##"" const RANGE_ELF: &[u8] = &[1]; "# const RANGE_ELF: &[u8] = &[1];"##;',
      'const BYTES: &[u8] = br#"const RANGE_ELF: &[u8] = &[1];"#;',
      "const MY_RANGE_ELF: &[u8] = &[1]; const RANGE_ELF_2: &[u8] = &[1]; const éRANGE_ELF: u8 = 1;",
      "const OTHER: [char; 3] = ['\"', '\\'', 'é']; fn f<'a, 'b>(a: &'a str) {}",
      "fn f(x: *const RANGE_ELF, y: &'static RANGE_ELF) {} type r = u8; use r#RANGE_ELF;",
      "macro_rules! RANGE_ELF { () => {} } constRANGE_ELF! { 1const } let RANGE_ELF = &[1];",
    ];
    for (const decoy of decoys) {
      for (const text of [`${decoy}\n${elf}${id}`, `${elf}${id}\n${decoy}`]) {
        expect(parse(text).elf).toEqual(parse(elf + id).elf);
      }
    }
  });

  test("of 750 KB is read", () => {
    const bytes = Uint8Array.from({ length: 170_000 }, (_, i) => (i * 2654435761 >>> 9) & 255);
    const text = `\npub const RANGE_ELF: &[u8] = &[${bytes.join(", ")}];\n${id}\n`;
    expect(text.length).toBeGreaterThan(750_000);
    expect(parse(text).elf).toEqual(bytes);
  });

  test("of any format gives what was written", () => {
    const blank = fc.constantFrom("", " ", "\n", "\t", "\r\n", "/* [9, */", "// ];\n", "/*/**/*/");
    const styles = {
      decimal: (value: number) => String(value),
      hex: (value: number) => `0x${value.toString(16)}`,
      upper: (value: number) => `0x${value.toString(16).toUpperCase().padStart(8, "0")}`,
      spaced: (value: number) => `${[...String(value)].join("_")}_`,
    };
    const style = fc.constantFrom(...Object.values(styles));
    const values = (max: number, size: object) =>
      fc.array(fc.tuple(fc.integer({ min: 0, max }), style, fc.boolean(), blank, blank), size);
    const written = (
      given: [number, (value: number) => string, boolean, string, string][],
      type: string,
    ) =>
      given.map(([value, write, suffix, before, after]) =>
        `${before}${write(value)}${suffix ? type : ""}${after}`
      ).join(",");
    fc.assert(fc.property(
      values(255, { maxLength: 300 }),
      values(2 ** 32 - 1, { minLength: 8, maxLength: 8 }),
      fc.boolean(),
      fc.boolean(),
      blank,
      (bytes, words, sized, first, gap) => {
        const type = sized ? `[u8; ${bytes.length}]` : "[u8]";
        const trailing = bytes.length > 0 && first ? "," : "";
        const program = `pub const RANGE_ELF:${gap}&${type}${gap}=${gap}&[${
          written(bytes, "u8")
        }${trailing}]${gap};`;
        const image = `pub static RANGE_ID${gap}:[u32;${gap} 8] =[${written(words, "u32")}];`;
        const given = parse(first ? program + image : image + gap + program);
        expect([...given.elf]).toEqual(bytes.map(([value]) => value));
        const view = new DataView(given.imageId.buffer);
        expect(words.map((_, i) => view.getUint32(i * 4, true))).toEqual(
          words.map(([word]) => word),
        );
      },
    ));
  });

  test("of byte strings gives what was written", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, plain) => {
      const text = Array.from(bytes, (byte) => {
        const character = String.fromCharCode(byte);
        return plain && /[ !#-[\]-~]/.test(character)
          ? character
          : `\\x${byte.toString(16).padStart(2, "0")}`;
      }).join("");
      expect(parse(`${id}const RANGE_ELF: &[u8] = b"${text}";`).elf).toEqual(bytes);
    }));
  });
});

describe("a refused methods.rs", () => {
  test("is told apart by constant, line and reason", () => {
    const cases: [string, string][] = [
      [id, "declares no constant RANGE_ELF"],
      [elf, "declares no constant RANGE_ID"],
      [`${id}\n${elf}\n${elf}`, "RANGE_ELF in line 3: is declared more than once"],
      [
        'const RANGE_ELF: &[u8] = include_bytes!("a");',
        "line 1: is in another file (include_bytes!)",
      ],
      ["const RANGE_ELF: &[u8] = OTHER;", "line 1: must be an array or a byte string"],
      ['const RANGE_ELF: &[u8] = b"abc', "line 1: a text is not closed"],
      ['const RANGE_ELF: &[u8] = b"\\q";', "line 1: an escape is unknown"],
      ['const RANGE_ELF: &[u8] = b"\\x7";', "line 1: an escape is malformed"],
      ['const RANGE_ELF: &[u8] = b"é";', "line 1: a text of bytes has a character beyond ASCII"],
      ["const RANGE_ELF: &[u8] = &[1,\n256];", "RANGE_ELF in line 2: value 1 is over 255"],
      ["const RANGE_ELF: &[u8] = &[1, -1];", "value 1 is no number"],
      ["const RANGE_ELF: &[u8] = &[1, , 2];", "value 1 is no number"],
      ["const RANGE_ELF: &[u8] = &[[1]];", "value 0 is no number"],
      ["const RANGE_ELF: &[u8] = &[1 2];", "a comma must follow value 0"],
      ["const RANGE_ELF: &[u8] = &[0; 4];", "a comma must follow value 0"],
      ["const RANGE_ELF: &[u8] = &[0x];", "value 0 is no number of type u8"],
      ["const RANGE_ELF: &[u8] = &[1u32];", "value 0 is no number of type u8"],
      ["const RANGE_ELF: &[u8] = &[1.5];", "a comma must follow value 0"],
      ["const RANGE_ELF: &[u8] = &[1, 2", "line 1: its array is not closed"],
      ["const RANGE_ELF: &[u8] = &[1, 2,", "line 1: its array is not closed"],
      ["const RANGE_ELF: &[u8] = &[1]", "its value must end with a semicolon"],
      ["const RANGE_ELF: &[u8] = &[1].as_slice();", "its value must end with a semicolon"],
      ["const RANGE_ELF: &[u8; 3] = &[1, 2];", "has 2 values, its type says 3"],
      ["const RANGE_ELF: &[u16] = &[1];", "its type must be an array or slice of u8"],
      ['const RANGE_ELF: &str = "a";', "its type must be an array or slice of u8"],
      ["const RANGE_ELF: &[u8; N] = &[1];", "its length is no number"],
      ["const RANGE_ELF: &[u8];", "has no value"],
      ["const RANGE_ID: [u32; 8] = [1, 2, 3];", "has 3 values, its type says 8"],
      ["const RANGE_ID: &[u32] = &[1, 2, 3];", "must be 8 values"],
      ["const RANGE_ID: [u32; 8] = [1, 2, 3, 4, 5, 6, 7, 8, 9];", "must be 8 values"],
      ["const RANGE_ID: [u32; 8] = [4294967296];", "value 0 is over 4294967295"],
      ['const RANGE_ID: [u32; 8] = b"12345678";', "must be an array"],
      ["\n/* /* */\nconst RANGE_ELF: &[u8] = &[1];", "line 2: a comment is not closed"],
      ['const A: &str = "const RANGE_ELF', "line 1: a text is not closed"],
    ];
    for (const [text, reason] of cases) expect(refused(text)).toContain(reason);
  });

  test("is not quoted", () => {
    const reason = refused(`${id}const RANGE_ELF: &[u8] = &[1, secret_word, 99];`);
    expect(reason).toBe(
      "its methods.rs is refused: RANGE_ELF in line 1: value 1 is no number",
    );
  });

  test("costs one pass, whatever it is", () => {
    expect(() => parseMethods(Buffer.alloc(32 << 20, "["), names)).toThrow("declares no constant");
    const size = 4 << 20;
    for (const piece of ["/*", "'", "'\\", "r#", '"\\', "1_", "é", "const RANGE_ELF ", "/"]) {
      const bytes = Buffer.alloc(size, piece);
      expect(() => parseMethods(bytes, names)).toThrow("its methods.rs is refused");
    }
    const digits = Buffer.alloc(size, "0");
    digits.write("const RANGE_ELF: &[u8] = &[");
    expect(() => parseMethods(digits, names)).toThrow("its array is not closed");
    digits.fill("9", 64);
    expect(() => parseMethods(digits, names)).toThrow("value 0 is over 255");
    const open = Buffer.alloc(size, "0,");
    open.write("const RANGE_ELF: &[u8] = & [");
    expect(() => parseMethods(open, names)).toThrow("its array is not closed");
  }, 60_000);

  test("is refused as a program error, whatever its bytes", () => {
    const tokens = fc.array(
      fc.constantFrom(
        ...'const |static |RANGE_ELF|RANGE_ID|:|&|[u8]|[u32; 8]|=|&[1,2]|[|]|;|,|\'|"|b"|r#"|#|/*|*/|//|\n|\\|255|0x'
          .split("|"),
      ),
      { maxLength: 40 },
    ).map((given) => new TextEncoder().encode(given.join("")));
    fc.assert(
      fc.property(fc.oneof(tokens, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        try {
          const { imageId } = parseMethods(bytes, names);
          expect(imageId).toHaveLength(32);
        } catch (error) {
          expect(error).toBeInstanceOf(ProgramError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
