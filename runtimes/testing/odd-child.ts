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
  passing: async () => {
    const much = filled();
    await new Promise((resolve) => setTimeout(resolve, 500));
    // Given back at once, whenever garbage is collected.
    much.transfer(0);
    return process.pid;
  },
  lasting: () => (kept.push(filled()), process.pid),
};

/** What stays until the process ends. */
const kept: ArrayBuffer[] = [];

/** 750 MiB that are resident. */
function filled(): ArrayBuffer {
  const bytes = new Uint8Array(750 * 1024 * 1024).fill(1);
  return bytes.buffer;
}

serveCalls(() => ({ call: (method) => ways[method]?.() }));

function concat(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}
