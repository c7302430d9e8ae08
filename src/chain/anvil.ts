/** A local development chain. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import process from "node:process";
import { bytesToHex, type Hex } from "viem";
import { type HDAccount, mnemonicToAccount } from "viem/accounts";

export interface Anvil {
  readonly url: string;
  /** Ends the process, and waits. Safe to call twice. */
  stop(): Promise<void>;
}

export interface AnvilOptions {
  /** EIP-155 id, 31337 unless given. */
  readonly chainId?: number;
  /** Seconds between blocks; without it each transaction is mined at once. */
  readonly blockTime?: number;
  /** Further arguments of the command line. */
  readonly args?: readonly string[];
}

function binary(): string {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const name = process.platform === "win32" ? "anvil.exe" : "anvil";
  return createRequire(import.meta.url).resolve(
    `@foundry-rs/anvil-${process.platform}-${architecture}/bin/${name}`,
  );
}

/** One of the ten accounts that anvil gives 10,000 ether. Their keys are public. */
export function anvilAccount(index: number): HDAccount {
  const mnemonic = "test test test test test test test test test test test junk";
  return mnemonicToAccount(mnemonic, { addressIndex: index });
}

/** An account's private key, which is public. */
export const anvilKey = (index: number): Hex =>
  bytesToHex(anvilAccount(index).getHdKey().privateKey as Uint8Array);

/** Starts a chain on a free port of the loopback. Rejects if it isn't up within 20 seconds. */
export async function startAnvil(options: AnvilOptions = {}): Promise<Anvil> {
  const args = ["--host", "127.0.0.1", "--port", "0", "--chain-id", `${options.chainId ?? 31337}`];
  if (options.blockTime !== undefined) args.push("--block-time", `${options.blockTime}`);
  // By the shell, which is all that our tasks for Deno may run.
  const shell = ["-c", 'exec "$0" "$@"', binary()];
  const child = spawn("/bin/sh", [...shell, ...args, ...options.args ?? []], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await exited;
  };

  let output = "";
  const listening = new Promise<string>((resolve, reject) => {
    const read = (chunk: string) => {
      // What follows the banner is a log of requests that nobody reads.
      if (output.length < 20_000) output += chunk;
      const address = /Listening on (127\.0\.0\.1:\d+)/.exec(output)?.[1];
      if (address) resolve(`http://${address}`);
    };
    child.stdout.setEncoding("utf8").on("data", read);
    child.stderr.setEncoding("utf8").on("data", read);
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`anvil ended: ${output}`)));
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`anvil did not start: ${output}`)), 60_000);
  });
  try {
    return { url: await Promise.race([listening, late]), stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
