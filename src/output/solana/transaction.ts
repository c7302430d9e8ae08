import { createHash } from "node:crypto";
import {
  AccountRole,
  type Address,
  address,
  appendTransactionMessageInstructions,
  type Blockhash,
  compileTransaction,
  createKeyPairFromPrivateKeyBytes,
  createTransactionMessage,
  getAddressFromPublicKey,
  getBase64EncodedWireTransaction,
  getSignatureFromTransaction,
  getTransactionSize,
  type Instruction,
  pipe,
  setTransactionMessageFeePayer,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransaction,
} from "@solana/kit";
import {
  getSetComputeUnitLimitInstruction,
  getSetComputeUnitPriceInstruction,
  getSetLoadedAccountsDataSizeLimitInstruction,
} from "@solana-program/compute-budget";

/** Most bytes of a transaction: what fits one packet. */
export const mostBytes = 1_232;
/** Most compute units that a transaction may ask for. */
export const mostUnits = 1_400_000;
/** As much as a transaction may load anyway: clusters take a larger limit for this one. */
const mostLoadedBytes = 64 * 1024 * 1024;

/** One call of a program. The payer is not among its accounts: the program can spend nothing. */
export interface Call {
  /** Base58, as all addresses here. */
  readonly programId: string;
  /** The one account that it may write; undefined: none. */
  readonly stateAccount: string | undefined;
  readonly data: Uint8Array;
  /** Idempotency key. */
  readonly key: string;
}

export interface Price {
  readonly units: number;
  /** For one unit. */
  readonly microLamports: number;
}

export interface Lifetime {
  readonly blockhash: string;
  readonly lastValidBlockHeight: number;
  /** Of the cluster, when the blockhash was asked for. */
  readonly slot: number;
}

/** A transaction that can be sent as it is. */
export interface Signed {
  readonly signature: string;
  /** Base64. */
  readonly wire: string;
}

/** The account that pays and signs. */
export class Payer {
  private constructor(readonly address: Address, private readonly keys: CryptoKeyPair) {}

  /** @param key 32 bytes of Ed25519 */
  static async of(key: Uint8Array): Promise<Payer> {
    const keys = await createKeyPairFromPrivateKeyBytes(new Uint8Array(key));
    return new Payer(await getAddressFromPublicKey(keys.publicKey), keys);
  }

  async sign(call: Call, price: Price, lifetime: Lifetime): Promise<Signed> {
    const signed = await signTransaction([this.keys], this.#compile(call, price, lifetime));
    return {
      signature: getSignatureFromTransaction(signed),
      wire: getBase64EncodedWireTransaction(signed),
    };
  }

  /** Bytes of the transaction, and the transaction to simulate, base64. */
  draft(call: Call): { bytes: number; wire: string } {
    const anyHash = { blockhash: "1".repeat(32), lastValidBlockHeight: 0, slot: 0 };
    const compiled = this.#compile(call, { units: mostUnits, microLamports: 1 }, anyHash);
    return { bytes: getTransactionSize(compiled), wire: getBase64EncodedWireTransaction(compiled) };
  }

  #compile(call: Call, { units, microLamports }: Price, lifetime: Lifetime) {
    const { programId, stateAccount, data, key } = call;
    const instruction: Instruction = {
      programAddress: address(programId),
      accounts: stateAccount === undefined
        ? []
        : [{ address: address(stateAccount), role: AccountRole.WRITABLE }],
      data,
    };
    return pipe(
      createTransactionMessage({ version: "legacy" }),
      (m) => setTransactionMessageFeePayer(this.address, m),
      (m) =>
        setTransactionMessageLifetimeUsingBlockhash({
          blockhash: lifetime.blockhash as Blockhash,
          lastValidBlockHeight: BigInt(lifetime.lastValidBlockHeight),
        }, m),
      (m) =>
        appendTransactionMessageInstructions([
          getSetComputeUnitLimitInstruction({ units }),
          getSetComputeUnitPriceInstruction({ microLamports }),
          getSetLoadedAccountsDataSizeLimitInstruction({ accountDataSizeLimit: marked(key) }),
          instruction,
        ], m),
      compileTransaction,
    );
  }
}

/**
 * A limit that changes nothing but what is signed. Two calls with the same data and blockhash would
 * be one transaction, and the second result would pass for done by the first's.
 */
const marked = (key: string): number =>
  mostLoadedBytes + createHash("sha256").update(key).digest().readUInt32BE() % 2 ** 31;
