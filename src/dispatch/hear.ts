import { type Address, type Hex, keccak256 } from "viem";
import type { Receipt } from "../../runtimes/runtime.ts";
import {
  evidenceSigner,
  type Network,
  type WireBody,
  type WireMessage,
} from "../protocol/index.ts";
import type { EventBody } from "./state.ts";

/** What a frame means to the task that it names. */
export type Heard =
  | {
    readonly taskId: Hex;
    readonly event: EventBody;
    readonly receipt?: Receipt;
    /** The frame was wrong, and its sender bears what follows. */
    readonly refused?: string;
  }
  | { readonly refused: string };

/** Reads a znode's frame; checks the evidence that it must carry. */
export async function hear(
  { kind, body }: WireMessage,
  prover: Address,
  network: Network,
): Promise<Heard> {
  if (!("epoch" in body) || body.epoch > Number.MAX_SAFE_INTEGER) return { refused: "unexpected" };
  const { taskId } = body;
  const from = { prover, epoch: Number(body.epoch) };
  const said = (event: EventBody): Heard => ({ taskId, event });
  switch (kind) {
    case "accept": {
      if (await acceptor(network, prover, body) === prover) return said({ kind, ...from });
      const reason = "the acceptance is not signed by its prover";
      return { ...said({ kind: "refuse", ...from, retryable: true, reason }), refused: "evidence" };
    }
    case "progress":
      return said({ kind, ...from });
    case "refuse":
    case "failure":
      return said({ kind, ...from, retryable: body.retryable, reason: body.reason });
    case "receipt": {
      const { receipt } = body;
      if (await claimant(network, prover, body) === prover) {
        return { taskId, event: { kind, ...from }, receipt };
      }
      const reason = "the receipt is not signed by its prover";
      const event: EventBody = { kind: "failure", ...from, retryable: true, reason };
      return { taskId, event, refused: "evidence" };
    }
    case "report": {
      const { output, state, reference, comment } = body;
      const { epoch } = from;
      return said({ kind, holder: prover, epoch, output, state, reference, comment });
    }
    default:
      return { refused: "unexpected" };
  }
}

/** Who signed; undefined for what is no signature. */
function acceptor(network: Network, prover: Address, body: WireBody<"accept">) {
  const { taskId, epoch, verifier, evidence } = body;
  const statement = { taskId, epoch, prover, verifier };
  return evidenceSigner(network, "Acceptance", statement, evidence).catch(() => undefined);
}

function claimant(network: Network, prover: Address, body: WireBody<"receipt">) {
  const { taskId, epoch, receipt, evidence } = body;
  const claim = {
    taskId,
    epoch,
    prover,
    programId: receipt.programId,
    publicValuesHash: keccak256(receipt.publicValues),
    proofHash: keccak256(receipt.proof),
  };
  return evidenceSigner(network, "ReceiptClaim", claim, evidence).catch(() => undefined);
}
