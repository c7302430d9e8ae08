/** Checks of native programs; `libraryPath` is where a compiled native.c is. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import process from "node:process";
import { createRuntimes, type Runtimes } from "../index.ts";
import { type Program, ProgramError, type ProgramErrorKind } from "../runtime.ts";
import { type Check, context, inputOf, never, spec } from "./rig.ts";
import { tiny } from "./tiny.ts";

export function nativeChecks(libraryPath: string): Check[] {
  const asked = spec(tiny());
  const hashOf = (path: string) =>
    `0x${createHash("sha256").update(readFileSync(path)).digest("hex")}`;
  const withLibrary = (sha256: string, path = libraryPath) =>
    createRuntimes({
      workers: 1,
      timeoutSeconds: 1,
      nativeLibraries: { [asked.programId]: { path, sha256 } },
    });
  let runtimes: Runtimes, program: Program;
  const fails = async (kind: ProgramErrorKind, message: RegExp, what: Promise<unknown>) => {
    const error = await what.then(() => undefined, (error) => error);
    assert.ok(error instanceof ProgramError && error.kind === kind, String(error));
    assert.match(error.message, message);
  };
  const prove = (message: string) => program.prove(inputOf(message), context, never);
  return [
    {
      name: "native: a library whose hash is another is not opened",
      async run() {
        const other = withLibrary(`0x${"00".repeat(32)}`);
        await fails("unsupported", /has hash 0x/, other.load(asked, never)).finally(() =>
          other.close()
        );
      },
    },
    {
      name: "native: a file that is no library, or none at all, is told as that",
      async run() {
        const source = new URL("./native.c", import.meta.url).pathname;
        const noLibrary = withLibrary(hashOf(source), source);
        await fails("unsupported", /can't be opened/, noLibrary.load(asked, never))
          .finally(() => noLibrary.close());
        const absent = withLibrary(`0x${"00".repeat(32)}`, `${libraryPath}.absent`);
        await fails("unsupported", /can't be read/, absent.load(asked, never))
          .finally(() => absent.close());
      },
    },
    {
      name: "native: proves and verifies",
      async run() {
        // Relative to this process, as an operator may write it.
        runtimes = withLibrary(hashOf(libraryPath), relative(process.cwd(), libraryPath));
        program = await runtimes.load(asked, never);
        assert.equal(program.info.name, "native");
        const receipt = await prove("{}");
        assert.equal(new TextDecoder().decode(receipt.proof), "native");
        assert.deepEqual(await program.verify(receipt, never), { verdict: "valid" });
        const other = { ...receipt, proof: new Uint8Array(0) };
        assert.deepEqual(await program.verify(other, never), {
          verdict: "invalid",
          reason: "other",
        });
      },
    },
    {
      name: "native: a refusal, an abort and a spinning call end as they should",
      async run() {
        await fails("input", /not this one/, prove("refuse"));
        await fails("crash", /SIGABRT/, prove("abort"));
        await fails("timeout", /longer than 1 s/, prove("spin"));
        await prove("{}");
      },
    },
    { name: "native: ends", run: () => runtimes.close() },
  ];
}
