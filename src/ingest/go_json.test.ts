import { describe, expect, test } from "bun:test";
import { parseGoJson } from "./go_json.ts";
import { parseMessage, parseMessages, RequestError } from "./message.ts";

const problem = (text: string, parse: (text: string) => unknown = parseMessage) => {
  try {
    parse(text);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error(`${text} was taken`);
};
const required = (...fields: string[]) =>
  fields.map((field) =>
    `Key: 'HandleMessageReq.${field}' Error:Field validation for '${field}' failed on the 'required' tag`
  ).join("\n");
const field = "Go struct field HandleMessageReq";

describe("errors have the original's words", () => {
  test.each([
    ["", "EOF"],
    [" \n\t ", "EOF"],
    ["{", "unexpected EOF"],
    [`{"projectID":1,"data":"x`, "unexpected EOF"],
    [`{"projectID":1,`, "unexpected EOF"],
    ["nul", "unexpected EOF"],
    ["{}", required("ProjectID", "ProjectVersion", "Data")],
    ["null", required("ProjectID", "ProjectVersion", "Data")],
    [`{"projectID":1,"projectVersion":"0.1"}`, required("Data")],
    [`{"projectID":0,"projectVersion":"","data":"x"}`, required("ProjectID", "ProjectVersion")],
    [
      `{"projectID":null,"projectVersion":null,"data":""}`,
      required("ProjectID", "ProjectVersion", "Data"),
    ],
    [
      `{"projectID":"1","projectVersion":"v","data":"x"}`,
      `json: cannot unmarshal string into ${field}.projectID of type uint64`,
    ],
    [
      `{"projectID":-1,"projectVersion":"v","data":"x"}`,
      `json: cannot unmarshal number -1 into ${field}.projectID of type uint64`,
    ],
    [
      `{"projectID":1.50,"projectVersion":"v","data":"x"}`,
      `json: cannot unmarshal number 1.50 into ${field}.projectID of type uint64`,
    ],
    [
      `{"projectID":18446744073709551616,"projectVersion":"v","data":"x"}`,
      `json: cannot unmarshal number 18446744073709551616 into ${field}.projectID of type uint64`,
    ],
    [
      `{"projectID":true,"projectVersion":"v","data":"x"}`,
      `json: cannot unmarshal bool into ${field}.projectID of type uint64`,
    ],
    [
      `{"projectID":1,"projectVersion":0.1,"data":"x"}`,
      `json: cannot unmarshal number into ${field}.projectVersion of type string`,
    ],
    [
      `{"projectID":1,"projectVersion":"v","data":{"a":1}}`,
      `json: cannot unmarshal object into ${field}.data of type string`,
    ],
    [
      `{"data":[],"projectID":"x"}`,
      `json: cannot unmarshal array into ${field}.data of type string`,
    ],
    ["[]", "json: cannot unmarshal array into Go value of type apitypes.HandleMessageReq"],
    [`"x"`, "json: cannot unmarshal string into Go value of type apitypes.HandleMessageReq"],
    ["7", "json: cannot unmarshal number into Go value of type apitypes.HandleMessageReq"],
    ["x", "invalid character 'x' looking for beginning of value"],
    ["é", "invalid character 'Ã' looking for beginning of value"],
    ["'a'", `invalid character '\\'' looking for beginning of value`],
    ["{a:1}", "invalid character 'a' looking for beginning of object key string"],
    [`{"a" 1}`, "invalid character '1' after object key"],
    [`{"a":1 "b"}`, `invalid character '"' after object key:value pair`],
    [`{"a":1,}`, "invalid character '}' looking for beginning of object key string"],
    [`{"a":[1 2]}`, "invalid character '2' after array element"],
    [`{"a":"\n"}`, "invalid character '\\n' in string literal"],
    [`{"a":"\u0001"}`, "invalid character '\\x01' in string literal"],
    [`{"a":"\\x"}`, "invalid character 'x' in string escape code"],
    [`{"a":"\\u12g4"}`, "invalid character 'g' in \\u hexadecimal character escape"],
    [`{"a":-x}`, "invalid character 'x' in numeric literal"],
    [`{"a":1.x}`, "invalid character 'x' after decimal point in numeric literal"],
    [`{"a":1ex}`, "invalid character 'x' in exponent of numeric literal"],
    [`{"a":01}`, "invalid character '1' after object key:value pair"],
    [`{"a":trxe}`, "invalid character 'x' in literal true (expecting 'u')"],
    [`{"a":`.repeat(100_000), "exceeded max depth"],
  ])("%p", (text, error) => expect(problem(text)).toBe(error));

  test("a batch must be an array", () => {
    const parse = (text: string) => parseMessages(text, 2);
    expect(problem("{}", parse)).toBe("the body must be a JSON array of messages");
    expect(problem("[{},{},{}]", parse)).toBe("the array must have at most 2 messages");
    expect(problem("[", parse)).toBe("unexpected EOF");
  });
});

describe("a message", () => {
  const good = { projectId: 1n, version: "0.1", data: "x", signature: undefined };

  test.each([
    `{"projectID":1,"projectVersion":"0.1","data":"x"}`,
    `{"ProjectID":1,"ProjectVersion":"0.1","Data":"x"}`,
    `{"PROJECTID":1,"projectversion":"0.1","dAtA":"x"}`,
    ` {"projectID":1,"projectVersion":"0.1","data":"x","more":{"a":[1,2,{"b":null}]}} `,
    `{"projectID":1,"projectVersion":"0.1","data":"x"} trailing \u0000 bytes`,
    `{"projectID":1,"projectVersion":"0.1","data":"x"}{"projectID":2}`,
    `{"projectID":1,"projectVersion":"0.1","data":"x","signature":""}`,
    `{"projectID":1,"projectVersion":"0.1","data":"x","signature":null}`,
    `{"\\u0070rojectID":1,"projectVersion":"0.1","data":"x"}`,
    `{"__proto__":{"data":"y"},"projectID":1,"projectVersion":"0.1","data":"x"}`,
  ])("%p", (text) => expect(parseMessage(text)).toEqual(good));

  test("of a project beyond 2^53 keeps its number", () => {
    for (const id of ["9007199254740993", "9223372036854775807", "18446744073709551615"]) {
      const text = `{"projectID":${id},"projectVersion":"0.1","data":"x"}`;
      expect(parseMessage(text).projectId).toBe(BigInt(id));
      expect(parseMessages(`[${text}]`, 1)[0]).toMatchObject({ projectId: BigInt(id) });
    }
  });

  test("of a batch is wrong alone", () => {
    const items = parseMessages(`[{"projectID":1,"projectVersion":"0.1","data":"x"},{},7]`, 3);
    expect(items[0]).toEqual(good);
    expect((items[1] as RequestError).message).toBe(
      required("ProjectID", "ProjectVersion", "Data"),
    );
    expect((items[2] as RequestError).message).toContain("cannot unmarshal number");
  });

  test("a lone surrogate becomes U+FFFD, as in Go", () => {
    const text = `{"projectID":9007199254740993,"projectVersion":"0.1","data":"a\\ud800b"}`;
    expect(parseMessage(text).data).toBe("a\ufffdb");
  });
});

test("agrees with JSON.parse on what both take", () => {
  const values = [
    { a: [1, -2.5, 1e21, true, false, null, 'é\u{1f600}\n"\\/\u2028'], b: { "": {} }, c: [] },
    "x".repeat(1000),
    [[[[[]]]], 0],
  ];
  type Json = ReturnType<typeof parseGoJson>;
  const back = (json: Json): unknown => {
    if (json.type === "object") {
      return Object.fromEntries(json.entries.map(([k, v]) => [k, back(v)]));
    }
    if (json.type === "array") return json.items.map(back);
    if (json.type === "number") return Number(json.text);
    if (json.type === "string") return json.value;
    return json.type === "null" ? null : undefined;
  };
  const forget = (value: unknown) =>
    JSON.parse(JSON.stringify(value), (_, v) => typeof v === "boolean" ? undefined : v);
  for (const value of values) {
    for (const text of [JSON.stringify(value), JSON.stringify(value, null, 2)]) {
      expect(JSON.stringify(forget(back(parseGoJson(text))))).toBe(JSON.stringify(forget(value)));
    }
  }
});
