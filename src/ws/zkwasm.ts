import { Buffer } from "node:buffer";
import { readFile, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { Option } from "commander";
import { type Hex, zeroHash } from "viem";
import { z } from "zod";
import { Engine } from "../../runtimes/zkwasm/engine.ts";
import { committedInput, parseMessage } from "../../runtimes/zkwasm/input.ts";
import { compileProver, WasmLibrary, type Watcher } from "../../runtimes/zkwasm/module.ts";
import { defaultProfile, type Profile, profiles } from "../../runtimes/zkwasm/profile.ts";
import { decodeStatement, type RunStatement, statuses } from "../../runtimes/zkwasm/statement.ts";
import { bytes32, describeIssue } from "../protocol/schema.ts";
import { programIdOf } from "../protocol/task.ts";
import { type Register, UserError } from "./cli.ts";
import { aBytes32 } from "./values.ts";

/** A receipt as a file. */
const receiptSchema = z.object({
  version: z.literal(1, { error: "is of a version that is unknown here" }),
  vmType: z.literal("zkwasm"),
  programId: bytes32,
  profile: z.enum(profiles, { error: "is of a profile that is unknown here" }),
  /** As `wasm/zkwasm/src/abi.rs` describes them. */
  publicValues: z.base64(),
  proof: z.base64(),
});

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const fromBase64 = (text: string) => new Uint8Array(Buffer.from(text, "base64"));

export const zkwasm: Register = (program, io) => {
  program.command("prove")
    .description("run a WebAssembly program that exports zkmain, and prove the run")
    .argument("<program>", "path of the .wasm")
    .option("--input <json>", '{"public_input":[…],"private_input":[…]}', "{}")
    .option("--input-file <path>", "the input as a file")
    .option("--binding <hash>", "32 bytes that the proof is tied to (default: zeros)", aBytes32)
    .addOption(profileOption("what hides private inputs (zk), or is proven sooner (fast)"))
    .option("--salt <hash>", "blinds a commitment to the input (default: random)", aBytes32)
    .option("--output <path>", "the receipt (default: <program>.receipt.json)")
    .option("--dry-run", "run without proving", false)
    .action(async (path, flags) => {
      const code = await readBytes(path);
      const json = flags.inputFile ? await readBytes(flags.inputFile) : encode(flags.input);
      const given = parseMessage(json, "the input");
      const engine = await openEngine(watchProof((line) => io().progress(line)));
      const { handle, commits, imageId } = engine.load(code, flags.profile);
      const salt = flags.salt ? fromHex(flags.salt) : crypto.getRandomValues(new Uint8Array(32));
      const input = commits ? committedInput(given, salt) : given;
      const request = { ...input, binding: flags.binding ?? zeroHash };

      const began = performance.now();
      const seconds = () => (performance.now() - began) / 1000;
      const { status, steps, outputs, debug } = engine.execute(handle, request);
      const ran = { status: statuses[status], steps, outputs, debug };
      const lines = [
        `status   ${statuses[status]}`,
        `steps    ${steps}`,
        `outputs  ${outputs.join(" ") || "none"}`,
        ...(debug.length > 0 ? [`debug    ${debug.join(" ")}`] : []),
      ];
      if (flags.dryRun) return io().result({ imageId, ...ran }, lines);
      io().progress(`ran ${steps} steps in ${seconds().toFixed(1)} s; proving`);
      const proven = engine.prove(handle, request);
      io().progress(`proved after ${seconds().toFixed(1)} s; verifying`);
      const reason = engine.verify(proven);
      if (reason !== undefined) throw new Error(`made a bad proof: ${reason}`);

      const receipt = flags.output ?? `${basename(path, ".wasm")}.receipt.json`;
      const file: z.input<typeof receiptSchema> = {
        version: 1,
        vmType: "zkwasm",
        programId: programIdOf(code, paramOf(flags.profile)),
        profile: flags.profile,
        publicValues: base64(proven.publicValues),
        proof: base64(proven.proof),
      };
      await writeFile(receipt, JSON.stringify(file, null, 2) + "\n");
      const proofBytes = proven.proof.length;
      const { profile } = flags;
      io().result({ receipt, imageId, profile, ...ran, proofBytes, seconds: seconds() }, [
        `receipt  ${receipt}`,
        `profile  ${profile}`,
        `image    ${imageId}`,
        ...lines,
        `proof    ${proofBytes} bytes`,
      ]);
    });

  program.command("verify")
    .description("check a receipt of ws prove, and show what it says")
    .argument("<receipt>", "path of the receipt")
    .option("--program <path>", "the .wasm that it must be of")
    .option("--image-id <id>", "the image id that it must be of", aBytes32)
    .addOption(new Option("--profile <name>", "the profile that it must be of").choices(profiles))
    .action(async (path, flags) => {
      const receipt = readReceipt(path, await readBytes(path));
      const proven = {
        publicValues: fromBase64(receipt.publicValues),
        proof: fromBase64(receipt.proof),
      };
      const said = decodeStatement(proven.publicValues);
      if (!said) throw new UserError(`${path}: its public values are malformed`);
      const { profile } = receipt;
      if (flags.profile !== undefined && flags.profile !== profile) {
        throw new UserError(`its profile is ${profile}, not ${flags.profile}`);
      }
      const engine = await openEngine();
      const reason = engine.verify(proven, profile);
      if (reason !== undefined) throw new UserError(`not valid: ${reason}`);
      const wanted = flags.imageId ??
        (flags.program && engine.load(await readBytes(flags.program), profile).imageId);
      if (wanted !== undefined && wanted !== said.imageId) {
        throw new UserError(`a valid proof, but of image ${said.imageId}, not ${wanted}`);
      }
      const shown = { profile, ...said, status: statuses[said.status] };
      io().result({ valid: true, ...shown }, [
        wanted ? "valid" : "valid for its image id; compare that with ws image-id",
        `profile  ${profile}${profile === "zk" ? "" : ": it does not hide private inputs"}`,
        ...statementLines(said),
      ]);
    });

  program.command("image-id")
    .description("what names a WebAssembly program inside its proofs")
    .argument("<program>", "path of the .wasm")
    .addOption(profileOption("of the proofs"))
    .action(async (path, { profile }) => {
      const code = await readBytes(path);
      const { imageId, commits } = (await openEngine()).load(code, profile);
      const param = paramOf(profile);
      const programId = programIdOf(code, param);
      io().result({ imageId, programId, profile, commits }, [
        `image    ${imageId}`,
        `profile  ${profile}`,
        `program  ${programId} (${param ? `codeExpParam ${param}` : "without codeExpParam"})`,
        `binding  ${commits ? "data: it commits to its input" : "tag: it names task and prover"}`,
      ]);
    });
};

async function openEngine(watcher: Watcher = {}): Promise<Engine> {
  return new Engine(new WasmLibrary(await compileProver(), undefined, watcher));
}

/** Says which tables are proven, and every other second how far that is. */
function watchProof(say: (line: string) => void): Watcher {
  const tables: string[] = [];
  let steps = 0, last = 0;
  return {
    onTable: (name, logHeight) => void tables.push(`${name} 2^${logHeight}`),
    onStep() {
      if (tables.length === 0) return;
      const now = performance.now();
      if (steps++ === 0) {
        say(`${tables.length} tables: ${tables.join(", ")}`);
        last = now;
      }
      if (now - last < 2_000) return;
      last = now;
      say(`${steps} transforms of their columns, lookups and quotients`);
    },
  };
}

const profileOption = (what: string) =>
  new Option("--profile <name>", what).choices(profiles).default(defaultProfile);

/** What a project's `codeExpParam` must be for a program to be proven like this. */
const paramOf = (profile: Profile) => profile === defaultProfile ? "" : JSON.stringify({ profile });

const encode = (text: string) => new TextEncoder().encode(text);
const fromHex = (hex: Hex) => new Uint8Array(Buffer.from(hex.slice(2), "hex"));

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    throw new UserError(`can't read ${path} (${(error as NodeJS.ErrnoException).code})`);
  }
}

function readReceipt(path: string, bytes: Uint8Array): z.infer<typeof receiptSchema> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new UserError(`${path} is not JSON`);
  }
  const parsed = receiptSchema.safeParse(json);
  if (!parsed.success) throw new UserError(`${path}: ${describeIssue(parsed.error)}`);
  return parsed.data;
}

function statementLines({ status, imageId, binding, inputs, outputs }: RunStatement): string[] {
  return [
    `image    ${imageId}`,
    `status   ${statuses[status]}`,
    `inputs   ${inputs.join(" ") || "none"}`,
    `outputs  ${outputs.join(" ") || "none"}`,
    `binding  ${binding}`,
  ];
}
