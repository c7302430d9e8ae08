import { expect, test } from "bun:test";
import type { Receipt } from "../../runtimes/runtime.ts";
import { numberOf } from "../../runtimes/zkwasm/profile.ts";
import { publicReceipt } from "./public_receipt.ts";

const programId = `0x${"11".repeat(32)}` as const;
const receipt = (change: Partial<Receipt>): Receipt => ({
  ...{ vmType: "halo2", programId, imageId: `0x${"22".repeat(32)}`, bindingKind: "data" },
  ...{ publicValues: Uint8Array.of(1, 2), proof: Uint8Array.of(1, 2, 3, 4) },
  ...change,
});
const zkwasm = (profile: "zk" | "fast") =>
  receipt({ vmType: "zkwasm", proof: Uint8Array.of(1, numberOf(profile), 3, 4) });
/** As many bytes as a seal for contracts has. */
const groth16 = new Uint8Array(4 + 8 * 32);

/** Whether the proof is told: to anyone, or of a project that says its inputs are public. */
test.each<[string, Receipt, boolean, boolean]>([
  ["halo2", receipt({}), true, true],
  ["an original's halo2", receipt({ imageId: programId }), false, false],
  ["zkwasm that hides", zkwasm("zk"), true, true],
  ["zkwasm that does not", zkwasm("fast"), false, true],
  ["no zkwasm", receipt({ vmType: "zkwasm", proof: Uint8Array.of(9) }), false, false],
  ["risc0's STARK", receipt({ vmType: "risc0" }), false, true],
  [
    "risc0's STARK of a tagged guest",
    receipt({ vmType: "risc0", bindingKind: "tag" }),
    false,
    false,
  ],
  ["risc0's Groth16", receipt({ vmType: "risc0", proof: groth16 }), true, true],
])("a proof of %s is told where it hides the input, or may", (_, of, always, ifPublic) => {
  for (const [told, isPublic] of [[always, false], [ifPublic, true]] as const) {
    const file = publicReceipt(of, isPublic);
    if (told) expect(file).toMatchObject({ proof: of.proof, programId });
    else expect(file).toEqual(expect.any(String));
  }
});
