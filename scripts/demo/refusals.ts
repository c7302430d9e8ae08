import { type Address, decodeFunctionData, type Hex } from "viem";
import { routerAbi } from "../../src/chain/abi/router.ts";
import type { ChainClient } from "../../src/chain/clients.ts";
import { chainErrorText, revertData } from "../../src/chain/errors.ts";

type Submission = readonly [
  task: {
    projectId: bigint;
    version: string;
    programId: Hex;
    messagesRoot: Hex;
    inputCommitment: Hex;
    nonce: bigint;
  },
  operatorSig: Hex,
  prover: Address,
  publicValues: Hex,
  proof: Hex,
];

export interface Refusal {
  readonly what: string;
  /** The router's error; undefined when it accepted what it must refuse. */
  readonly error: string | undefined;
}

/** What the transaction submitted to the router. */
export async function submissionOf(chain: ChainClient, transaction: Hex): Promise<Submission> {
  const { input } = await chain.reader.getTransaction({ hash: transaction });
  const call = decodeFunctionData({ abi: routerAbi, data: input });
  if (call.functionName !== "submit") throw new Error(`${transaction} is not a submission`);
  return call.args;
}

/** The bytes with a bit of one changed, which is counted from the end where negative. */
export function flipped(bytes: Hex, index: number): Hex {
  const at = 2 + (index < 0 ? bytes.length / 2 - 1 + index : index) * 2;
  const byte = (parseInt(bytes.slice(at, at + 2), 16) ^ 1).toString(16).padStart(2, "0");
  return `${bytes.slice(0, at)}${byte}${bytes.slice(at + 2)}` as Hex;
}

/**
 * Tries to cheat the router with an accepted submission: again, and, for a chain that has not
 * seen it (the state before its block), with a part exchanged.
 * @param tampered bytes of the public values that are changed, by what that is called
 */
export async function tryToCheat(
  chain: ChainClient,
  router: Address,
  transaction: Hex,
  otherProver: Address,
  tampered: Readonly<Record<string, number>>,
): Promise<Refusal[]> {
  const { blockNumber } = await chain.reader.getTransactionReceipt({ hash: transaction });
  const before = blockNumber - 1n;
  const [task, operatorSig, prover, publicValues, proof] = await submissionOf(chain, transaction);
  const attempt = async (what: string, args: Submission, at?: bigint): Promise<Refusal> => {
    try {
      await chain.reader.simulateContract({
        address: router,
        abi: routerAbi,
        functionName: "submit",
        args,
        ...(at === undefined ? {} : { blockNumber: at }),
      });
      return { what, error: undefined };
    } catch (error) {
      // Only the contract's own refusal counts, not a chain that can't be reached.
      if (revertData(error) === undefined) throw error;
      return { what, error: chainErrorText(error) };
    }
  };
  const unsigned = `0x${"00".repeat(65)}` as const;
  const genuine = await attempt(
    "control",
    [task, operatorSig, prover, publicValues, proof],
    before,
  );
  if (genuine.error) throw new Error(`the genuine submission fails too: ${genuine.error}`);
  const changed = [];
  for (const [what, at] of Object.entries(tampered)) {
    const values = flipped(publicValues, at);
    changed.push(await attempt(what, [task, operatorSig, prover, values, proof], before));
  }
  return [
    await attempt("submitted again", [task, operatorSig, prover, publicValues, proof]),
    await attempt(
      "tampered proof",
      [task, operatorSig, prover, publicValues, flipped(proof, 700)],
      before,
    ),
    ...changed,
    await attempt(
      "swapped prover",
      [task, operatorSig, otherProver, publicValues, proof],
      before,
    ),
    await attempt("unsigned task", [task, unsigned, prover, publicValues, proof], before),
  ];
}
