/** What must hold of ZkWasm programs, on Bun and on Deno alike. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { sha256 } from "viem";
import { bindingOf, programIdOf } from "../../src/protocol/task.ts";
import type { Program, Progress, Receipt } from "../runtime.ts";
import { CancelledError } from "../worker.ts";
import { Engine } from "../zkwasm/engine.ts";
import { zkwasmRuntime } from "../zkwasm/index.ts";
import { compileProver, WasmLibrary } from "../zkwasm/module.ts";
import { decodeStatement } from "../zkwasm/statement.ts";
import { bytes, type Check, context, fails, inputOf, never } from "./rig.ts";

export const zkwasmChecks: Check[] = [];

const gib = 1024 ** 3;
const fast = '{"profile":"fast"}';
const guest = async (name: string) =>
  new Uint8Array(await readFile(new URL(`../../wasm/dist/guests/${name}.wasm`, import.meta.url)));
const text = (values: { public?: unknown[]; private?: unknown[] }) =>
  JSON.stringify({ public_input: values.public, private_input: values.private });

function check(
  name: string,
  run: (load: (code: Uint8Array, param?: string) => Promise<Program>) => Promise<void>,
  memoryBytes = 4 * gib,
): void {
  zkwasmChecks.push({
    name: `zkwasm: ${name}`,
    async run() {
      const runtime = zkwasmRuntime({
        workers: 1,
        limits: { memoryBytes, timeoutSeconds: 120 },
        wrap: { native: () => undefined, keys: { setup: "", folder: "" } },
      });
      // Proofs are of profile `fast` where nothing else is asked for: they take less time.
      const load = (code: Uint8Array, param = fast) =>
        runtime.load(
          { vmType: "zkwasm", code, param, programId: programIdOf(code, param) },
          never,
        );
      try {
        await run(load);
      } finally {
        await runtime.close();
      }
    },
  });
}

/** A WASM module of the sections given; each section is [id, …content bytes]. */
function wasm(...sections: number[][]): Uint8Array {
  const all = sections.map(([id = 0, ...content]) => [id, content.length, ...content]).flat();
  return new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...all]);
}

/** A change of the receipt must be noticed. */
async function isInvalid(program: Program, receipt: Receipt, reason: RegExp): Promise<void> {
  const verdict = await program.verify(receipt, never);
  assert.equal(verdict.verdict, "invalid");
  assert.match((verdict as { reason: string }).reason, reason);
}

function flipped(given: Uint8Array, at: number): Uint8Array {
  const other = given.slice();
  other[at] = (other[at] ?? 0) ^ 1;
  return other;
}

check(
  "an original guest is proven from several messages, and tagged with its task",
  async (load) => {
    const program = await load(await guest("sum"));
    assert.equal(program.info.bindingKind, "tag");
    assert.equal(await program.commit(inputOf("{}"), never), undefined);
    const input = inputOf(
      text({ private: [3], public: [] }),
      text({ private: ["0xffffffffffffffff"], public: [2] }),
    );
    const phases: Progress[] = [];
    const receipt = await program.prove(input, context, never, (p) => phases.push(p));
    assert.deepEqual([...new Set(phases.map(({ phase }) => phase))], [
      "execute",
      "prove",
      "verify",
    ]);
    assert.deepEqual(await program.verify(receipt, never), { verdict: "valid" });
    const said = decodeStatement(receipt.publicValues);
    assert.deepEqual([said?.status, said?.inputs, said?.outputs], [0, [2n], []]);
    const binding = bindingOf(context.taskId, context.prover);
    assert.deepEqual(program.statement(receipt), {
      inputCommitment: `0x${"00".repeat(32)}`,
      binding,
    });

    const changed = (part: Partial<Receipt>) => ({ ...receipt, ...part });
    const { publicValues, proof } = receipt;
    // The binding, an input, and a byte of the proof.
    for (const at of [40, publicValues.length - 1]) {
      const other = changed({ publicValues: flipped(publicValues, at) });
      await isInvalid(program, other, /does not hold/);
    }
    await isInvalid(program, changed({ proof: flipped(proof, proof.length / 2 | 0) }), /proof/);
    await isInvalid(program, changed({ proof: proof.subarray(1) }), /proof/);
    await isInvalid(program, changed({ publicValues: publicValues.subarray(1) }), /malformed/);
    await isInvalid(program, changed({ publicValues: flipped(publicValues, 5) }), /image id/);
    await isInvalid(program, changed({ publicValues: flipped(publicValues, 1) }), /unreachable/);
    await isInvalid(program, changed({ bindingKind: "none" }), /binding/);
    await isInvalid(program, changed({ vmType: "halo2" }), /halo2/);

    const other = await load(await guest("fibonacci"));
    assert.notEqual(other.info.imageId, program.info.imageId);
    await isInvalid(other, receipt, /another program/);
    const posed = changed({ programId: other.spec.programId, imageId: other.info.imageId });
    await isInvalid(other, posed, /image id/);
  },
);

check(
  "a proof hides unless its project says otherwise, and no other profile passes",
  async (load) => {
    const code = await guest("sum");
    const [hiding, plain] = [await load(code, ""), await load(code)];
    assert.deepEqual([hiding.info.name, plain.info.name], ["zkwasm zk", "zkwasm fast"]);
    assert.notEqual(hiding.info.imageId, plain.info.imageId);
    const input = inputOf(text({ private: [3, 4], public: [7] }));
    const receipt = await hiding.prove(input, context, never);
    const again = await hiding.prove(input, context, never);
    assert.deepEqual(await hiding.verify(receipt, never), { verdict: "valid" });
    assert.deepEqual(receipt.publicValues, again.publicValues);
    assert.notDeepEqual(receipt.proof.slice(-1000), again.proof.slice(-1000));
    assert.ok(receipt.proof.length < 2 * 1024 ** 2, `${receipt.proof.length} bytes`);

    const weaker = await plain.prove(input, context, never);
    for (const [program, other] of [[hiding, weaker], [plain, receipt]] as const) {
      const { programId } = program.spec;
      await isInvalid(program, other, /another program/);
      await isInvalid(program, { ...other, programId }, /not of profile/);
      const { imageId } = program.info;
      await isInvalid(program, { ...other, programId, imageId }, /not of profile/);
      const proof = other.proof.slice();
      proof[1] = (program === hiding ? receipt : weaker).proof[1] ?? 0;
      await isInvalid(program, { ...other, programId, imageId, proof }, /image id/);
    }
    const same = await load(code, "--k 13");
    assert.equal(same.info.imageId, hiding.info.imageId);
    await fails(load(code, '{"profile":"slow"}'), "load", /codeExpParam.*fast/);
  },
);

check("inputs that a guest or its form refuses are not retried, and not shown", async (load) => {
  const program = await load(await guest("sum"));
  const refused: [string, RegExp][] = [
    [text({ private: [3, 4], public: [8] }), /require failed/],
    [text({ private: [3], public: [8] }), /no private input is left/],
    ["hunter2", /message 0 is not JSON/],
    [text({ private: ["hunter2"] }), /private_input.0: must be an integer/],
    [text({ private: [1.5] }), /private_input.0/],
    [text({ public: ["0x1ffffffffffffffff"] }), /public_input.0/],
    ['{"public_input":[18446744073709551616]}', /public_input.0/],
    ['{"public_input":7}', /public_input/],
    [text({ private: [1, 1], public: Array(9000).fill(2) }), /9000 public inputs and outputs/],
  ];
  for (const [message, reason] of refused) {
    const failure = program.prove(inputOf(message), context, never);
    await fails(failure, "input", reason);
    const error = await failure.catch((error) => error);
    assert.ok(!error.retryable && !error.message.includes("hunter2"));
  }
  const largest = '{"private_input":[18446744073709551615,-1],"public_input":["-2"]}';
  const receipt = await program.prove(inputOf(largest), context, never);
  assert.deepEqual(decodeStatement(receipt.publicValues)?.inputs, [2n ** 64n - 2n]);
});

check("guests in both languages commit to their input as the enode does", async (load) => {
  const messages = ["1", '"-2"', "90000"].map((value) => `{"private_input":[${value}]}`);
  for (const name of ["meter", "meter_rust"]) {
    const program = await load(await guest(name));
    assert.equal(program.info.bindingKind, "data");
    const receipt = await program.prove(inputOf(...messages), context, never);
    assert.deepEqual(await program.verify(receipt, never), { verdict: "valid" });
    const commitment = await program.commit(inputOf(...messages), never);
    assert.equal(program.statement(receipt)?.inputCommitment, commitment);
    const other = await program.commit(
      { ...inputOf(...messages), salt: new Uint8Array(32) },
      never,
    );
    assert.notEqual(other, commitment);
    // Two are normal, their sum is -1, and the third is flagged.
    const said = decodeStatement(receipt.publicValues);
    assert.deepEqual([said?.inputs, said?.outputs.slice(4)], [[], [2n, 2n ** 64n - 1n, 4n]]);
    await fails(program.prove(inputOf("{}"), context, never), "input", /require failed/);
  }
  // A module with empty functions zkmain and zkcommit.
  const names = ["zkmain", "zkcommit"].map((name, i) => [name.length, ...bytes(name), 0, i]).flat();
  const empty = wasm([1, 1, 0x60, 0, 0], [3, 2, 0, 0], [7, 2, ...names], [
    ...[10, 2, 2, 0, 11],
    ...[2, 0, 11],
  ]);
  const liar = await load(empty);
  assert.equal(liar.info.bindingKind, "data");
  await fails(liar.prove(inputOf("{}"), context, never), "trap", /do not commit/);
});

check("SHA-256 is computed and proven by a guest in Rust", async (load) => {
  const program = await load(await guest("sha256"));
  const message = text({ public: [1], private: ["0x6162636465666768"] });
  const receipt = await program.prove(inputOf(message), context, never);
  assert.deepEqual(await program.verify(receipt, never), { verdict: "valid" });
  const said = decodeStatement(receipt.publicValues);
  const digest = said?.outputs.map((value) => value.toString(16).padStart(16, "0")).join("");
  assert.equal(`0x${digest}`, sha256(bytes("abcdefgh")));
});

check("a module that is no guest is refused by what it lacks", async (load) => {
  await fails(load(bytes("no module")), "load", /invalid module/);
  await fails(load(wasm()), "load", /must export a function zkmain/);
});

check(
  "a proof that takes more memory than allowed fails, and the next one runs",
  async (load) => {
    const program = await load(await guest("fibonacci"));
    const message = text({ public: [30_000] });
    await fails(program.prove(inputOf(message), context, never), "memory", /more than 96 MiB/);
    await program.prove(inputOf(text({ public: [10] })), context, never);
  },
  96 * 1024 * 1024,
);

check("a run of too many steps is refused, and a given-up proof frees its worker", async (load) => {
  const program = await load(await guest("fibonacci"));
  const endless = inputOf(text({ public: ["0xffffffffffffffff"] }));
  await fails(program.prove(endless, context, never), "trap", /instructions/);
  const abort = new AbortController();
  const proof = program.prove(inputOf(text({ public: [100] })), context, abort.signal);
  abort.abort(new Error("enough"));
  await assert.rejects(proof, /enough/);
  const receipt = await program.prove(inputOf(text({ public: [93] })), context, never);
  const said = decodeStatement(receipt.publicValues);
  assert.deepEqual(said?.outputs, [12200160415121876738n]);
});

check(
  "a proof tells of its tables, and one that was cancelled ends at the prover's next step",
  async () => {
    let left = Infinity;
    const tables: string[] = [];
    const library = new WasmLibrary(await compileProver(), undefined, {
      onTable: (name, logHeight) => void tables.push(`${name} ${logHeight}`),
      onStep() {
        if (left-- <= 0) throw new CancelledError("cancelled");
      },
    });
    const engine = new Engine(library);
    const { handle } = engine.load(await guest("fibonacci"), "fast");
    const request = { public: [10n], private: [], binding: `0x${"00".repeat(32)}` } as const;
    const proven = engine.prove(handle, request);
    assert.deepEqual(tables.slice(0, 1), ["Cpu 7"]);
    assert.ok(tables.some((table) => /^Io \d+$/.test(table)), tables.join());
    assert.equal(engine.verify(proven), undefined);
    assert.ok(!engine.broken);
    left = 5;
    assert.throws(() => engine.prove(handle, request), CancelledError);
    assert.ok(engine.broken);
  },
);
