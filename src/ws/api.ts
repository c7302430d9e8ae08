import process from "node:process";
import type { Command } from "commander";
import { UserError } from "./cli.ts";

/** Adds the option of every command that talks to an enode. */
export function enodeOption(command: Command): Command {
  return command.option(
    "--enode <url>",
    "the enode's HTTP API",
    process.env.ENODE_ENDPOINT ?? "http://127.0.0.1:9000",
  );
}

/** One request to the enode's API. @throws {UserError} with the enode's own reason */
export async function request<T>(enode: string, path: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(new URL(path, enode), { signal: AbortSignal.timeout(30_000), ...init });
  } catch {
    throw new UserError(`no enode answers at ${enode}; give --enode or set ENODE_ENDPOINT`);
  }
  const body = await response.json().catch(() => ({})) as T & { error?: string };
  if (!response.ok) throw new UserError(`${response.status}: ${body.error ?? response.statusText}`);
  return body;
}

/** One entry of a message's or task's life. */
export interface State {
  readonly state: string;
  readonly time: string;
  readonly comment: string;
  readonly result: string;
}

export function stateLines(states: readonly State[] | null): string[] {
  if (!states || states.length === 0) return ["unknown"];
  return states.map(({ time, state, comment, result }) => {
    const shown = result.length > 80 ? `${result.slice(0, 77)}…` : result;
    return [time, state.padEnd(10), comment, shown].filter(Boolean).join("  ");
  });
}
