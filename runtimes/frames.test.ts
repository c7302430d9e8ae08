import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { encodeFrame, FrameError, FrameReader } from "./frames.ts";

const leaf = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.bigInt(),
  fc.uint8Array(),
);
const key = fc.string().filter((k) => !["$bytes", "$bigint", "__proto__"].includes(k));
const value = fc.oneof(leaf, fc.array(leaf), fc.dictionary(key, leaf, { noNullPrototype: true }));

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

describe("frames", () => {
  test("come out as they went in, however the stream is cut", () => {
    fc.assert(fc.property(fc.array(value), fc.array(fc.nat(20)), (values, cuts) => {
      const stream = concat(values.map(encodeFrame));
      const reader = new FrameReader(1 << 20), read: unknown[] = [];
      for (let at = 0, i = 0; at < stream.length; i++) {
        const end = at + 1 + (cuts[i % cuts.length] ?? stream.length);
        read.push(...reader.push(Buffer.from(stream.subarray(at, end))));
        at = end;
      }
      expect(read).toEqual(values);
    }));
  });

  test("hold their own copy of the bytes", () => {
    const chunk = Buffer.from(encodeFrame(new Uint8Array([1, 2, 3])));
    const [bytes] = [...new FrameReader(100).push(chunk)] as [Uint8Array];
    chunk.fill(0);
    expect(bytes).toEqual(new Uint8Array([1, 2, 3]));
    expect(bytes.constructor).toBe(Uint8Array);
  });

  test("above the limit are refused before they are read", () => {
    const reader = new FrameReader(100);
    expect([...reader.push(encodeFrame("x".repeat(80)))]).toHaveLength(1);
    expect(() => [...reader.push(new Uint8Array([101, 0, 0, 0]))]).toThrow(FrameError);
  });

  test("that are cut off inside, or no JSON, or short of a part are refused", () => {
    const frame = encodeFrame({ a: new Uint8Array(3) });
    const broken = [
      (f: Uint8Array) => f.fill(0xff, 4, 8),
      (f: Uint8Array) => f.fill(0x20, 8, 12),
      (f: Uint8Array) => f.fill(0xff, f.length - 7, f.length - 3),
      (f: Uint8Array) => f.set(new TextEncoder().encode("7"), f.indexOf(0x30)),
    ];
    for (const spoil of broken) {
      const copy = frame.slice();
      spoil(copy);
      expect(() => [...new FrameReader(1000).push(copy)]).toThrow(FrameError);
    }
  });

  test("that are random bytes never do worse than fail", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (noise) => {
      try {
        for (const _ of new FrameReader(64).push(noise));
      } catch (error) {
        if (!(error instanceof FrameError)) throw error;
      }
    }));
  });

  test("can't carry objects that look like their own encoding", () => {
    for (const lookalike of [{ $bytes: 0 }, { $bigint: "1" }]) {
      expect(() => encodeFrame({ lookalike })).toThrow(TypeError);
    }
  });
});
