/** Checks with project files of the original's and the successor's form. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { createRuntimes } from "../index.ts";
import { type Program, ProgramError, type Receipt } from "../runtime.ts";
import { type Check, context, inputOf, never, spec } from "./rig.ts";

interface Config {
  readonly code: string;
  readonly codeExpParam?: string;
}

function programOf(version: "v1" | "v2") {
  const file = new URL(`../../tests/fixtures/original-halo2-${version}.json`, import.meta.url);
  const json = JSON.parse(readFileSync(file, "utf8")) as Config[] | { versions: Config[] };
  const [config] = Array.isArray(json) ? json : json.versions;
  assert.ok(config);
  const code = new Uint8Array(inflateSync(Uint8Array.from(Buffer.from(config.code, "hex"))));
  return spec(code, config.codeExpParam ?? "");
}

export function originalChecks(): Check[] {
  const runtimes = createRuntimes({ workers: 1 });
  const good = inputOf('{"private_a":3,"private_b":4}');
  const answer = ({ proof }: Receipt) => JSON.parse(new TextDecoder().decode(proof));
  const check = (name: string, run: () => Promise<void>) => ({ name: `originals: ${name}`, run });
  const load = (version: "v1" | "v2"): Promise<Program> => runtimes.load(programOf(version), never);
  return [
    check("a v1 program proves, with fresh randomness each time", async () => {
      const program = await load("v1");
      assert.equal(program.info.bindingKind, "none");
      const receipts = [1, 2].map(() => program.prove(good, context, never));
      const [first, second] = (await Promise.all(receipts)).map(answer);
      assert.match(first.proof, /^0x[0-9a-f]{1000,}$/);
      assert.notEqual(first.proof, second.proof);
    }),
    check("a v2 program proves, and is told its project, task and client", async () => {
      const program = await load("v2");
      assert.equal(program.info.bindingKind, "tag");
      const proved = answer(await program.prove(good, context, never));
      assert.match(proved.proof, /^0x[0-9a-f]{1000,}$/);
      assert.equal(String(proved.project), "7");
      assert.equal(String(proved.task), "9");
      assert.equal(proved.client, context.clientId);
    }),
    check("input that a program can't read is a trap, and the next task is fine", async () => {
      const program = await load("v1");
      for (const message of ['{"private_a":3}', "secret-word", "[]"]) {
        const error = await program.prove(inputOf(message), context, never)
          .then(() => undefined, (error) => error);
        assert.ok(error instanceof ProgramError && error.kind === "trap", String(error));
        assert.match(error.message, /refuse/);
        assert.doesNotMatch(error.message, /secret/);
      }
      assert.ok(answer(await program.prove(good, context, never)).proof);
    }),
    { name: "originals: ends", run: () => runtimes.close() },
  ];
}
