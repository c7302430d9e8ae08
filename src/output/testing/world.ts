import {
  type Address,
  createPublicClient,
  createTestClient,
  createWalletClient,
  custom,
  encodeDeployData,
  encodeFunctionData,
  type Hex,
  http,
  type LocalAccount,
  publicActions,
  type PublicClient,
} from "viem";
import { anvilAccount, startAnvil } from "../../chain/anvil.ts";
import { createLog } from "../../log.ts";
import type { Journal } from "../../da/da.ts";
import { Sender, type TransactionSigner } from "../ethereum/sender.ts";
import { type ChainSettings, defaultSettings } from "../ethereum/settings.ts";
import { type Compiled, testContracts } from "./contracts.ts";

export const quiet = createLog("silent");

/** Settings with which a test need not wait. */
export const hasty: Partial<ChainSettings> = {
  pollMs: 20,
  maxBackoffMs: 200,
  giveUpMs: 5_000,
  bumpAfterMs: 60_000,
  orphanMs: 60_000,
  lostMs: 60_000,
};

/** A chain of the tests' own, with the test contract `Target` on it. */
export async function startWorld(args: readonly string[] = []) {
  const anvil = await startAnvil({ args });
  const transport = http(anvil.url, { retryCount: 0 });
  const client = createPublicClient({ transport, cacheTime: 0 });
  const control = createTestClient({ mode: "anvil", transport }).extend(publicActions);
  const deployer = anvilAccount(0);
  const wallet = createWalletClient({ account: deployer, transport });
  const mined = async (hash: Promise<Hex>) => {
    const receipt = await client.waitForTransactionReceipt({
      hash: await hash,
      pollingInterval: 20,
    });
    if (receipt.status !== "success") throw new Error("a transaction of the test reverted");
    return receipt;
  };
  const deploy = async ({ abi, bytecode }: Compiled, args: unknown[] = []): Promise<Address> => {
    const data = encodeDeployData({ abi, bytecode, args });
    const { contractAddress } = await mined(
      wallet.sendTransaction({ chain: null, data, type: "legacy" }),
    );
    if (!contractAddress) throw new Error("nothing was deployed");
    return contractAddress;
  };
  const target = await deploy(testContracts().Target).catch(async (error) => {
    await anvil.stop();
    throw error;
  });
  const targetAbi = testContracts().Target.abi;
  const read = (functionName: string, args: unknown[] = []) =>
    client.readContract({ address: target, abi: targetAbi, functionName, args });
  return {
    ...anvil,
    client,
    control,
    wallet,
    mined,
    deploy,
    target,
    targetAbi,
    /** How often `take` was called, in all or with one id. */
    count: () => read("count") as Promise<bigint>,
    seen: (id: bigint) => read("seen", [id]) as Promise<bigint>,
    read,
    call: (functionName: string, args: unknown[] = []) =>
      encodeFunctionData({ abi: targetAbi, functionName, args }),
    take: (id: bigint) => encodeFunctionData({ abi: targetAbi, functionName: "take", args: [id] }),
    async close(value: boolean) {
      const data = encodeFunctionData({ abi: targetAbi, functionName: "close", args: [value] });
      // First in its block, whatever else is in the pool.
      const fees = { maxPriorityFeePerGas: 10n ** 11n, maxFeePerGas: 10n ** 12n };
      const hash = await wallet.sendTransaction({ chain: null, to: target, data, ...fees });
      await control.mine({ blocks: 1 });
      await mined(Promise.resolve(hash));
    },
  };
}

export type World = Awaited<ReturnType<typeof startWorld>>;

let fresh = 0;

/** An account with ether that no other test uses. */
export async function freshAccount(world: World): Promise<LocalAccount> {
  const account = anvilAccount(100 + fresh++);
  await world.control.setBalance({ address: account.address, value: 10n ** 20n });
  return account;
}

export function senderOf(
  world: { readonly client: PublicClient },
  signer: TransactionSigner,
  journal: Journal,
  settings: Partial<ChainSettings> = {},
): Sender {
  const all = { ...defaultSettings(31337n), ...hasty, ...settings };
  return new Sender({
    chainId: 31337n,
    client: world.client,
    signer,
    journal,
    settings: all,
    log: quiet,
  });
}

/** Where a process dies: right after the n-th such step was done. */
export type Step = "reserve" | "sign" | "record" | "send" | "end" | "spent";

/**
 * A journal, signer and chain that all stop working after a step, as a dying process would.
 * @param when whether it is that step; the first one when left out
 */
export function mortal(
  world: { readonly client: PublicClient },
  signer: TransactionSigner,
  journal: Journal,
  step: Step,
  when: () => boolean = () => true,
) {
  let dead = false;
  let died: () => void = () => undefined;
  const death = new Promise<void>((resolve) => died = resolve);
  const alive = () => {
    if (dead) throw new Error("the process is dead");
  };
  const after = (at: Step) => {
    alive();
    if (at !== step || !when()) return;
    dead = true;
    died();
    throw new Error("the process dies");
  };
  const wrapped: Journal = {
    get: async (key) => (alive(), await journal.get(key)),
    async reserve(entry, nonce) {
      alive();
      const made = await journal.reserve(entry, nonce);
      after("reserve");
      return made;
    },
    async update(key, change) {
      alive();
      await journal.update(key, change);
      if (change.addHash) after("record");
      if (change.state === "confirmed") after("end");
    },
    open: async (chainId, sender) => (alive(), await journal.open(chainId, sender)),
    spent: async (projectId, day) => (alive(), await journal.spent(projectId, day)),
    async addSpent(projectId, day, wei) {
      alive();
      await journal.addSpent(projectId, day, wei);
      after("spent");
    },
  };
  const transport = custom({
    async request({ method, params }: { method: string; params?: unknown }) {
      alive();
      const request = { method, params } as Parameters<typeof world.client.request>[0];
      const result = await world.client.request(request);
      if (method === "eth_sendRawTransaction") after("send");
      return result;
    },
  }, { retryCount: 0 });
  return {
    death,
    journal: wrapped,
    client: createPublicClient({ transport, cacheTime: 0 }),
    signer: {
      address: signer.address,
      async signTransaction(tx: Parameters<TransactionSigner["signTransaction"]>[0]) {
        alive();
        const raw = await signer.signTransaction(tx);
        after("sign");
        return raw;
      },
    },
  };
}

/** Waits until something holds. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  ms = 10_000,
): Promise<void> {
  const end = performance.now() + ms;
  while (!await holds()) {
    if (performance.now() > end) throw new Error(`never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
