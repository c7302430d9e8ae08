import type { Address, Hex } from "viem";
import type { Receipt } from "../../runtimes/runtime.ts";
import type { WireMessage } from "../protocol/index.ts";
import type { EventBody } from "./state.ts";

/** What a frame means to the task that it names. */
export type Heard =
  | { readonly taskId: Hex; readonly event: EventBody; readonly receipt?: Receipt }
  | { readonly refused: string };

/** Reads a znode's message. */
export function hear({ kind, body }: WireMessage, prover: Address): Heard {
  if (!("epoch" in body) || body.epoch > Number.MAX_SAFE_INTEGER) return { refused: "unexpected" };
  const { taskId } = body;
  const from = { prover, epoch: Number(body.epoch) };
  const said = (event: EventBody): Heard => ({ taskId, event });
  switch (kind) {
    case "accept":
    case "progress":
      return said({ kind, ...from });
    case "refuse":
    case "failure":
      return said({ kind, ...from, retryable: body.retryable, reason: body.reason });
    case "receipt":
      return { taskId, event: { kind, ...from }, receipt: body.receipt };
    case "report": {
      const { output, state, reference, comment } = body;
      const { epoch } = from;
      return said({ kind, holder: prover, epoch, output, state, reference, comment });
    }
    default:
      return { refused: "unexpected" };
  }
}
