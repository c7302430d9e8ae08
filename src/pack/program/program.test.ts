import { afterAll, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { random } from "../../../tests/e2e/random.ts";
import type { Message } from "../../da/da.ts";
import { decodeAnswer, encodeInput, type Grouping } from "./abi.ts";
import { PackerFailure, Packers } from "./index.ts";
import { babbling, growing, handMade, looping, packer, recursing, trapping } from "./testing.ts";

const packers = new Packers({ fuel: 2_000_000n, memory: 4 << 20 });
afterAll(() => packers.close());

const never = new AbortController().signal;
const encoder = new TextEncoder();
const message = (clientId: string, data: string): Message => ({
  id: "01930000-0000-7000-8000-000000000001",
  projectId: 1n,
  version: "0.1",
  clientId,
  data: encoder.encode(data),
  salt: new Uint8Array(32),
  receivedAt: 1_800_000_000_000,
});
const some = [message("a", "1"), message("b", "2"), message("a", "1"), message("a", "3")];
const ask = (program: ReturnType<typeof packer>, messages: readonly Message[] = some) =>
  packers.run(program, { messages, now: 1_800_000_001_000, perTask: 100, items: 16 }, never);
const texts = (groups: readonly Grouping[]) =>
  groups.map(({ messages, input }) => [
    messages,
    input?.map((item) => new TextDecoder().decode(item)),
  ]);

describe("the sample packer", async () => {
  const path = join(import.meta.dirname, "../../../wasm/dist/guests/packer_device.wasm");
  const sample = packer(new Uint8Array(await readFile(path)));

  test("makes a task a device, and gives the program each reading once", async () => {
    expect(texts(await ask(sample))).toEqual([[[0, 2, 3], ["1", "3"]], [[1], ["2"]]]);
    expect(texts(await ask(sample, [message("", "é")]))).toEqual([[[0], ["é"]]]);
  });

  test("begins another task when the program could not read more", async () => {
    const many = Array.from({ length: 40 }, (_, i) => message("a", `${i % 20}`));
    const groups = texts(await ask(sample, many));
    expect(groups.map(([messages]) => (messages as number[]).length)).toEqual([16, 16, 8]);
    expect(groups[2]).toEqual([
      [32, 33, 34, 35, 36, 37, 38, 39],
      ["12", "13", "14", "15", "16", "17", "18", "19"],
    ]);
  });
});

describe("a packer", () => {
  test("may leave all messages as they are", async () => {
    expect(await ask(handMade())).toEqual([]);
  });

  test.each([
    ["that traps", trapping, "trapped"],
    ["that never ends", looping, "ran too long"],
    ["that only grows its memory", growing, "ran too long"],
    ["that calls itself for ever", recursing, "trapped"],
    ["that gives its own input as answer", babbling, "there is no message"],
    ["whose room for the input is outside", handMade({ alloc: [0x41, 0x7f] }), "outside"],
    ["whose answer is outside", handMade({ pack: [0x42, 0x80, 0x80, 0x80, 0x01] }), "outside"],
    ["whose answer is too long", handMade({ pack: [0x42, 0x7f] }), "at most"],
    ["whose answer is too short", handMade({ pack: [0x42, 3] }), "ends too early"],
    ["with more memory than is given", handMade({ pages: 100 }), "does not start"],
    ["without memory", handMade({ memory: "other" }), "exports no memory"],
    ["that imports", handMade({ imports: [1, 1, 0x65, 1, 0x66, 0, 0] }), "imports e.f"],
    ["that is no module", packer(Uint8Array.of(1, 2, 3)), "is no module"],
  ])("%s fails, and says so", async (_, program, reason) => {
    const failure = await ask(program).catch((error) => error);
    expect(failure).toBeInstanceOf(PackerFailure);
    expect(failure.message).toContain("the project's packer: ");
    expect(failure.message).toContain(reason);
  });
});

describe("an answer", () => {
  const bounds = { messages: 4, perTask: 3, items: 2 };
  const answer = (...words: number[]) => {
    const bytes = new Uint8Array(4 * words.length);
    const view = new DataView(bytes.buffer);
    words.forEach((value, i) => view.setUint32(4 * i, value, true));
    return bytes;
  };
  const same = 0xffff_ffff;

  test("is read as it is meant", () => {
    expect(decodeAnswer(answer(2, 1, 3, same, 2, 0, 1, 1, 4, 7), bounds)).toEqual([
      { messages: [3], input: undefined },
      { messages: [0, 1], input: [Uint8Array.of(7, 0, 0, 0)] },
    ]);
  });

  test.each([
    ["a message twice", answer(1, 2, 0, 0, same)],
    ["a message in two groups", answer(2, 1, 0, same, 1, 0, same)],
    ["a message that is not there", answer(1, 1, 4, same)],
    ["an empty group", answer(1, 0, same)],
    ["a group that is too large", answer(1, 4, 0, 1, 2, 3, 0)],
    ["more messages than the program reads", answer(1, 3, 0, 1, 2, same)],
    ["no items", answer(1, 1, 0, 0)],
    ["more items than the program reads", answer(1, 1, 0, 3, 0, 0, 0)],
    ["an item that ends outside", answer(1, 1, 0, 1, 5, 0)],
    ["more groups than messages", answer(5)],
    ["something after its end", answer(0, 0)],
    ["nothing", answer()],
  ])("with %s is nonsense", (_, bytes) => {
    expect(() => decodeAnswer(bytes, bounds)).toThrow();
  });

  test("of random bytes never names a message twice, nor one that is not there", () => {
    const next = random(7);
    let read = 0;
    for (let run = 0; run < 20_000; run++) {
      const words = Array.from({ length: Math.floor(next() * 10) }, () => {
        return next() < 0.1 ? same : Math.floor(next() * 4);
      });
      let groups: Grouping[];
      try {
        groups = decodeAnswer(answer(...words), bounds);
      } catch (error) {
        expect((error as Error).constructor).toBe(Error);
        continue;
      }
      read++;
      const all = groups.flatMap(({ messages }) => messages);
      expect(new Set(all).size).toBe(all.length);
      expect(all.every((i) => i < 4)).toBe(true);
    }
    expect(read).toBeGreaterThan(100);
  });
});

test("what a packer gets is as the layout says", () => {
  const bytes = encodeInput([message("é", "12")], 5);
  const view = new DataView(bytes.buffer);
  expect([view.getUint32(0, true), view.getUint32(4, true)]).toEqual([1, 1]);
  expect([view.getBigUint64(8, true), view.getBigUint64(16, true)]).toEqual([
    5n,
    1_800_000_000_000n,
  ]);
  expect([...bytes.subarray(24)]).toEqual([2, 0, 0, 0, 0xc3, 0xa9, 2, 0, 0, 0, 0x31, 0x32]);
});
