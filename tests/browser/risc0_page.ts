/** The page's script: checks receipts as a page of anyone's would. */
import { Engine } from "../../runtimes/risc0/engine.ts";
import { WasmRisc0 } from "../../runtimes/risc0/module.ts";

async function bytesOf(path: string): Promise<Uint8Array> {
  return new Uint8Array(await (await fetch(path)).arrayBuffer());
}

const fromHex = (hex: string) =>
  Uint8Array.from(hex.slice(2).match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
const toHex = (bytes: Uint8Array) =>
  `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;

function flipped(bytes: Uint8Array, at: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}

/** What the module says of real receipts and of what was made of them. */
export async function check() {
  const engine = new Engine(
    new WasmRisc0(await WebAssembly.compileStreaming(fetch("/risc0.wasm"))),
  );
  const statement = await (await fetch("/meter.json")).json();
  const [journal, imageId] = [fromHex(statement.journal), fromHex(statement.imageId)];
  const verdict = (proof: Uint8Array, to = journal, by = imageId) =>
    engine.verify(proof, to, by) ?? "holds";
  const verdicts = async (path: string) => {
    const proof = await bytesOf(path);
    return {
      real: verdict(proof),
      tampered: {
        seal: verdict(flipped(proof, 5000)),
        kind: verdict(flipped(proof, 0)),
        cut: verdict(proof.subarray(0, -1)),
        journal: verdict(proof, flipped(journal, journal.length - 1)),
        imageId: verdict(proof, journal, flipped(imageId, 0)),
        fake: verdict(new Uint8Array([3, 0, 0, 0, 1, 0, 0, 0, ...imageId])),
      },
    };
  };
  return {
    imageId: toHex(engine.imageId(await bytesOf("/guest.bin"))),
    composite: await verdicts("/composite.bin"),
    succinct: await verdicts("/succinct.bin"),
    broken: engine.broken,
  };
}

Object.assign(globalThis, { check });
