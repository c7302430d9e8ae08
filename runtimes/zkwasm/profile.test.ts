import { describe, expect, test } from "bun:test";
import { paramOf, profileOf, type Proving, provingOfParam, provingOrNone } from "./profile.ts";

const none = new Uint8Array(0);

describe("codeExpParam", () => {
  test("says how a program is proven, and hides where it says nothing", () => {
    const of: [string, Proving][] = [
      ["", { profile: "zk" }],
      ["--k 13", { profile: "zk" }],
      ["{}", { profile: "zk" }],
      ['{"profile":"fast"}', { profile: "fast" }],
      ['{"profile":"wrap"}', { profile: "wrap", class: "small", key: none }],
      ['{"profile":"wrap","class":"tiny"}', { profile: "wrap", class: "tiny", key: none }],
      [
        '{"profile":"wrap","class":"medium","key":"DgEC"}',
        { profile: "wrap", class: "medium", key: Uint8Array.of(14, 1, 2) },
      ],
    ];
    for (const [param, proving] of of) expect(provingOfParam(param)).toEqual(proving);
  });

  test("is refused where it is not of this form, with the form", () => {
    const refused = [
      '{"profile":"slow"}',
      '{"profile":"wrap","class":"huge"}',
      '{"profile":"wrap","key":"not base64"}',
      `{"profile":"wrap","key":"${"A".repeat(20_000)}"}`,
      '{"profile":"zk","class":"small"}',
      '{"profile":"wrap","clas":"small"}',
      '{"profile"',
    ];
    for (const param of refused) {
      expect(() => provingOfParam(param)).toThrow(/codeExpParam must be like .*"wrap"/);
      expect(provingOrNone(param)).toBeUndefined();
    }
  });

  test("is written so that it says the same", () => {
    const all: Proving[] = [
      { profile: "fast" },
      { profile: "zk" },
      { profile: "wrap", class: "small", key: none },
      { profile: "wrap", class: "medium", key: Uint8Array.of(14, 1, 2) },
    ];
    for (const proving of all) expect(provingOfParam(paramOf(proving))).toEqual(proving);
  });
});

test("a wrapped proof is told from a STARK, whatever its second byte", () => {
  const wrapped = new Uint8Array(3904);
  for (let byte = 0; byte < 256; byte++) {
    wrapped[1] = byte;
    expect(profileOf(wrapped)).toBe("wrap");
  }
  const stark = new Uint8Array(100_000);
  for (const [number, profile] of [[1, "fast"], [2, "zk"], [4, undefined]] as const) {
    stark[1] = number;
    expect(profileOf(stark)).toBe(profile);
  }
});
