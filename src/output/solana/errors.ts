import { printable } from "../printable.ts";

/** Refusals that pass: the payer gets funds, or the node catches up. */
const funds = new Set(["InsufficientFundsForFee", "AccountNotFound", "InsufficientFundsForRent"]);
const passing = new Set([
  "BlockhashNotFound",
  "ClusterMaintenance",
  "AccountInUse",
  "AlreadyProcessed",
  "CommitCancelled",
  "ProgramCacheHitMaxLimit",
  "ProgramExecutionTemporarilyRestricted",
  "ResanitizationNeeded",
  "WouldExceedAccountDataBlockLimit",
  "WouldExceedMaxAccountCostLimit",
  "WouldExceedMaxBlockCostLimit",
]);

/** What a refusal of the cluster means for what was to be sent. */
export type Refusal = "funds" | "passing" | "program";

/** @param err as RPCs tell it: text, or an object of one key */
export function refusalOf(err: unknown): Refusal {
  const name = typeof err === "string" ? err : Object.keys(err ?? {})[0] ?? "";
  return funds.has(name) ? "funds" : passing.has(name) ? "passing" : "program";
}

/** Lines of a program's log that are shown. */
const shownLines = 4;

/**
 * A refusal for people: the program's error, and the last that it logged. Programs' logs are public
 * on the chain.
 */
export function refusalText(err: unknown, logs: readonly string[] | null | undefined): string {
  const said = (logs ?? []).filter((line) => !/^Program \w+ (success|invoke|consumed)/.test(line))
    .slice(-shownLines).map(printable);
  const name = printable(errorName(err));
  return said.length > 0 ? `${name} (${said.join("; ")})` : name;
}

function errorName(err: unknown): string {
  if (typeof err === "string") return err;
  const instruction = (err as { InstructionError?: [number, unknown] } | null)?.InstructionError;
  const what = Array.isArray(instruction) ? instruction[1] : err;
  const custom = (what as { Custom?: unknown } | null)?.Custom;
  if (typeof custom === "number") return `custom program error 0x${custom.toString(16)}`;
  return typeof what === "string" ? what : JSON.stringify(what);
}
