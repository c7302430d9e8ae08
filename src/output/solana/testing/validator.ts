import { randomBytes } from "node:crypto";
import {
  type Address,
  getBase58Decoder,
  getCompiledTransactionMessageDecoder,
  getSignatureFromTransaction,
  getTransactionDecoder,
  lamports,
  type Transaction,
} from "@solana/kit";
import { FailedTransactionMetadata, LiteSVM } from "litesvm";
import { serveHttp } from "../../../platform.ts";
import { proofKeeper, stateHeader } from "./program.ts";

/** What becomes of one request; undefined: it is answered. */
export type Fault = (
  method: string,
  params: readonly unknown[],
) => Response | Promise<Response | undefined> | undefined;

/** Blocks for which a blockhash is good. */
const blockhashLife = 150;
/** Slots after which a transaction is confirmed, and final. */
const [confirmedAfter, finalAfter] = [1, 32];
/** Bytes of a state account. */
const stateSize = 1_300;

const base58 = (bytes: Uint8Array) => getBase58Decoder().decode(bytes);
const freshAddress = () => base58(randomBytes(32)) as Address;

interface Landed {
  readonly slot: number;
  readonly err: unknown;
  readonly logs: readonly string[];
  /** The chain's state before it. */
  readonly before: Uint8Array;
}

/**
 * A Solana RPC node over LiteSVM, which executes transactions and checks their signatures. Slots,
 * the life of blockhashes, commitments and forks, which LiteSVM has none of, are kept here. Slots
 * pass with each question about what is final.
 */
export function startValidator() {
  let svm = new LiteSVM().withBlockhashCheck(false);
  const genesisHash = base58(randomBytes(32));
  const programId = freshAddress();
  svm.addProgram(programId, proofKeeper());
  /** Last block at which a blockhash is good. */
  const blockhashes = new Map<string, number>();
  let newest = { slot: -1, hash: "" };
  const landed = new Map<string, Landed>();
  const validator = {
    genesisHash,
    programId,
    fault: undefined as Fault | undefined,
    methods: [] as string[],
    /** Says that it sent what it was given, and does not. */
    drops: false,
    slotsPerLook: 40,
    fees: [] as number[],
    firstSlot: 0,
    slot: 1_000,
  };

  function send(wire: string): string {
    const { tx, message } = decoded(wire);
    const signature = getSignatureFromTransaction(tx) as string;
    const goodUntil = blockhashes.get(message.lifetimeToken as string) ?? -1;
    if (validator.drops || landed.has(signature) || validator.slot > goodUntil) return signature;
    const before = svm.toBytes();
    const result = svm.sendTransaction(tx);
    const failed = result instanceof FailedTransactionMetadata ? result : undefined;
    const logs = (result instanceof FailedTransactionMetadata ? result.meta() : result).logs();
    const err = failed ? errorOf(failed) : null;
    // What can't pay, or is signed wrongly, is in no block.
    if (failed && !isInstructionError(err)) return signature;
    landed.set(signature, { slot: validator.slot, err, logs, before });
    return signature;
  }

  function simulate(wire: string) {
    // Nodes check no signature here, which LiteSVM knows only for the whole machine.
    const copy = LiteSVM.fromBytes(svm.toBytes()).withSigverify(false).withBlockhashCheck(false);
    const result = copy.simulateTransaction(decoded(wire).tx);
    const failed = result instanceof FailedTransactionMetadata ? result : undefined;
    const meta = result.meta();
    return {
      err: failed ? errorOf(failed) : null,
      logs: meta.logs(),
      unitsConsumed: Number(meta.computeUnitsConsumed()),
    };
  }

  function layState(address: Address, size: number): void {
    svm.setAccount({
      address,
      data: new Uint8Array(size),
      executable: false,
      lamports: lamports(svm.minimumBalanceForRentExemption(BigInt(size))),
      programAddress: programId,
      space: BigInt(size),
    });
  }

  const statusOf = (signature: string) => {
    const found = landed.get(signature);
    if (!found) return null;
    const age = validator.slot - found.slot;
    const confirmationStatus = age >= finalAfter
      ? "finalized"
      : age >= confirmedAfter
      ? "confirmed"
      : "processed";
    return { slot: found.slot, confirmations: null, err: found.err, confirmationStatus };
  };

  function answer(method: string, params: readonly unknown[]): unknown {
    const context = { slot: validator.slot };
    switch (method) {
      case "getGenesisHash":
        return genesisHash;
      case "getBalance":
        return { context, value: Number(svm.getBalance(params[0] as Address) ?? 0n) };
      case "getFirstAvailableBlock":
        return validator.firstSlot;
      case "getLatestBlockhash": {
        // The same for all who ask within a slot.
        if (newest.slot !== validator.slot) newest = { slot: validator.slot, hash: freshAddress() };
        blockhashes.set(newest.hash, validator.slot + blockhashLife);
        return {
          context,
          value: { blockhash: newest.hash, lastValidBlockHeight: validator.slot + blockhashLife },
        };
      }
      case "getEpochInfo": {
        validator.slot += validator.slotsPerLook;
        const absoluteSlot = validator.slot - finalAfter;
        return { absoluteSlot, blockHeight: absoluteSlot };
      }
      case "getSignatureStatuses":
        return { context, value: (params[0] as string[]).map(statusOf) };
      case "simulateTransaction":
        return { context, value: simulate(params[0] as string) };
      case "sendTransaction":
        return send(params[0] as string);
      case "getRecentPrioritizationFees":
        return validator.fees.map((prioritizationFee) => ({
          slot: validator.slot,
          prioritizationFee,
        }));
      case "getTransaction": {
        const found = landed.get(params[0] as string);
        return found
          ? { slot: found.slot, meta: { err: found.err, logMessages: found.logs } }
          : null;
      }
      default:
        throw new Error(`no method ${method}`);
    }
  }

  const server = serveHttp(async (request) => {
    const { id, method, params = [] } = await request.json() as {
      id: number;
      method: string;
      params?: unknown[];
    };
    validator.methods.push(method);
    const faulty = await validator.fault?.(method, params);
    if (faulty) return faulty;
    return Response.json({ jsonrpc: "2.0", id, result: answer(method, params) });
  }, { hostname: "127.0.0.1", port: 0, maxBodyBytes: 1_000_000 });

  return Object.assign(validator, {
    url: `http://127.0.0.1:${server.port}/secret-access-key`,
    stop: () => server.stop(),
    fund(address: string, amount = 1_000_000_000n) {
      svm.airdrop(address as Address, lamports(amount));
    },
    balance: (address: string) => svm.getBalance(address as Address) ?? 0n,
    /** An account of the program's. */
    stateAccount(size = stateSize): string {
      const address = freshAddress();
      layState(address, size);
      return address;
    },
    /** Gives an account another size, empty. */
    resize: (address: string, size: number) => layState(address as Address, size),
    /** How often the program was called for it, and what it was given last. */
    state(address: string): { calls: number; proof: Uint8Array } {
      const account = svm.getAccount(address as Address);
      if (!account.exists) throw new Error(`no account ${address}`);
      const view = new DataView(account.data.buffer, account.data.byteOffset);
      const length = Number(view.getBigUint64(8, true));
      const proof = account.data.slice(stateHeader, stateHeader + length);
      return { calls: Number(view.getBigUint64(0, true)), proof };
    },
    landed: () => landed.size,
    /** Another fork wins, without what landed last on this one. */
    forkAway() {
      const [signature, newest] = [...landed].at(-1) ?? [];
      if (!signature || !newest) throw new Error("nothing has landed");
      svm = LiteSVM.fromBytes(newest.before).withBlockhashCheck(false);
      landed.delete(signature);
    },
  });
}

function decoded(wire: string) {
  const bytes = Uint8Array.fromBase64(wire);
  const tx = getTransactionDecoder().decode(bytes) as Transaction;
  return { tx, message: getCompiledTransactionMessageDecoder().decode(tx.messageBytes) };
}

/** A failure of LiteSVM's as an RPC node has it. */
function errorOf(failure: FailedTransactionMetadata): unknown {
  const text = failure.toString();
  const custom = /err: InstructionError\((\d+), Custom\((\d+)\)\)/.exec(text);
  if (custom) return { InstructionError: [Number(custom[1]), { Custom: Number(custom[2]) }] };
  const instruction = /err: InstructionError\((\d+), (\w+)/.exec(text);
  if (instruction) return { InstructionError: [Number(instruction[1]), instruction[2]] };
  return /err: (\w+)/.exec(text)?.[1] ?? text;
}

const isInstructionError = (err: unknown) => typeof err === "object" && err !== null;
