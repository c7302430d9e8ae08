import { describe, expect, test } from "bun:test";
import { ProgramError } from "../runtime.ts";
import { parseParam } from "./param.ts";

const defaults = {
  names: undefined,
  input: "bytes",
  binding: "data",
  receiptType: "Stark",
  receipt: "composite",
  kernel: undefined,
} as const;

const original = '{"image_id":"RANGE_ID", "elf":"RANGE_ELF"}';

describe("codeExpParam", () => {
  test("may be left out, or say nothing of use", () => {
    for (const text of ["", " \n", "{}", '{"unknown":[1],"Input":"json"}']) {
      expect(parseParam(text)).toEqual(defaults);
    }
  });

  test("of an original file names two constants, and means its conventions", () => {
    const names = { elf: "RANGE_ELF", imageId: "RANGE_ID" };
    expect(parseParam(original)).toEqual({ ...defaults, names, input: "json", binding: "none" });
    const bytes = original.replace("}", ',"input":"bytes"}');
    expect(parseParam(bytes)).toEqual({ ...defaults, names, binding: "none" });
    const bound = original.replace("}", ',"input":"bytes","binding":"data"}');
    expect(parseParam(bound)).toEqual({ ...defaults, names });
  });

  test("says how a program is run and proven", () => {
    expect(parseParam('{"input":"json"}')).toEqual({ ...defaults, input: "json", binding: "none" });
    expect(parseParam('{"binding":"none"}')).toEqual({ ...defaults, binding: "none" });
    expect(parseParam('{"receipt_type":"Snark","receipt":"succinct","kernel":"sprout"}')).toEqual({
      ...defaults,
      receiptType: "Snark",
      receipt: "succinct",
      kernel: "sprout",
    });
  });

  test("is refused with a reason", () => {
    const cases: [string, string][] = [
      ["RANGE_ID", "must be JSON"],
      ['{"elf":', "must be JSON"],
      ["[]", "must be a JSON object"],
      ["null", "must be a JSON object"],
      ['"text"', "must be a JSON object"],
      ['{"elf":"RANGE_ELF"}', "must name both elf and image_id, names only elf"],
      ['{"image_id":"RANGE_ID"}', "must name both elf and image_id, names only image_id"],
      ['{"image_id":"A","elf":"A"}', "must name two constants"],
      ['{"image_id":"A","elf":"B-C"}', "elf: must be the name of a constant"],
      ['{"image_id":7,"elf":"B"}', "image_id: must be the name of a constant"],
      [`{"image_id":"A","elf":"${"B".repeat(257)}"}`, "elf: must be the name of a constant"],
      ['{"input":"text"}', 'input: must be "bytes" or "json"'],
      ['{"binding":"tag"}', 'binding: must be "data" or "none"'],
      ['{"receipt_type":"stark"}', 'receipt_type: must be "Stark" or "Snark"'],
      ['{"receipt":"groth16"}', 'receipt: must be "composite" or "succinct"'],
      ['{"kernel":"other"}', 'kernel: must be "v1compat" or "sprout"'],
      ['{"input":"json","binding":"data"}', 'binding "data" with input "json"'],
      [original.replace("}", ',"binding":"data"}'), 'binding "data" with input "json"'],
    ];
    for (const [text, reason] of cases) {
      const refused = () => parseParam(text);
      expect(refused).toThrow(ProgramError);
      expect(refused).toThrow(reason);
      expect(refused).toThrow(/^its codeExpParam /);
    }
  });
});
