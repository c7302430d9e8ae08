import { expect, test } from "bun:test";
import { type Refusal, refusalOf, refusalText } from "./errors.ts";

/** As Agave's JSON-RPC has them. */
test.each<[unknown, Refusal]>([
  ["InsufficientFundsForFee", "funds"],
  ["AccountNotFound", "funds"],
  [{ InsufficientFundsForRent: { account_index: 0 } }, "funds"],
  ["BlockhashNotFound", "passing"],
  ["AlreadyProcessed", "passing"],
  [{ ProgramExecutionTemporarilyRestricted: { account_index: 2 } }, "passing"],
  ["WouldExceedMaxBlockCostLimit", "passing"],
  ["ProgramAccountNotFound", "program"],
  [{ InstructionError: [3, "ComputationalBudgetExceeded"] }, "program"],
  [{ InstructionError: [3, { Custom: 6001 }] }, "program"],
  [{ DuplicateInstruction: 1 }, "program"],
])("a cluster's refusal %j is of kind %s", (err, kind) => {
  expect(refusalOf(err)).toBe(kind);
  expect(refusalText(err, [])).not.toBe("");
});
