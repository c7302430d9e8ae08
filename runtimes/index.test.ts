import { afterEach, describe, expect, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Hex } from "viem";
import { programIdOf } from "../src/protocol/task.ts";
import { createRuntimes, type Runtimes } from "./index.ts";
import { op } from "./testing/assemble.ts";
import { context, inputOf, spec } from "./testing/rig.ts";
import { description, tiny } from "./testing/tiny.ts";

const never = new AbortController().signal;
let runtimes: Runtimes;
const create = (options = {}) => runtimes = createRuntimes({ workers: 1, ...options });
afterEach(() => runtimes.close());

describe("runtimes", () => {
  test("risc0 is offered where its prover was built, and read everywhere", async () => {
    const cache = await mkdtemp(join(tmpdir(), "w3bstream-cache-"));
    const known = process.env.XDG_CACHE_HOME;
    process.env.XDG_CACHE_HOME = cache;
    try {
      create();
      expect(runtimes.offered).toEqual(["halo2", "zkwasm"]);
      expect(runtimes.unavailable.risc0).toContain("bun run build:native");
      const guest = new URL("../wasm/dist/guests/risc0_meter.bin", import.meta.url);
      const code = new Uint8Array(await readFile(guest));
      const program = await runtimes.load({ ...spec(code), vmType: "risc0" }, never);
      expect(program.info).toMatchObject({ bindingKind: "data", verifiable: true });
      const [one, other] = await Promise.all(
        ["21.5", "21.6"].map((reading) => program.commit(inputOf(reading), never)),
      );
      expect(one).toMatch(/^0x[0-9a-f]{64}$/);
      expect(other).not.toBe(one as Hex);
      const proof = program.prove(inputOf("21.5"), context, never);
      await expect(proof).rejects.toMatchObject({ kind: "unsupported", retryable: true });
    } finally {
      if (known === undefined) delete process.env.XDG_CACHE_HOME;
      else process.env.XDG_CACHE_HOME = known;
      await rm(cache, { recursive: true });
    }
  });

  test("a program with a test setup runs only where that was allowed", async () => {
    create();
    const forgeable = spec(
      tiny({ description: JSON.stringify({ ...description, unsafeTestSetup: true }) }),
    );
    expect(runtimes.load(forgeable, never)).rejects.toMatchObject({ kind: "load" });
    await runtimes.close();
    create({ allowTestSetups: true });
    expect((await runtimes.load(forgeable, never)).info.unsafeTestSetup).toBe(true);
  });

  test("a program is loaded once for all who ask at the same time or later", async () => {
    create();
    const [a, b] = await Promise.all([1, 2].map(() => runtimes.load(spec(tiny()), never)));
    expect(a).toBe(b as typeof a);
    expect(await runtimes.load(spec(tiny()), never)).toBe(a as NonNullable<typeof a>);
    expect(await runtimes.load(spec(tiny(), "other"), never)).not.toBe(a as NonNullable<typeof a>);
  });

  test("one who gives up a load leaves it to the others; the last one ends it", async () => {
    create({ timeoutSeconds: 30 });
    const spinning = spec(tiny({ start: op.forever([]) }));
    const [first, second] = [new AbortController(), new AbortController()];
    const loads = [first, second].map(({ signal }) =>
      runtimes.load(spinning, signal).catch((error) => error)
    );
    first.abort(new Error("first"));
    expect(await loads[0]).toEqual(new Error("first"));
    const pending = await Promise.race([loads[1], Bun.sleep(300).then(() => "pending")]);
    expect(pending).toBe("pending");
    second.abort(new Error("second"));
    expect(await loads[1]).toEqual(new Error("second"));
    // The process that was spinning is free again at once.
    const program = await runtimes.load(spec(tiny()), never);
    expect(program.info.name).toBe("tiny");
  });

  test("a load that failed is tried anew", async () => {
    create({ timeoutSeconds: 1 });
    const bad = spec(tiny({ without: "ws_prove" }));
    for (let i = 0; i < 2; i++) {
      expect(runtimes.load(bad, never)).rejects.toMatchObject({ kind: "load", retryable: false });
    }
  });

  test("proofs of every machine are counted", async () => {
    create({ timeoutSeconds: 20 });
    const path = new URL("../wasm/dist/guests/fibonacci.wasm", import.meta.url);
    const code = new Uint8Array(await readFile(path));
    const zk = { vmType: "zkwasm", code, param: "", programId: programIdOf(code, "") } as const;
    const program = await runtimes.load(zk, never);
    const abort = new AbortController();
    const input = inputOf('{"public_input":[90]}');
    const proofs = [1, 2].map(() =>
      program.prove(input, context, abort.signal).catch((error) => error)
    );
    expect(runtimes.usage()).toMatchObject({ running: 1, waiting: 1 });
    abort.abort(new Error("enough"));
    expect(await Promise.all(proofs)).toEqual([new Error("enough"), new Error("enough")]);
  });

  test("commitments and checks do not wait for proofs", async () => {
    create({ timeoutSeconds: 20 });
    const looping = tiny({ bodies: { ws_prove: [...op.forever([]), ...op.unreachable] } });
    const program = await runtimes.load(spec(looping), never);
    const abort = new AbortController();
    const proof = program.prove(inputOf("{}"), context, abort.signal).catch((error) => error);
    while (runtimes.usage().running === 0) await Bun.sleep(10);
    const { spec: { programId }, info: { imageId } } = program;
    const receipt = {
      ...{ vmType: "halo2", programId, imageId, bindingKind: "none" } as const,
      ...{ publicValues: new Uint8Array(0), proof: new Uint8Array([1]) },
    };
    expect(await program.verify(receipt, never)).toEqual({ verdict: "valid" });
    expect(runtimes.usage().running).toBe(1);
    abort.abort(new Error("enough"));
    expect(await proof).toEqual(new Error("enough"));
  });
});
