import type { Address, Hex } from "viem";
import type { WireMessage } from "../protocol/index.ts";
import type { Brought } from "./desk.ts";
import type { EventBody } from "./state.ts";

/** What a frame means to the task that it names. */
export type Heard =
  | { readonly taskId: Hex; readonly event: EventBody; readonly brought: Brought }
  | { readonly refused: string };

/** Reads a znode's message. */
export function hear(message: WireMessage, prover: Address): Heard {
  const { kind, body } = message;
  if (!("epoch" in body) || body.epoch > Number.MAX_SAFE_INTEGER) return { refused: "unexpected" };
  const { taskId } = body;
  const from = { prover, epoch: Number(body.epoch) };
  const said = (event: EventBody, brought: Brought = {}): Heard => ({ taskId, event, brought });
  switch (kind) {
    case "accept":
      return said({ kind, ...from }, { acceptance: message.signed });
    case "progress":
      return said({ kind, ...from });
    case "refuse":
    case "failure":
      return said({ kind, ...from, retryable: body.retryable, reason: body.reason });
    case "receipt":
      return said({ kind, ...from }, { receipt: body.receipt, claim: message.signed });
    case "report": {
      const { output, state, reference, comment } = body;
      const { epoch } = from;
      return said({ kind, holder: prover, epoch, output, state, reference, comment });
    }
    default:
      return { refused: "unexpected" };
  }
}
