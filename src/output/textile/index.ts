import { createHash } from "node:crypto";
import { type Address, bytesToHex, type Hex, keccak256 } from "viem";
import { publicReceipt } from "../../protocol/public_receipt.ts";
import { receiptJson } from "../../protocol/receipt_file.ts";
import { anyAddress } from "../../safe-fetch.ts";
import { deliver } from "../http.ts";
import { insistLive, type Output, OutputError } from "../output.ts";
import { printable } from "../printable.ts";
import type { OutputJob } from "../types.ts";

/** Where the original sends vault events to. */
export const textileEndpoint = "https://basin.tableland.xyz";

export interface TextileDeps {
  /** The operator's; undefined: `textileEndpoint`. */
  readonly endpoint: string | undefined;
  /** The operator's key: the vault is its account's. */
  readonly signer: { readonly address: Address; sign(args: { hash: Hex }): Promise<Hex> };
  /** Whether the operator's key may sign for what this project's file asks for (DESIGN R11). */
  readonly mayWrite: (projectId: bigint, vaultId: string) => Promise<boolean>;
  /** For one request and its answer, ms. */
  readonly timeoutMs?: number;
}

/**
 * Writes an event to a vault, signed as the original does. At-least-once: the same event has the
 * same bytes and the same signature whenever it is sent.
 */
export function textileOutput(deps: TextileDeps): Output<"textile"> {
  const { endpoint, signer, mayWrite, timeoutMs } = deps;
  return {
    async run(job, { vaultId, publicInputs }, { signal }) {
      const { projectId } = job.task;
      if (!await mayWrite(projectId, vaultId)) {
        throw new OutputError(
          "dead",
          `this node's key doesn't sign vault events for project ${projectId}; an operator who ` +
            `trusts it adds textile:${vaultId} to OUTPUT_ALLOW`,
        );
      }
      const body = eventOf(job, publicInputs);
      const signature = await vaultSignature(body, signer);
      insistLive(job);
      const timestamp = Math.floor(Date.now() / 1000);
      const url = `${(endpoint ?? textileEndpoint).replace(/\/$/, "")}/vaults/` +
        `${encodeURIComponent(vaultId)}/events?timestamp=${timestamp}&signature=${signature}`;
      const { status, body: answer } = await deliver(url, {
        headers: {
          "Content-Type": "application/octet-stream",
          filename: createHash("sha256").update(body).digest("hex"),
        },
        body,
        signal,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        // The operator's own endpoint may be anywhere.
        ...(endpoint === undefined ? {} : { allow: anyAddress }),
      });
      if (status >= 200 && status < 300) {
        return { state: "confirmed", reference: signature, comment: "" };
      }
      const hint = status === 401 || status === 403 || status === 404
        ? `: is the vault ${vaultId} there, and ${signer.address}'s?`
        : "";
      throw new OutputError("retry", `the vault answers HTTP ${status}${saidBy(answer)}${hint}`);
    },
  };
}

/**
 * The event's bytes: `{"proof":…,"result":…}`. The result is the public values as decimal numbers,
 * one after the other, as the original has it; the proof is a receipt's text, or says why it is
 * withheld.
 */
export function eventOf({ taskId, prover, receipt }: OutputJob, publicInputs: boolean): Uint8Array {
  const file = publicReceipt(receipt, publicInputs);
  const task = { taskId, prover };
  const proof = typeof file === "string"
    ? { programId: receipt.programId, task, withheld: file }
    : receiptJson({ ...file, task });
  const result = Array.from(receipt.publicValues, String).join("");
  return new TextEncoder().encode(JSON.stringify({ proof: JSON.stringify(proof), result }));
}

/** secp256k1 over Keccak-256 of the event: r, s and the recovery id 0 or 1, as hex without 0x. */
async function vaultSignature(event: Uint8Array, signer: TextileDeps["signer"]): Promise<string> {
  const signature = await signer.sign({ hash: keccak256(event) });
  const recovery = Number.parseInt(signature.slice(130), 16) - 27;
  return signature.slice(2, 130) + bytesToHex(Uint8Array.of(recovery)).slice(2);
}

/** Basin answers `{"error": "…"}`. */
function saidBy(answer: Uint8Array): string {
  try {
    const { error } = JSON.parse(new TextDecoder().decode(answer));
    return typeof error === "string" ? ` (${printable(error)})` : "";
  } catch {
    return "";
  }
}
