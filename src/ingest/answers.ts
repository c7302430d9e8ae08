/** Response bodies in the original's shapes. */
import type {
  AssignmentRecord,
  DeadOutput,
  StateEntry,
  StoredFault,
  TaskRecord,
} from "../da/da.ts";
import { faultOf } from "../protocol/index.ts";

const jsonType = { "content-type": "application/json; charset=utf-8" };
// Made once: a response copies `Headers` faster than it reads an object.
const jsonHeaders = new Headers(jsonType);

export function json(status: number, body: string, more?: Record<string, string>): Response {
  return new Response(body, { status, headers: more ? { ...jsonType, ...more } : jsonHeaders });
}

export const failure = (
  status: number,
  error: string,
  headers?: Record<string, string>,
): Response => json(status, JSON.stringify({ error }), headers);

/** The original's states; what else a task's log holds is the dispatcher's own. */
export const shownStates = new Set(["packed", "dispatched", "proved", "outputted", "failed"]);

const stateOf = ({ state, at, comment, result }: Omit<StateEntry, "by">) => ({
  state,
  time: new Date(at).toISOString(),
  comment,
  result,
});

/** @param waits what its next state waits for, if that is to be told */
export function messageStates(
  receivedAt: number,
  states: readonly StateEntry[],
  waits?: string,
): object[] {
  const received = { state: "received", at: receivedAt, comment: "", result: "" };
  return statesText([received, ...shownOf(states)], waits);
}

/** @param waits what its next state waits for, if that is to be told */
export const taskStates = (states: readonly StateEntry[], waits?: string): object[] =>
  statesText(shownOf(states), waits);

const shownOf = (states: readonly StateEntry[]) =>
  states.filter(({ state }) => shownStates.has(state));

/** The last one's comment ends with what is waited for. */
const statesText = (states: readonly Omit<StateEntry, "by">[], waits = ""): object[] =>
  states.map((entry, i) => {
    const comments = [entry.comment, i === states.length - 1 ? waits : ""];
    return stateOf({ ...entry, comment: comments.filter((text) => text !== "").join("; ") });
  });

/** A task with its assignments, as `assignmentsSchema` of the protocol reads it. */
export const assignmentsText = (
  { taskId, task, signature }: TaskRecord,
  assignments: readonly AssignmentRecord[],
): string =>
  JSON.stringify(
    { taskId, task, signature, assignments },
    (_, value) => typeof value === "bigint" ? `${value}` : value,
  );

const decimal = (_: string, value: unknown) => typeof value === "bigint" ? `${value}` : value;

/** A fault, as `storedFaultSchema` of the protocol reads it. */
export const faultText = ({ id, at, fault }: StoredFault): string =>
  JSON.stringify({ id, time: new Date(at).toISOString(), fault }, decimal);

/** Each as `faultSummarySchema` of the protocol reads it. */
export const faultsText = (faults: readonly StoredFault[]): string =>
  JSON.stringify({
    faults: faults.map(({ id, at, fault }) => {
      const { taskId, epoch, prover } = faultOf(fault);
      const time = new Date(at).toISOString();
      return { id, time, kind: fault.kind, prover, taskId, epoch };
    }),
  }, decimal);

/** Each as `deadOutputsSchema` reads it. */
export const deadOutputsText = (found: readonly DeadOutput[]): string =>
  JSON.stringify({
    outputs: found.map(({ id, at, projectId: projectID, taskId: taskHash, serial, ...rest }) => {
      const time = new Date(at).toISOString();
      return { id, time, projectID, taskID: serial, taskHash, ...rest };
    }),
  }, decimal);

/**
 * A number as Go's strconv.ParseUint(text, 10, 64) takes it.
 *
 * @throws {Error} with Go's text
 */
export function parseUint(text: string): bigint {
  const error = (what: string) => new Error(`strconv.ParseUint: parsing ${goQuote(text)}: ${what}`);
  if (!/^\d+$/.test(text)) throw error("invalid syntax");
  const value = BigInt(text);
  if (value >= 1n << 64n) throw error("value out of range");
  return value;
}

// As strconv.Quote does for what can be in a path; a longer text would only fill the log.
const goQuote = (text: string): string => JSON.stringify(text.slice(0, 100));
