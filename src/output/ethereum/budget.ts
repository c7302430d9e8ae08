import { type Address, formatEther, type PublicClient } from "viem";
import type { Journal } from "../../da/da.ts";
import { OutputError } from "../output.ts";
import { type Call, estimate } from "./chain.ts";
import { costOf, type Entry } from "./entry.ts";
import { cappedFees, type Fees, type Market, marketFees } from "./fees.ts";
import type { ChainSettings } from "./settings.ts";
import { Shared } from "./shared.ts";

interface BudgetDeps {
  readonly chainId: bigint;
  readonly client: PublicClient;
  readonly account: Address;
  readonly journal: Journal;
  readonly settings: ChainSettings;
  /** Transactions that are not finished: what they may cost is spoken for. */
  readonly open: () => Iterable<Entry>;
}

export interface Quote {
  readonly gas: bigint;
  readonly fees: Fees;
  /** Gives back what the quote holds of the caps. */
  release(): void;
}

/** The UTC day, as gas is counted by. */
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}

/** What transactions may cost: gas, fees, and the caps on both. */
export class Budget {
  readonly #holds = new Set<{ readonly projectId: bigint; readonly cost: bigint }>();
  readonly #balance: Shared<bigint>;

  constructor(private readonly deps: BudgetDeps) {
    const { client, account: address, settings: { pollMs } } = deps;
    const market = new Shared(pollMs, () => marketFees(client));
    this.market = () => market.get();
    this.#balance = new Shared(pollMs, () => client.getBalance({ address }));
  }

  /** A transaction was included, and is paid. */
  paid(): void {
    this.#balance.forget();
  }

  /** The chain's fees, as they were at most one poll ago. */
  readonly market: () => Promise<Market>;

  maxPrice(gas: bigint): bigint {
    return this.deps.settings.maxFeePerTransaction / gas;
  }

  /**
   * Simulates the call and names its price.
   * @param known gas that it needs, where that need not be asked
   * @throws {RevertedError}
   * @throws {OutputError} when a cap or the balance forbids it
   */
  async quote(projectId: bigint, call: Call, known?: bigint): Promise<Quote> {
    const { client, account, journal, settings, chainId } = this.deps;
    const [needed, market, balance, spent] = await Promise.all([
      known ?? estimate(client, account, call, settings.maxGas),
      this.market(),
      this.#balance.get(),
      journal.spent(projectId, today()),
    ]);
    if (needed > settings.maxGas) {
      throw new OutputError("dead", `it needs ${needed} gas, the cap is ${settings.maxGas}`);
    }
    const roomy = needed * (100n + settings.gasHeadroomPercent) / 100n;
    const gas = roomy < settings.maxGas ? roomy : settings.maxGas;
    const fees = cappedFees(market, this.maxPrice(gas));
    if (!fees) {
      const price = formatEther(gas * market.floor);
      const cap = formatEther(settings.maxFeePerTransaction);
      throw new OutputError("retry", `gas is too dear now: ${price} for it, the cap is ${cap}`);
    }
    const cost = costOf({ gas, fees });
    if (spent + this.#held(projectId) + cost > settings.maxFeePerDay) {
      const cap = formatEther(settings.maxFeePerDay);
      throw new OutputError(
        "retry",
        `project ${projectId} has used up its gas for today (${cap}, GAS_LIMIT_PER_DAY)`,
      );
    }
    const missing = this.#held() + cost - balance;
    if (missing > 0n) {
      throw new OutputError(
        "retry",
        `out of funds: send ${account} on chain ${chainId} at least ${formatEther(missing)}`,
      );
    }
    const hold = { projectId, cost };
    this.#holds.add(hold);
    return { gas, fees, release: () => void this.#holds.delete(hold) };
  }

  /** What is spoken for, of one project or of all. */
  #held(projectId?: bigint): bigint {
    let sum = 0n;
    for (const hold of this.#holds) {
      if (projectId === undefined || hold.projectId === projectId) sum += hold.cost;
    }
    for (const { saved, included } of this.deps.open()) {
      // The balance no longer has what an included transaction cost; the day's count has it later.
      if (projectId === undefined ? included === undefined : saved.projectId === projectId) {
        sum += costOf(saved);
      }
    }
    return sum;
  }
}
