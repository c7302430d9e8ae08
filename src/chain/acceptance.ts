/** What a router did with a task. */
import { type Address, type Hex, parseEventLogs, type PublicClient } from "viem";
import { routerAbi } from "./abi/router.ts";

type Client = Pick<PublicClient, "getContractEvents" | "getTransactionReceipt">;

export interface Acceptance {
  readonly block: bigint;
  readonly transaction: Hex;
  readonly prover: Address;
  readonly programId: Hex;
  readonly publicValues: Hex;
}

/** Blocks that RPCs answer for at once, and how many such ranges are searched. */
const range = 10_000n;
const ranges = 20;

/** Whether the router has the task, and had it `confirmations` blocks deep. @throws as viem */
export async function isFinallyAccepted(
  client: Pick<PublicClient, "readContract" | "getContractEvents">,
  address: Address,
  taskId: Hex,
  head: bigint,
  confirmations: number,
): Promise<boolean> {
  const isAccepted = (at: { readonly blockNumber?: bigint }) =>
    client.readContract(
      { address, abi: routerAbi, functionName: "accepted", args: [taskId], ...at } as const,
    );
  if (!await isAccepted({})) return false;
  if (confirmations <= 1) return true;
  const blockNumber = head - BigInt(confirmations) + 1n;
  if (blockNumber < 0n) return false;
  try {
    return await isAccepted({ blockNumber });
  } catch {
    // IoTeX's RPC has no states of the past; its events tell their block.
    const event = await findAcceptance(client, address, taskId, head);
    return event !== undefined && event.block <= blockNumber;
  }
}

/** The event of a task's acceptance, newest blocks first, if the RPC still shows it. @throws as viem */
export async function findAcceptance(
  client: Pick<Client, "getContractEvents">,
  router: Address,
  taskId: Hex,
  head: bigint,
): Promise<Acceptance | undefined> {
  let toBlock = head;
  for (let i = 0; i < ranges && toBlock >= 0n; i++) {
    const fromBlock = toBlock >= range ? toBlock - range + 1n : 0n;
    const [log] = await client.getContractEvents({
      address: router,
      abi: routerAbi,
      eventName: "Accepted",
      args: { taskId },
      fromBlock,
      toBlock,
      strict: true,
    });
    if (log) return acceptanceOf(log);
    toBlock = fromBlock - 1n;
  }
  return undefined;
}

/** The event of a task's acceptance in one transaction; undefined where it has none. */
export async function acceptanceIn(
  client: Client,
  router: Address,
  taskId: Hex,
  hash: Hex,
): Promise<Acceptance | undefined> {
  const { logs } = await client.getTransactionReceipt({ hash });
  const events = parseEventLogs({ abi: routerAbi, eventName: "Accepted", logs });
  const log = events.find(({ address, args }) =>
    address.toLowerCase() === router.toLowerCase() && args.taskId === taskId
  );
  return log && acceptanceOf(log);
}

function acceptanceOf(log: {
  readonly blockNumber: bigint;
  readonly transactionHash: Hex;
  readonly args: Pick<Acceptance, "prover" | "programId" | "publicValues">;
}): Acceptance {
  const { prover, programId, publicValues } = log.args;
  return {
    block: log.blockNumber,
    transaction: log.transactionHash,
    prover,
    programId,
    publicValues,
  };
}
