/** What checks receipts, the module and the native library, with real receipts and all others. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { concatBytes, type Hex, hexToBytes, stringToBytes } from "viem";
import { random } from "../../tests/e2e/random.ts";
import { slow } from "../../tests/slow.ts";
import {
  claim,
  fakes,
  guest,
  imageId,
  journal,
  type Kind,
  kinds,
  layoutOf,
  moduleEngine,
  nameOfHash,
  nativeEngine,
  proofs,
  pruned,
  receiptOf,
  u32,
  u64,
} from "../testing/risc0_receipts.ts";

setDefaultTimeout(600_000);

const seed = Number(process.env.SEED ?? 1);
const native = await nativeEngine();
const verifiers = [
  { name: "the module", engine: moduleEngine() },
  ...(native ? [{ name: "the native library", engine: native }] : []),
];
if (!native) {
  test.skip("the native library: not built here, bun run build:native builds it", () => {});
}

if (native) {
  test("a set RISC0_DEV_MODE makes the native library take nothing more", async () => {
    const script = join(import.meta.dirname, "../testing/risc0_dev_mode.ts");
    for (const RISC0_DEV_MODE of ["1", "true"]) {
      const env = { ...process.env, RISC0_DEV_MODE };
      const { stdout } = await promisify(execFile)(process.execPath, [script], { env });
      const seen = stdout.trim().split("\n").map((line) => JSON.parse(line));
      const refused = { accepted: false, why: expect.stringContaining("unknown kind") };
      // A real proof fails too: the environment contradicts how the library was built.
      const failed = {
        accepted: false,
        why: expect.stringContaining("dev mode has been disabled"),
      };
      expect(seen).toEqual([failed, ...fakes.map(() => refused)]);
    }
  });
}

const digest = (hex: string) => hexToBytes(`0x${hex}`);
/** Of the verifier of Groth16 receipts in risc0 5.0.0-rc.1; its first 4 bytes are the selector. */
const groth16Parameters = digest(
  "ef6cb709d299859da4f3252ac6a1fefea6340f5cf83bbdc7b66c324d4f700eef",
);
/** What receipts of risc0 1.2.6 name, whose proofs are of other circuits. */
const oldParameters = {
  composite: {
    own: digest("52a27aff2de5a8206e3e88cb8dcb087c1193ede8efaf4889117bc68e704cf29a"),
    whole: digest("d56767c98914dd6bdc45782fbe02eda0c3a3102ae28fdd70e7c55d701e5db42d"),
  },
  succinct: {
    own: digest("21a829e931cda9f34723dc77d947efe264771fea83bc495b3903014d0fe50d57"),
    controlId: digest("53b94f649b8fef3283c730425bf9be1618b82a76e270bd44b351f16eda68d00d"),
  },
};
/** A published Groth16 receipt of risc0 2.2. */
const vector: Record<"seal" | "journal" | "image_id", Hex> = JSON.parse(
  readFileSync(
    new URL("../../contracts/test/vectors/risc0-groth16.json", import.meta.url),
    "utf8",
  ),
);

/** A copy with other bytes at an offset. */
function put(bytes: Uint8Array, at: number, part: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  copy.set(part, at);
  return copy;
}

/** A copy with one byte changed, in bits that `draw` chooses. */
const flipped = (bytes: Uint8Array, at: number, draw: () => number) =>
  put(bytes, at, new Uint8Array([(bytes[at] as number) ^ (1 + Math.floor(draw() * 255))]));

const zeros = (length: number) => new Uint8Array(length);

const range = (start: number, end: number) =>
  Array.from({ length: end - start }, (_, i) => start + i);

describe.each(verifiers)("$name", ({ engine }) => {
  /** Refused for what it is, without harm to the verifier. */
  function refused(proof: Uint8Array, what: string, { to = journal, by = imageId } = {}): string {
    const reason = engine.verify(proof, to, by);
    if (reason === undefined) throw new Error(`${what} was accepted`);
    if (engine.broken) throw new Error(`${what} broke the verifier: ${reason}`);
    return reason;
  }

  test("names the committed guest as the receipts do", () => {
    expect(engine.imageId(guest("meter"))).toEqual(imageId);
  });

  describe.each(kinds.map((kind) => ({ kind })))("$kind", ({ kind }) => {
    const proof = proofs[kind];
    const layout = layoutOf(kind);

    test("a real proof holds, also as risc0 carries it", () => {
      expect(engine.verify(proof, journal, imageId)).toBeUndefined();
      expect(engine.takeApart(receiptOf(proof))).toEqual({ proof, journal });
    });

    test("no byte of the journal or the image id can be another", () => {
      const draw = random(seed);
      for (const at of journal.keys()) {
        refused(proof, `journal byte ${at}`, { to: flipped(journal, at, draw) });
      }
      for (const at of imageId.keys()) {
        refused(proof, `image id byte ${at}`, { by: flipped(imageId, at, draw) });
      }
      refused(proof, "a longer journal", { to: concatBytes([journal, new Uint8Array(1)]) });
      refused(proof, "a shorter journal", { to: journal.subarray(0, -1) });
      refused(proof, "no journal", { to: new Uint8Array(0) });
      const other = engine.imageId(guest("hash_chain"));
      refused(proof, "another program's image id", { by: other });
      expect(refused(proof, "a short image id", { by: imageId.subarray(1) })).toMatch(/32 bytes/);
    });

    test("no byte of the proof can be another", () => {
      const draw = random(seed);
      const sampled = Array.from({ length: 300 }, () => Math.floor(draw() * proof.length));
      // Without SLOW=1, a third of what describes the seal.
      const described = range(layout.sealEnd, proof.length).filter(() => slow || draw() < 1 / 3);
      const ends = [...range(0, 64), ...range(proof.length - 64, proof.length)];
      for (const at of new Set([...ends, ...described])) {
        refused(flipped(proof, at, draw), `byte ${at} of ${proof.length}`);
      }
      for (const at of sampled) refused(flipped(proof, at, draw), `byte ${at} of ${proof.length}`);
    });

    test("it can't be cut, lengthened, or passed for another kind", () => {
      const draw = random(seed);
      const { length } = proof;
      const anywhere = Array.from({ length: 50 }, () => Math.floor(draw() * length));
      for (const end of [...range(0, 64), ...anywhere, ...range(layout.sealEnd - 4, length)]) {
        refused(proof.subarray(0, end), `${end} bytes of ${length}`);
      }
      for (const more of [new Uint8Array(1), new Uint8Array(65536), proof, journal]) {
        const what = `${more.length} bytes more`;
        expect(refused(concatBytes([proof, more]), what)).toMatch(/malformed/);
      }
      for (const tag of [0, 1, 2, 3, 4, 0x100, 0xffffffff]) {
        if (u32(tag)[0] === proof[0] && tag < 2) continue;
        refused(put(proof, 0, u32(tag)), `tag ${tag}`);
      }
    });

    test("one that says that it is of another version is refused", () => {
      refused(put(proof, layout.parameters, oldParameters[kind].own), "another version");
      if (kind === "composite") {
        const at = proof.length - 32;
        refused(put(proof, at, oldParameters.composite.whole), "another version as a whole");
      } else {
        refused(put(proof, layout.sealEnd, oldParameters.succinct.controlId), "another control id");
      }
      for (const name of ["sha-256", "blake2b"]) {
        const hash = concatBytes([u64(BigInt(name.length)), stringToBytes(name)]);
        const [head, rest] = [
          proof.subarray(0, layout.hashName),
          proof.subarray(layout.parameters),
        ];
        refused(concatBytes([head, hash, rest]), `hash function ${name}`);
      }
    });

    test("lengths that nothing could have are refused at once", () => {
      const places = [layout.sealLength, layout.hashName, ...(kind === "composite" ? [4] : [])];
      for (const at of places) {
        for (const bits of [24n, 31n, 32n, 40n, 62n, 63n]) {
          for (const length of [1n << bits, (1n << bits) - 1n]) {
            refused(put(proof, at, u64(length)), `length ${length} at ${at}`);
          }
        }
      }
    });
  });

  test("a receipt of the development mode is none, for the right claim either", () => {
    // The digest is the right one: the real proof holds for it.
    const { sealEnd, hashName } = layoutOf("succinct");
    const [head, rest] = [
      proofs.succinct.subarray(0, sealEnd + 32),
      proofs.succinct.subarray(hashName),
    ];
    const digested = concatBytes([head, pruned(claim.digest), rest]);
    expect(engine.verify(digested, journal, imageId)).toBeUndefined();
    for (const fake of fakes) {
      expect(refused(fake, "a fake receipt")).toMatch(/unknown kind/);
      expect(() => engine.takeApart(receiptOf(fake))).toThrow(/unknown kind/);
    }
    expect(refused(put(digested, 0, u32(3)), "a fake receipt with a seal")).toMatch(/malformed/);
  });

  test("a Groth16 receipt is one of this version, and a seal", () => {
    const seal = hexToBytes(vector.seal);
    const other = { to: hexToBytes(vector.journal), by: hexToBytes(vector.image_id) };
    expect(refused(seal, "a seal of risc0 2.2", other)).toMatch(/another version/);
    const renamed = put(seal, 0, groth16Parameters.subarray(0, 4));
    expect(refused(renamed, "a seal of 2.2 under this version's name", other)).toMatch(/not hold/);
    expect(refused(renamed, "a seal of something else")).toMatch(/not hold/);
    const bare = seal.subarray(4);
    const parts = [u32(2), u64(256n), bare, u32(0), claim.encoded, groth16Parameters];
    const encoded = concatBytes(parts);
    expect(refused(encoded, "a Groth16 receipt in bincode")).toMatch(/unknown form/);
    // It can be read where it comes from a remote prover; the seal is what is verified.
    const apart = engine.takeApart(receiptOf(encoded));
    expect(apart).toEqual({
      proof: concatBytes([groth16Parameters.subarray(0, 4), bare]),
      journal,
    });
    expect(refused(apart.proof, "a seal of 2.2")).toMatch(/not hold/);
    for (const word of [zeros(32), new Uint8Array(32).fill(255)]) {
      const words = concatBytes(Array.from({ length: 8 }, () => word));
      refused(concatBytes([groth16Parameters.subarray(0, 4), words]), "no points");
    }
  });

  test("a receipt that rests on others is refused before those are read", () => {
    const levels = 100_000;
    const level = concatBytes([u32(0), u64(0n), u64(1n)]);
    const nested = concatBytes([...Array.from({ length: levels }, () => level), zeros(64)]);
    const segments = proofs.composite.subarray(0, -40);
    const { sealEnd, hashName } = layoutOf("composite");
    const claimed = proofs.composite.subarray(layoutOf("composite").parameters + 32, -40);
    const one = concatBytes([zeros(8), proofs.composite.subarray(sealEnd, hashName)]);
    const small = concatBytes([u32(0), u64(1n), one, nameOfHash, zeros(32), claimed]);
    for (const begun of [new Uint8Array(0), segments, small]) {
      const deep = begun.length > 0 ? concatBytes([begun, u64(1n), nested]) : nested;
      expect(refused(deep, `${levels} receipts in receipts`)).toMatch(/rests on other receipts/);
      expect(() => engine.takeApart(receiptOf(deep))).toThrow(/rests on other receipts/);
    }
    for (const count of [1n, 1n << 32n, (1n << 64n) - 1n]) {
      refused(concatBytes([segments, u64(count), zeros(32)]), `${count} assumptions`);
    }
    refused(concatBytes([u32(0), u64(0n), u64(0n), zeros(32)]), "no segment");
    const twice = concatBytes([u32(0), u64(2n), segments.subarray(12), segments.subarray(12)]);
    refused(concatBytes([twice, proofs.composite.subarray(-40)]), "the segment twice");
  });

  test("10,000 random and mutated inputs are refused, and none breaks it", () => {
    const draw = random(seed);
    const below = (count: number) => Math.floor(draw() * count);
    const noise = (length: number) => Uint8Array.from({ length }, () => below(256));
    for (let i = 0; i < 5000; i++) {
      const bytes = noise(below(4097));
      // Every other one passes for a proof at first sight.
      refused(i % 2 === 0 || bytes.length < 4 ? bytes : put(bytes, 0, u32(below(4))), `noise ${i}`);
    }
    for (let i = 0; i < 5000; i++) {
      const kind = kinds[i % 2] as Kind;
      refused(mutated(kind, below, noise), `mutation ${i} of seed ${seed}`);
    }
  });
});

/**
 * A proof whose structure is another. What changes the seal or the claim alone costs a verification
 * of tens of milliseconds: those are few here, and sampled above.
 */
function mutated(
  kind: Kind,
  below: (count: number) => number,
  noise: (length: number) => Uint8Array,
): Uint8Array {
  const proof = proofs[kind];
  const { sealLength, sealEnd } = layoutOf(kind);
  const tail = () => sealEnd + below(proof.length - sealEnd);
  const at = below(2) === 0 ? below(sealLength + 8) : tail();
  const part = noise(1 + below(16));
  switch (below(100) === 0 ? 4 : below(4)) {
    case 0: // Cut.
      return proof.subarray(0, below(3) === 0 ? at : below(proof.length));
    case 1: // Something more in between.
      return concatBytes([proof.subarray(0, at), part, proof.subarray(at)]);
    case 2: // Something less in between.
      return concatBytes([proof.subarray(0, at), proof.subarray(at + part.length)]);
    case 3: // A short seal, and noise behind it.
      return concatBytes([
        proof.subarray(0, sealLength),
        u64(BigInt(below(64))),
        noise(below(600)),
      ]);
    default: // Other bytes in its place.
      return put(proof, Math.min(at, proof.length - part.length), part);
  }
}
