import { type Address, BlockNotFoundError, getAbiItem, type Hex } from "viem";
import { abortable } from "../abort.ts";
import { projectRegistrarAbi as abi } from "../chain/abi/projectRegistrar.ts";
import type { Reader } from "../chain/clients.ts";

const events = [
  getAbiItem({ abi, name: "ProjectUpserted" }),
  getAbiItem({ abi, name: "ProjectPaused" }),
  getAbiItem({ abi, name: "ProjectUnpaused" }),
] as const;
const maxUriLength = 2048;

/** A project's record, as the registrar has it. */
export interface RegistrarRecord {
  readonly uri: string;
  readonly hash: Hex;
  readonly paused: boolean;
}

/** One event, in chain order. */
export type RegistrarEvent =
  & { readonly id: bigint; readonly block: bigint }
  & (
    | { readonly kind: "upserted"; readonly uri: string; readonly hash: Hex }
    | { readonly kind: "paused" | "unpaused" }
  );

/** The ProjectRegistrar as the project manager reads it. Each call ends with `signal`. */
export class Registrar {
  constructor(
    private readonly reader: Reader,
    private readonly address: Address,
    private readonly signal: AbortSignal,
  ) {}

  async chainId(): Promise<bigint> {
    return BigInt(await this.#call(this.reader.getChainId()));
  }

  /** @throws when nothing is deployed at the registrar's address */
  async requireContract(): Promise<void> {
    const code = await this.#call(this.reader.getCode({ address: this.address }));
    if (code !== undefined && code !== "0x") return;
    throw new Error(`there is no contract at ${this.address}; check PROJECT_CONTRACT_ADDRESS`);
  }

  blockNumber(): Promise<bigint> {
    return this.#call(this.reader.getBlockNumber({ cacheTime: 0 }));
  }

  /** Undefined: the endpoint has no such block. */
  async blockHash(blockNumber: bigint): Promise<Hex | undefined> {
    try {
      return (await this.#call(this.reader.getBlock({ blockNumber }))).hash;
    } catch (error) {
      if (error instanceof BlockNotFoundError) return undefined;
      throw error;
    }
  }

  /** Events of blocks `from` to `to`, both included. */
  async events(from: bigint, to: bigint): Promise<RegistrarEvent[]> {
    const logs = await this.#call(this.reader.getLogs({
      address: this.address,
      events,
      fromBlock: from,
      toBlock: to,
      strict: true,
    }));
    return logs.map((log): RegistrarEvent => {
      const at = { id: log.args.projectId, block: log.blockNumber };
      switch (log.eventName) {
        case "ProjectUpserted":
          return { ...at, kind: "upserted", uri: storable(log.args.uri), hash: log.args.hash };
        case "ProjectPaused":
          return { ...at, kind: "paused" };
        case "ProjectUnpaused":
          return { ...at, kind: "unpaused" };
      }
    });
  }

  /** The configs that a project had in blocks `from` to `to`, oldest first. */
  async history(id: bigint, from: bigint, to: bigint): Promise<{ uri: string; hash: Hex }[]> {
    const logs = await this.#call(this.reader.getLogs({
      address: this.address,
      event: events[0],
      args: { projectId: id },
      fromBlock: from,
      toBlock: to,
      strict: true,
    }));
    return logs.map(({ args }) => ({ uri: storable(args.uri), hash: args.hash }));
  }

  /** The record, at a block or now; its URI is empty when there is no such project. */
  async record(id: bigint, blockNumber?: bigint): Promise<RegistrarRecord> {
    const [uri, hash, paused] = await this.#call(this.reader.readContract({
      address: this.address,
      abi,
      functionName: "projects",
      args: [id],
      ...(blockNumber === undefined ? {} : { blockNumber }),
    }));
    return { uri: storable(uri), hash, paused };
  }

  /** Whether the account is the project's owner or operator now. False for an unknown project. */
  canOperate(id: bigint, account: Address): Promise<boolean> {
    return this.#call(this.reader.readContract({
      address: this.address,
      abi,
      functionName: "canOperateProject",
      args: [account, id],
    }));
  }

  #call<T>(promise: Promise<T>): Promise<T> {
    return abortable(promise, this.signal);
  }
}

/**
 * A URI that every database and terminal takes: PostgreSQL refuses NUL, which would stop the
 * reading of all projects.
 */
function storable(uri: string): string {
  return uri.replace(/\p{Cc}/gu, "\ufffd").slice(0, maxUriLength);
}
