/** A caged module that does what ours never do. */
import { writeSync } from "node:fs";
import process from "node:process";
import { serveCalls } from "../child.ts";
import { encodeFrame } from "../frames.ts";

const ways: Record<string, () => unknown> = {
  good: () => "fine",
  garbage: () => writeSync(1, new Uint8Array([5, 0, 0, 0, 1, 0, 0, 0, 0x7b])),
  huge: () => "x".repeat(2000),
  unasked: () => writeSync(1, concat(encodeFrame({ k: "done" }), encodeFrame({ k: "done" }))),
  unknown: () => writeSync(1, encodeFrame({ k: "hello" })),
  exit: () => process.exit(3),
};

serveCalls(() => ({ call: (method) => ways[method]?.() }));

function concat(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}
