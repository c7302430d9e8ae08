/**
 * Has the native library verify a real proof and fake receipts, for a test of what an environment
 * makes of it; prints one JSON line each.
 */
import { fakes, imageId, journal, nativeEngine, proofs } from "./risc0_receipts.ts";

const engine = await nativeEngine();
if (!engine) throw new Error("the prover is not built");
for (const proof of [proofs.succinct, ...fakes]) {
  let why: string | undefined;
  try {
    why = engine.verify(proof, journal, imageId);
  } catch (error) {
    why = String(error);
  }
  console.log(JSON.stringify({ accepted: why === undefined, why }));
}
