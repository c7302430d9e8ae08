import { type Address, BlockNotFoundError, type Hex, isAddressEqual, zeroAddress } from "viem";
import { projectRegistrarAbi } from "./abi/projectRegistrar.ts";
import { routerAbi } from "./abi/router.ts";
import type { Chains } from "./clients.ts";
import type { Deployment } from "./deploy.ts";
import { getRoute, isEligible } from "./registrars.ts";
import type { StakeWatcher } from "./stake_watcher.ts";

/** Who may do what, as the contracts have it now (DESIGN R5). */
export interface Authority {
  /** Whether a znode's key may prove: registered, staked, not paused. */
  isEligible(prover: Address): Promise<boolean>;
  ownsProject(projectId: bigint, account: Address): Promise<boolean>;
  /** The program's on-chain verifier; the zero address where there is none. */
  verifierOf(projectId: bigint, programId: Hex): Promise<Address>;
  /** Whether the router has accepted the task's result; undefined without a chain. */
  readonly isAccepted: ((taskId: Hex) => Promise<boolean>) | undefined;
  /** The contracts' chain. */
  readonly blocks: {
    head(): Promise<{ readonly number: bigint; readonly hash: Hex }>;
    /** The hash of the block as the chain has it now; undefined when it has none. */
    hashAt(number: bigint): Promise<Hex | undefined>;
  } | undefined;
}

/** How long an answer of the chain is used, ms: a few blocks of most chains. */
const freshMs = 5_000;

/**
 * Asks the contracts, and remembers an answer for a few seconds.
 * @param stakes who may prove is told by these while they are fresh
 */
export function chainAuthority(
  chains: Chains,
  contracts: Pick<Deployment, "projectRegistrar" | "znodeRegistrar" | "router">,
  stakes?: Pick<StakeWatcher, "isEligible">,
): Authority {
  const answers = new Map<string, { at: number; answer: Promise<unknown> }>();
  const remembered = <T>(key: string, ask: () => Promise<T>): Promise<T> => {
    const now = performance.now();
    const known = answers.get(key);
    if (known && now - known.at < freshMs) return known.answer as Promise<T>;
    for (const [old, { at }] of answers) if (now - at >= freshMs) answers.delete(old);
    const answer = ask();
    answers.set(key, { at: now, answer });
    answer.catch(() => answers.delete(key));
    return answer;
  };
  const reader = async () => (await chains.main()).reader;
  return {
    isEligible: async (prover) =>
      stakes?.isEligible(prover) ?? await remembered(
        `eligible ${prover}`,
        async () => await isEligible(await reader(), contracts.znodeRegistrar, prover),
      ),
    ownsProject: (projectId, account) =>
      remembered(`owner ${projectId} ${account}`, async () => {
        const owner = await (await reader()).readContract({
          address: contracts.projectRegistrar,
          abi: projectRegistrarAbi,
          functionName: "ownerOf",
          args: [projectId],
        });
        return isAddressEqual(owner, account);
      }),
    verifierOf: (projectId, programId) =>
      remembered(`verifier ${projectId} ${programId}`, async () => {
        const route = await getRoute(await reader(), contracts.router, { projectId, programId });
        return route?.verifier ?? zeroAddress;
      }),
    isAccepted: async (taskId) =>
      await (await reader()).readContract({
        address: contracts.router,
        abi: routerAbi,
        functionName: "accepted",
        args: [taskId],
      }),
    blocks: {
      async head() {
        const { number, hash } = await (await reader()).getBlock();
        return { number, hash };
      },
      async hashAt(blockNumber) {
        try {
          return (await (await reader()).getBlock({ blockNumber })).hash;
        } catch (error) {
          if (error instanceof BlockNotFoundError) return undefined;
          throw error;
        }
      },
    },
  };
}

/** Without a chain, a node trusts its own keys, and the provers that its operator names. */
export function ownAuthority(own: readonly Address[], provers: readonly Address[] = []): Authority {
  const isOneOf = (list: readonly Address[], account: Address) =>
    Promise.resolve(list.some((address) => isAddressEqual(address, account)));
  return {
    isEligible: (prover) => isOneOf([...own, ...provers], prover),
    ownsProject: (_projectId, account) => isOneOf(own, account),
    verifierOf: () => Promise.resolve(zeroAddress),
    isAccepted: undefined,
    blocks: undefined,
  };
}
