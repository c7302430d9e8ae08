import { expect, test } from "bun:test";
import { BaseError, encodeErrorResult, type Hex, parseAbi } from "viem";
import { routerAbi } from "./abi/router.ts";
import { chainErrorText, explainRevert, revertData } from "./errors.ts";

const prover = "0x5FbDB2315678afecb367f032d93F642f64180aa3";

test("names our contracts' errors with their arguments", () => {
  const data = encodeErrorResult({
    abi: routerAbi,
    errorName: "ProverNotEligible",
    args: [prover],
  });
  expect(explainRevert(data)).toBe(`ProverNotEligible(${prover})`);
});

test("shows the reason that a receiver gave through the router", () => {
  const inner = encodeErrorResult({
    abi: parseAbi(["error Error(string)"]),
    errorName: "Error",
    args: ["not today"],
  });
  const data = encodeErrorResult({ abi: routerAbi, errorName: "ReceiverFailed", args: [inner] });
  expect(explainRevert(data)).toBe("ReceiverFailed(not today)");
});

test("finds errors of another ABI when given, and says so when it can't", () => {
  const abi = parseAbi(["error TooCold(int16 tenths)"]);
  const data = encodeErrorResult({ abi, errorName: "TooCold", args: [-15] });
  expect(explainRevert(data, abi)).toBe("TooCold(-15)");
  expect(explainRevert(data)).toBe(`reverted with ${data.slice(0, 10)}…`);
  expect(explainRevert("0x")).toBe("reverted without a reason");
  expect(explainRevert("0x08c379a0")).toStartWith("reverted with 0x08c379a0");
});

test("shows lists and structs among an error's arguments", () => {
  const abi = parseAbi([
    "struct Order { uint256 id; address[] owners; }",
    "error Bad(Order order, int8[2] pair, bytes data)",
  ]);
  const args = [{ id: 2n ** 64n, owners: [prover] }, [-1, 2], "0x1234"] as const;
  const data = encodeErrorResult({ abi, errorName: "Bad", args });
  expect(explainRevert(data, abi))
    .toBe(`Bad({id: 18446744073709551616, owners: [${prover}]}, [-1, 2], 0x1234)`);
});

test("a plain revert text is shown as it is", () => {
  const data: Hex = encodeErrorResult({
    abi: parseAbi(["error Error(string)"]),
    errorName: "Error",
    args: ["Project is already paused"],
  });
  expect(explainRevert(data)).toBe("Project is already paused");
});

test("finds revert data however deep the node wrapped it", () => {
  const wrapped = Object.assign(new Error("outer"), {
    cause: Object.assign(new Error("inner"), { data: { data: "0x1234" } }),
  });
  expect(revertData(wrapped)).toBe("0x1234");
  const parity = Object.assign(new Error("as Parity had it"), { data: "Reverted 0x1234" });
  expect(revertData(parity)).toBe("0x1234");
  expect(revertData(new Error("none"))).toBeUndefined();
  expect(revertData(undefined)).toBeUndefined();
});

test("an endpoint's URL never shows", () => {
  const error = new BaseError("Call to https://rpc.example/key123 failed", {
    details: "see http://rpc.example/key123.",
  });
  expect(chainErrorText(error)).not.toContain("key123");
  expect(chainErrorText(error)).toContain("<url>");
});
