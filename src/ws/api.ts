import process from "node:process";
import type { Command } from "commander";
import { type ClientOptions, EnodeClient, EnodeError, type State } from "../client.ts";
import { UserError } from "./cli.ts";

/** Adds the option of every command that talks to an enode. */
export function enodeOption(command: Command): Command {
  return command.option(
    "--enode <url>",
    "the enode's HTTP API; or ENODE_ENDPOINT",
    process.env.ENODE_ENDPOINT || "http://127.0.0.1:9000",
  );
}

/**
 * Asks the enode, with the token in ENODE_TOKEN if there is one.
 * @throws {UserError} with the enode's own reason
 */
export async function ask<T>(
  enode: string,
  work: (client: EnodeClient) => Promise<T>,
  options: ClientOptions = {},
): Promise<T> {
  if (!/^https?:/.test(enode) || !URL.canParse(enode)) {
    throw new UserError(`--enode must be like http://127.0.0.1:9000, not ${enode}`);
  }
  const token = process.env.ENODE_TOKEN || undefined;
  try {
    return await work(new EnodeClient(enode, { token, ...options }));
  } catch (error) {
    if (!(error instanceof EnodeError)) throw error;
    if (error.status !== 0) throw new UserError(error.message);
    throw new UserError(`${error.message}; give --enode or set ENODE_ENDPOINT`);
  }
}

export function stateLines(states: readonly State[] | null): string[] {
  if (!states || states.length === 0) return ["unknown"];
  return states.map(({ time, state, comment, result }) => {
    const shown = result.length > 80 ? `${result.slice(0, 77)}…` : result;
    return [time, state.padEnd(10), comment, shown].filter(Boolean).join("  ");
  });
}
