/** Proofs by a service with Bento's routes that proves for real, through the node's own runtime. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createRuntimes, type Runtimes } from "../index.ts";
import type { Program } from "../runtime.ts";
import { BentoServer } from "../testing/bento.ts";
import { context, inputOf, never, spec } from "../testing/rig.ts";
import { bentoProver } from "./bento.ts";
import { installedLibrary } from "./installed.ts";
import { openSessions } from "./sessions.ts";

const installed = installedLibrary() !== undefined;
if (!installed) test.skip("remote proofs: the risc0 prover is not built", () => {});

describe.skipIf(!installed)("a remote prover", () => {
  let directory: string, server: BentoServer, runtimes: Runtimes, program: Program;
  let prove = proveForReal;

  /** Proves in another process, as such a service does. */
  async function proveForReal(binary: Uint8Array, stdin: Uint8Array): Promise<Uint8Array> {
    const paths = ["program", "stdin", "receipt"].map((name) => join(directory, name));
    const [program = "", input = "", receipt = ""] = paths;
    await Promise.all([writeFile(program, binary), writeFile(input, stdin)]);
    const script = join(import.meta.dirname, "../testing/risc0_prove.ts");
    await promisify(execFile)("bun", [script, ...paths]);
    return new Uint8Array(await readFile(receipt));
  }

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "w3bstream-remote-"));
    server = await BentoServer.start({ prove: (...run) => prove(run[0], run[1]) });
    runtimes = createRuntimes({
      workers: 1,
      remoteRisc0: bentoProver({
        url: server.url,
        sessions: await openSessions(join(directory, "sessions")),
        pollSeconds: 0.2,
      }),
    });
    const guest = new URL("../../wasm/dist/guests/risc0_meter.bin", import.meta.url);
    const code = new Uint8Array(await readFile(guest));
    program = await runtimes.load({ ...spec(code), vmType: "risc0" }, never);
  });
  afterAll(async () => {
    await runtimes.close();
    await server.close();
    await rm(directory, { recursive: true });
  });

  test("proves for a project that allows it; the receipt is verified like any other", async () => {
    const allowed = { ...context, allowRemote: true };
    const receipt = await program.prove(inputOf("21.5", "22"), allowed, never);
    expect(server.count(/^POST \/sessions\/create$/)).toBe(1);
    expect(await program.verify(receipt, never)).toEqual({ verdict: "valid" });
    const { inputCommitment } = program.statement(receipt) ?? {};
    expect(inputCommitment).toBe(
      (await program.commit(inputOf("21.5", "22"), never)) as `0x${string}`,
    );

    // From now on it lies: the same receipt for another task, and one that is not a proof.
    const real = new Uint8Array(await readFile(join(directory, "receipt")));
    const lies: [string, Uint8Array, RegExp][] = [
      ["33", real, /does not begin with the input's commitment/],
      ["44", real.with(5000, (real[5000] ?? 0) ^ 1), /the remote prover's receipt does not hold/],
      ["55", real.subarray(1), /the remote prover's receipt|is malformed/],
    ];
    for (const [task, lie, reason] of lies) {
      prove = () => Promise.resolve(lie);
      const asked = { ...allowed, taskId: `0x${task.repeat(32)}` as const };
      await expect(program.prove(inputOf("23"), asked, never)).rejects.toThrow(reason);
    }
  });

  test("sees nothing of a project that does not allow it", async () => {
    const before = server.requests.length;
    const refused = program.prove(inputOf("not a reading"), context, never);
    await expect(refused).rejects.toMatchObject({ kind: "input" });
    expect(server.requests.length).toBe(before);
  });
});
