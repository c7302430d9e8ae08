import type { Readable, Writable } from "node:stream";
import type { Carrier, Frame } from "../src/channel.ts";
import { encodeFrame, FrameError, FrameReader } from "./frames.ts";

/**
 * Carries a duplex over a pair of byte streams, such as a child's pipes.
 *
 * @example
 * const duplex = carried(overPipe(child.stdout, child.stdin, 1 << 20), 16, schema.parse);
 *
 * @param maxBytes longest frame taken from the other side
 */
export function overPipe(input: Readable, output: Writable, maxBytes: number): Carrier {
  return {
    post(frame) {
      if (output.writable) output.write(encodeFrame(frame));
    },
    listen(onFrame, onClose) {
      const reader = new FrameReader(maxBytes);
      input.on("data", (chunk: Uint8Array) => {
        try {
          for (const frame of reader.push(chunk)) onFrame(asFrame(frame));
        } catch (error) {
          onClose(error);
        }
      });
      input.on("end", () => onClose());
      input.on("error", onClose);
      output.on("error", onClose);
    },
    close() {
      output.end();
      // A standard input that is still read would keep a child from ending.
      input.destroy();
    },
  };
}

function asFrame(value: unknown): Frame {
  const frame = value as Frame | null;
  const credit = frame?.k === "credit" && Number.isSafeInteger(frame.n) && frame.n >= 0;
  const end = frame?.k === "end" && (frame.error === undefined || typeof frame.error === "string");
  if (frame?.k === "value" || credit || end) return frame as Frame;
  throw new FrameError("not a channel's frame");
}
