import { expect, test } from "bun:test";
import { OperatorCache } from "./operators.ts";

const account = "0x00000000000000000000000000000000000000aa";

function cache() {
  const state = { now: 0, asked: 0, answer: true as boolean | Error };
  const operators = new OperatorCache(() => {
    state.asked++;
    return state.answer instanceof Error
      ? Promise.reject(state.answer)
      : Promise.resolve(state.answer);
  }, () => state.now);
  return { state, operators };
}

test("an answer is fresh for ten seconds", async () => {
  const { state, operators } = cache();
  expect(await operators.get(1n, account)).toBe(true);
  state.answer = false;
  state.now = 9_999;
  expect(await operators.get(1n, account)).toBe(true);
  expect(await operators.get(2n, account)).toBe(false);
  state.now = 10_000;
  expect(await operators.get(1n, account)).toBe(false);
  expect(state.asked).toBe(3);
});

test("many that ask at once ask once", async () => {
  const { state, operators } = cache();
  await Promise.all(Array.from({ length: 9 }, () => operators.get(1n, account)));
  expect(state.asked).toBe(1);
});

test("an old answer bridges an outage, for five minutes", async () => {
  const { state, operators } = cache();
  await operators.get(1n, account);
  state.answer = new Error("down");
  state.now = 299_999;
  expect(await operators.get(1n, account)).toBe(true);
  await expect(operators.get(2n, account)).rejects.toThrow("down");
  state.now = 300_000;
  await expect(operators.get(1n, account)).rejects.toThrow("down");
});

test("what was forgotten is asked again", async () => {
  const { state, operators } = cache();
  await operators.get(1n, account);
  operators.clear();
  state.answer = false;
  expect(await operators.get(1n, account)).toBe(false);
});
