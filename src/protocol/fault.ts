/**
 * What a znode can be shown to have done wrong, by its own signatures: nobody has to be believed.
 * Everything in it may be shown to anyone; of a receipt, that is its public values and its proof.
 */
import { z } from "zod";
import { hexToBytes } from "../hex.ts";
import { keccakHex } from "../keccak.ts";
import { evidenceSigner, type Network } from "./envelope.ts";
import { type Acceptance, type ReceiptClaim, statementHash } from "./evidence.ts";
import * as s from "./schema.ts";
import { limits, type Signed } from "./wire.ts";

/**
 * Most bytes of a proof that is evidence. What contracts check takes a few KB; Stark proofs take
 * hundreds, and no contract checks them.
 */
export const mostProof = 32 * 1024;

const hexOfAtMost = (bytes: number) =>
  s.hex.refine((text) => text.length <= 2 + 2 * bytes, `must be at most ${bytes} bytes`);

const evidence = z.object({
  payloadHash: s.bytes32,
  root: s.bytes32,
  index: z.number().int().nonnegative().max(0xffff),
  count: z.number().int().positive().max(0xffff),
  path: z.array(s.bytes32).max(16).readonly(),
  signature: s.signature,
});
const under = { taskId: s.bytes32, epoch: s.uint64, prover: s.address };
const acceptance = z.object({ statement: z.object({ ...under, verifier: s.address }), evidence });
const claim = z.object({
  statement: z.object({
    ...under,
    programId: s.bytes32,
    publicValuesHash: s.bytes32,
    proofHash: s.bytes32,
  }),
  evidence,
});

/** Two receipts of one lease with different public values. */
const equivocation = z.object({
  kind: z.literal("equivocation"),
  chainId: s.uint256,
  router: s.address,
  claims: z.tuple([claim, claim]),
});
/** A receipt that the verifier named in the acceptance refuses. */
const invalidProof = z.object({
  kind: z.literal("invalid-proof"),
  chainId: s.uint256,
  router: s.address,
  acceptance,
  claim,
  publicValues: hexOfAtMost(limits.publicValues),
  proof: hexOfAtMost(mostProof),
});

export const faultSchema = z.discriminatedUnion("kind", [equivocation, invalidProof]);
/** What a contract needs to see the fault itself. Bigints are decimal text in JSON. */
export type Fault = z.infer<typeof faultSchema>;
export type FaultKind = Fault["kind"];

/** A fault as an enode answers it; `id` counts them there. */
export const storedFaultSchema = z.object({
  id: z.string().regex(/^\d{1,19}$/),
  time: z.iso.datetime(),
  fault: faultSchema,
});
/** Of a list of them. */
export const faultSummarySchema = z.object({
  id: z.string().regex(/^\d{1,19}$/),
  time: z.iso.datetime(),
  kind: z.enum(["equivocation", "invalid-proof"]),
  ...under,
});

/** Whose fault it is, and under which lease. */
export const faultOf = (fault: Fault): Pick<ReceiptClaim, "taskId" | "epoch" | "prover"> =>
  (fault.kind === "equivocation" ? fault.claims[0] : fault.claim).statement;

/**
 * Checks all that needs no chain: signatures, paths, and that the statements are of one lease and
 * say what they must. Of an invalid proof it is left to ask the verifier that was named.
 * @throws {RangeError} saying what does not hold
 */
export function checkFault(fault: Fault): void {
  const network: Network = fault;
  if (fault.kind === "equivocation") {
    const [a, b] = fault.claims;
    checkClaim(network, a);
    checkClaim(network, b);
    sameLease(a.statement, b.statement);
    if (a.statement.publicValuesHash === b.statement.publicValuesHash) {
      throw new RangeError("both claims are of the same public values, which is no fault");
    }
    return;
  }
  const { acceptance, claim, publicValues, proof } = fault;
  checkClaim(network, claim);
  checkSigner(network, acceptance, statementHash("Acceptance", acceptance.statement));
  sameLease(acceptance.statement, claim.statement);
  if (keccakHex(hexToBytes(publicValues)) !== claim.statement.publicValuesHash) {
    throw new RangeError("the public values are not those that were claimed");
  }
  if (keccakHex(hexToBytes(proof)) !== claim.statement.proofHash) {
    throw new RangeError("the proof is not the one that was claimed");
  }
}

const checkClaim = (network: Network, claim: Signed<ReceiptClaim>) =>
  checkSigner(network, claim, statementHash("ReceiptClaim", claim.statement));

function checkSigner(
  network: Network,
  { statement, evidence }: Signed<Acceptance | ReceiptClaim>,
  hash: ReturnType<typeof statementHash>,
): void {
  if (evidenceSigner(network, hash, evidence) !== statement.prover) {
    throw new RangeError(`the statement is not signed by ${statement.prover}`);
  }
}

function sameLease(a: Acceptance | ReceiptClaim, b: ReceiptClaim): void {
  if (a.taskId !== b.taskId || a.epoch !== b.epoch || a.prover !== b.prover) {
    throw new RangeError("the statements are of two leases");
  }
}
