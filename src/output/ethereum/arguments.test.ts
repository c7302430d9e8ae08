import { describe, expect, test } from "bun:test";
import {
  type AbiFunction,
  bytesToHex,
  concat,
  decodeAbiParameters,
  decodeFunctionData,
  type Hex,
  parseAbiItem,
  sha256,
  stringToHex,
} from "viem";
import { type ArgumentSource, encodeCall, findMethod } from "./arguments.ts";
import { atPath, parseJson, textOf } from "./json.ts";

const receiver = "0x00000000000000000000000000000000DeaDBeef";
const text = (s: string) => new TextEncoder().encode(s);

function encode(signature: string, message?: unknown, source: Partial<ArgumentSource> = {}) {
  const method = parseAbiItem(signature) as AbiFunction;
  const data = encodeCall(method, {
    projectId: 10_000n,
    proof: text("proof bytes"),
    publicValues: text("public values"),
    receiver,
    firstMessage: message === undefined
      ? undefined
      : text(typeof message === "string" ? message : JSON.stringify(message)),
    ...source,
  });
  return decodeFunctionData({ abi: [method], data }).args as unknown[];
}

describe("arguments by the names of the ABI", () => {
  test("proof, projectId and receiver come from the task, with or without underscore", () => {
    const proof = stringToHex("proof bytes");
    expect(encode("function f(bytes proof, uint256 projectId, address receiver)"))
      .toEqual([proof, 10_000n, receiver]);
    expect(encode("function f(bytes _proof, uint64 _projectId, address _receiver)"))
      .toEqual([proof, 10_000n, receiver]);
    const values = stringToHex("public values");
    expect(encode("function f(bytes publicValues, bytes _publicValues)")).toEqual([values, values]);
  });

  test("a message can't stand in for what comes from the task", () => {
    const publicValues = "0x00";
    const message = { proof: "0x00", publicValues, projectId: 1, receiver: "0x".padEnd(42, "1") };
    expect(encode("function f(bytes proof, uint256 projectId, address receiver)", message))
      .toEqual([stringToHex("proof bytes"), 10_000n, receiver]);
    expect(encode("function f(bytes publicValues)", message))
      .toEqual([stringToHex("public values")]);
  });

  test("missing ones are told in the original's words", () => {
    const none = { receiver: undefined };
    expect(() => encode("function f(address _receiver)", {}, none))
      .toThrow("miss param _receiver for contract abi");
    for (const message of [undefined, {}, { x: "" }, { x: null }, "no json", "[1", ""]) {
      expect(() => encode("function f(uint256 x)", message))
        .toThrow("miss param x for contract abi");
    }
    expect(() => encode("function f(uint256 constructor)", {}))
      .toThrow("miss param constructor for contract abi");
    expect(() => encode("function f(uint256 __proto__)", {}))
      .toThrow("miss param __proto__ for contract abi");
  });

  test("integers: 0x is hex, digits are decimal, bare hex with letters is hex", () => {
    const values: [unknown, bigint][] = [
      ["0x10", 16n],
      ["10", 10n],
      ["ff", 255n],
      ["1f", 31n],
      [10, 10n],
      ["0", 0n],
      ["1e3", 0x1e3n],
      [21.0, 21n],
      [1e21, 10n ** 21n],
      [" 7 ", 7n],
      ["0x" + "f".repeat(64), 2n ** 256n - 1n],
    ];
    for (const [value, expected] of values) {
      expect(encode("function f(uint256 x)", { x: value })).toEqual([expected]);
    }
    expect(encode("function f(int256 x)", '{"x": -1.250e2}')).toEqual([-125n]);
    expect(() => encode("function f(int256 x)", '{"x": 1.25e1}')).toThrow("x is no int256");
    // As a JSON number it is more than a double holds.
    expect(encode("function f(uint256 x)", '{"x": 123456789012345678901234567890}'))
      .toEqual([123456789012345678901234567890n]);
    expect(encode("function f(int16 x, int8 y, int256 z)", { x: -32768, y: "-0x80", z: -1 }))
      .toEqual([-32768, -128, -1n]);
  });

  test("integers that do not fit are refused, and not shown", () => {
    const bad: [string, unknown][] = [
      ["uint8", 256],
      ["uint256", -1],
      ["int8", 128],
      ["int16", "-32769"],
      ["uint256", "0x1" + "0".repeat(64)],
      ["uint256", 1.5],
      ["uint256", "1e+3"],
      ["uint256", "1.0"],
      ["uint256", "0x"],
      ["uint256", "12 34"],
      ["uint256", "secret"],
      ["uint256", true],
      ["uint256", { n: 1 }],
      ["uint256", [4242]],
    ];
    for (const [type, value] of bad) {
      const call = () => encode(`function f(${type} x)`, { x: value });
      expect(call).toThrow(new RegExp(`^contract ABI pack failed: x is no ${type}: `));
      expect(call).not.toThrow("4242");
      expect(call).not.toThrow("secret");
    }
  });

  test("addresses in any case, with or without 0x", () => {
    const hex = "00000000000000000000000000000000deadbeef";
    for (const x of [`0x${hex}`, hex, `0x${hex.toUpperCase()}`, receiver]) {
      expect(encode("function f(address x)", { x })).toEqual([receiver]);
    }
    expect(() => encode("function f(address x)", { x: "0x1234" })).toThrow("x is no address");
  });

  test("bool, string, bytes and bytesN", () => {
    expect(encode("function f(bool a, bool b, bool c)", { a: true, b: "false", c: 1 }))
      .toEqual([true, false, true]);
    expect(encode("function f(string s, string o)", { s: "ä\n", o: { k: [1, 2.50] } }))
      .toEqual(["ä\n", '{"k":[1,2.5]}']);
    expect(encode("function f(bytes a, bytes4 b)", { a: "0xABcd", b: "01020304" }))
      .toEqual(["0xabcd", "0x01020304"]);
    expect(() => encode("function f(bytes4 b)", { b: "0x010203" })).toThrow("it has 3 bytes");
    expect(() => encode("function f(bytes b)", { b: "0x123" })).toThrow("not whole bytes");
  });

  test("arrays and tuples, as JSON or as JSON text", () => {
    expect(encode("function f(uint256[] x, int8[2] y)", { x: ["0x10", 2], y: "[-1, 1]" }))
      .toEqual([[16n, 2n], [-1, 1]]);
    expect(encode("function f(uint8[][] x)", { x: [[1], [2, 3]] })).toEqual([[[1], [2, 3]]]);
    expect(encode("function f((uint8 a, (string b) c) t)", { t: { a: 1, c: { b: "x" } } }))
      .toEqual([{ a: 1, c: { b: "x" } }]);
    expect(encode("function f((uint8 a, bool b) t)", { t: [1, true] }))
      .toEqual([{ a: 1, b: true }]);
    expect(encode("function f((uint8, bool)[] t)", { t: [[1, true]] })).toEqual([[[1, true]]]);
    expect(() => encode("function f(int8[2] y)", { y: [1] })).toThrow("it has 1 elements");
    expect(() => encode("function f((uint8 a) t)", { t: {} })).toThrow("t.a is no uint8");
    expect(() => encode("function f(uint8[] x)", { x: [1, 300] })).toThrow("x[1] is no uint8");
  });

  test("dotted names reach into the message; a plain name comes first", () => {
    const method = { ...parseAbiItem("function f(uint8 x)") as AbiFunction };
    const named = (name: string, message: string) =>
      decodeFunctionData({
        abi: [method],
        data: encodeCall({ ...method, inputs: [{ name, type: "uint8" }] }, {
          projectId: 1n,
          proof: text(""),
          publicValues: text(""),
          receiver: undefined,
          firstMessage: text(message),
        }),
      }).args;
    expect(named("a.b", '{"a":{"b":1}}')).toEqual([1]);
    expect(named("a.b", '{"a":{"b":1},"a.b":2}')).toEqual([2]);
    expect(named("a.1.c", '{"a":[0,{"c":3}]}')).toEqual([3]);
    for (const name of ["a.#", "*", "a|b", "@this", "a.b.c", "a.-1"]) {
      expect(() => named(name, '{"a":[1,2]}')).toThrow("miss param");
    }
  });

  test("of equal names the first counts", () => {
    expect(encode("function f(uint8 x)", '{"x":1,"x":2}')).toEqual([1]);
  });
});

describe("data_snark", () => {
  const hexOf = (json: string) => text(stringToHex(json).slice(2));

  test("is the JSON text of the three parts", () => {
    const json = '{"Snark":{"snark":{ "a":[[1, 2]] },"post_state_digest":[1,2],"journal":"00ff"}}';
    for (const name of ["data_snark", "_data_snark"]) {
      const [packed] = encode(`function f(bytes ${name})`, undefined, { proof: hexOf(json) });
      const types = [{ type: "bytes" }, { type: "bytes" }, { type: "bytes" }] as const;
      expect(decodeAbiParameters(types, packed as Hex)).toEqual([
        stringToHex('{ "a":[[1, 2]] }'),
        stringToHex("[1,2]"),
        stringToHex("00ff"),
      ]);
    }
  });

  test("is seal, end state and journal of a Groth16 receipt", () => {
    const [proof, journal] = [new Uint8Array(260).fill(1), text("journal")];
    // risc0's tagged hash of a state: its tag, one zero digest, a zero pc, and the count of digests.
    const tag = sha256(stringToHex("risc0.SystemState"));
    const endState = sha256(concat([tag, `0x${"00".repeat(32)}`, "0x00000000", "0x0100"]));
    const [packed] = encode("function f(bytes data_snark)", undefined, { proof, journal });
    const types = [{ type: "bytes" }, { type: "bytes" }, { type: "bytes" }] as const;
    expect(decodeAbiParameters(types, packed as Hex)).toEqual([
      bytesToHex(proof),
      endState,
      bytesToHex(journal),
    ]);
  });

  test("says which part is missing", () => {
    const missing: [string, string][] = [
      ['{"Snark":{}}', "get Snark.snark failed"],
      ['{"Snark":{"snark":1}}', "get Snark.post_state_digest failed"],
      ['{"Snark":{"snark":1,"post_state_digest":[]}}', "get Snark.journal failed"],
      ['{"Stark":{}}', "get Snark.snark failed"],
    ];
    for (const [json, error] of missing) {
      expect(() => encode("function f(bytes data_snark)", {}, { proof: hexOf(json) }))
        .toThrow(error);
    }
    expect(() => encode("function f(bytes data_snark)", {}, { proof: text("not hex") }))
      .toThrow("failed to decode proof by hex format");
  });
});

describe("the method", () => {
  test("is looked up by name; overloads are numbered as go-ethereum does", () => {
    const abi = ["uint8", "bool", "string"].map((t) => parseAbiItem(`function f(${t} x)`));
    const typeOf = (name: string) => findMethod(abi, name).inputs[0]?.type;
    expect([typeOf("f"), typeOf("f0"), typeOf("f1")]).toEqual(["uint8", "bool", "string"]);
    expect(() => findMethod(abi, "f2")).toThrow("contract abi miss the contract method f2");
  });

  test("is never a constructor, fallback, receive, event or error", () => {
    const abi = [
      { type: "constructor", inputs: [] },
      { type: "fallback", stateMutability: "payable" },
      { type: "receive", stateMutability: "payable" },
      { type: "event", name: "e", inputs: [] },
      { type: "error", name: "x", inputs: [] },
    ];
    for (const name of ["constructor", "fallback", "receive", "e", "x", ""]) {
      expect(() => findMethod(abi, name)).toThrow("contract abi miss the contract method");
    }
  });
});

describe("the JSON reader", () => {
  test("agrees with JSON.parse, and keeps the source", () => {
    const source = ' { "a" : [ 1.0 , "x\\"}\\u00e9", { } , [ ] , null, true ] , "" : -1e5 } ';
    const json = parseJson(source);
    if (!json) throw new Error("not read");
    expect(JSON.parse(json.raw)).toEqual(JSON.parse(source));
    expect(textOf(atPath(json, "a.0") ?? json)).toBe("1.0");
    expect(textOf(atPath(json, "a.1") ?? json)).toBe('x"}é');
    expect(textOf(atPath(json, "a.4") ?? json)).toBe("");
    expect(atPath(json, "a.9")).toBeUndefined();
  });

  test("takes no nonsense and no bombs", () => {
    for (const bad of ["", "{", '{"a":}', "[1,]", "01", "nul", '"\\x"', "1 2"]) {
      expect(parseJson(bad)).toBeUndefined();
    }
    expect(parseJson("[".repeat(100) + "]".repeat(100))).toBeUndefined();
    expect(parseJson("[".repeat(200_000) + "]".repeat(200_000))).toBeUndefined();
  });
});
