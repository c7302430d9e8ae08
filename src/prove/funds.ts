import { type Address, type Hex, zeroAddress } from "viem";
import { routerAbi } from "../chain/abi/router.ts";
import type { Chains } from "../chain/clients.ts";
import { type Escrow, escrowOf } from "../chain/rewards.ts";

/** Why a znode will not prove a task now for what it is paid; undefined: it will. */
export type Unpaid = (taskId: Hex, timeoutMs: number) => Promise<string | undefined>;

/** How long an answer of the chain is used, ms. */
const freshMs = 2_000;
/** Answers kept. */
const most = 4_096;
/** Seconds that a result may take to the router once it is proved. */
const outputSeconds = 120;

/**
 * Tasks whose fee beside the gas is at least `minFee`, and stays set aside long enough to prove and
 * submit. An escrow's terms don't change, so a good one is asked for once.
 */
export function enoughFee(chains: Chains, router: Address, minFee: bigint): Unpaid {
  const known = new Map<Hex, { at: number; escrow: Promise<Escrow | undefined> }>();
  let pool: Promise<Address> | undefined;
  const findPool = () => {
    pool ??= chains.main().then(({ reader }) =>
      reader.readContract({ address: router, abi: routerAbi, functionName: "rewardPool" })
    );
    pool.then((found) => {
      if (found === zeroAddress) pool = undefined;
    }).catch(() => pool = undefined);
    return pool;
  };
  const ask = async (taskId: Hex) => {
    const address = await findPool();
    return address === zeroAddress
      ? undefined
      : await escrowOf((await chains.main()).reader, address, taskId);
  };
  return async (taskId, timeoutMs) => {
    let answer = known.get(taskId);
    if (!answer || performance.now() - answer.at > freshMs) {
      known.delete(taskId);
      for (const oldest of known.keys()) {
        if (known.size < most) break;
        known.delete(oldest);
      }
      answer = { at: performance.now(), escrow: ask(taskId) };
      known.set(taskId, answer);
      answer.escrow.catch(() => known.delete(taskId));
    }
    let escrow: Escrow | undefined;
    try {
      escrow = await answer.escrow;
    } catch {
      return "the chain does not say what the task pays";
    }
    if (!escrow) return `no fee is set aside for the task, and this znode wants ${minFee}`;
    if (escrow.fee < minFee) return `the task pays ${escrow.fee}, this znode wants ${minFee}`;
    const needed = Date.now() / 1000 + timeoutMs / 1000 + outputSeconds;
    if (Number(escrow.deadline) < needed) return "the task's fee is not set aside for long enough";
    return undefined;
  };
}
