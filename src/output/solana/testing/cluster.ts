/** A cluster and a payer for tests of the output. */
import { afterAll, beforeEach, expect } from "bun:test";
import { randomBytes } from "node:crypto";
import { OutputError } from "../../output.ts";
import { memoryIntents } from "../../testing/intents.ts";
import { quiet } from "../../testing/world.ts";
import { type SolanaDeps, solanaOutput } from "../index.ts";
import { Payer } from "../transaction.ts";
import { startValidator } from "./validator.ts";

const hasty = { pollMs: 2, maxBackoffMs: 10, resendMs: 4, giveUpMs: 300, giveUpOpenMs: 60_000 };

/** Of one test file, for all of its tests. */
export function startCluster() {
  const validator = startValidator();
  afterAll(() => validator.stop());
  beforeEach(() => {
    validator.fault = undefined;
    validator.drops = false;
    validator.slotsPerLook = 40;
    validator.fees = [];
    validator.firstSlot = 0;
  });
  const output = (deps: Partial<SolanaDeps> & Pick<SolanaDeps, "key">) =>
    solanaOutput({
      clusters: [{ name: validator.genesisHash, endpoint: validator.url }],
      intents: memoryIntents(),
      mayCall: () => Promise.resolve(true),
      log: quiet,
      ...deps,
      settings: { ...hasty, ...deps.settings },
    });
  return {
    validator,
    output,
    /** A funded key. */
    async payer(lamports = 1_000_000_000n): Promise<{ key: Uint8Array; address: string }> {
      const key = new Uint8Array(randomBytes(32));
      const { address } = await Payer.of(key);
      if (lamports > 0n) validator.fund(address, lamports);
      return { key, address };
    },
    config: (change: Partial<Parameters<ReturnType<typeof output>["run"]>[1]> = {}) => ({
      type: "solanaProgram" as const,
      chainEndpoint: "https://someone.example/their-rpc",
      programId: validator.programId as string,
      stateAccount: validator.stateAccount(),
      light: false,
      ...change,
    }),
  };
}

export const proof = (size = 256) => new Uint8Array(randomBytes(size));

export async function failure(running: Promise<unknown>): Promise<OutputError> {
  const error = await running.then(() => undefined, (error) => error);
  expect(error).toBeInstanceOf(OutputError);
  return error;
}
