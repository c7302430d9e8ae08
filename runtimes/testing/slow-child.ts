/** Reads values from a channel slowly, and answers each. */
import process from "node:process";
import { carried } from "../../src/channel.ts";
import { overPipe } from "../child-carrier.ts";

interface Value {
  readonly n: bigint;
  readonly bytes: Uint8Array;
}
const { sink, source } = carried<unknown, Value>(
  overPipe(process.stdin, process.stdout, 1 << 20),
  4,
  (value) => value as Value,
);
for await (const { n, bytes } of source) {
  await new Promise((resolve) => setTimeout(resolve, 20));
  await sink.send({ n, length: bytes.length });
}
sink.close();
