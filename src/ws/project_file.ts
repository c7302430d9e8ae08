/** `ws project build|validate|publish` and `ws code convert`: what is done with files alone. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { type Command, Option } from "commander";
import { parseParam } from "../../runtimes/risc0/param.ts";
import { type VmType, vmTypes } from "../../runtimes/runtime.ts";
import { provingOfParam } from "../../runtimes/zkwasm/profile.ts";
import { settings } from "../config.ts";
import { errorText } from "../log.ts";
import {
  encodeDagJson,
  type EncodedProject,
  encodeOriginal,
  encodeProject,
  type ProjectDraft,
} from "../project/encode.ts";
import { openIpfs } from "../project/ipfs.ts";
import { buildPrograms } from "./build.ts";
import { type Io, type Register, UserError } from "./cli.ts";
import { readDraft } from "./draft.ts";
import { readBytes } from "./files.ts";
import { pinBlocks, putToKubo } from "./ipfs_services.ts";
import { aUrl } from "./values.ts";
import { openWrap } from "./zkwasm_wrap.ts";

const formats = { original: encodeOriginal, "dag-json": encodeDagJson } as const;
type Format = keyof typeof formats;

const formatOption = () =>
  new Option("--format <name>", "of the file: the original's, or dag-json as in IPFS")
    .choices(Object.keys(formats)).default("original");
const draftArgument = "the project as JSON, each version's code the path of its program";

async function write(draft: ProjectDraft, format: Format, output: string, io: Io): Promise<void> {
  const bytes = await formats[format](draft);
  await writeFile(output, bytes);
  io.result({ file: output, format, bytes: bytes.length }, [`${output}: ${bytes.length} bytes`]);
}

/** Version and program id of each program. */
export const programsOf = ({ file }: EncodedProject) =>
  [...file.versions.values()].map(({ version, program: { programId } }) => ({
    version,
    programId,
  }));

const programLines = (encoded: EncodedProject) =>
  programsOf(encoded).map((p) => `program of version ${p.version}: ${p.programId}`);

/** Adds these commands to `ws project`. */
export function projectFile(group: Command, io: () => Io): void {
  group.command("publish")
    .description("put a project's config and programs into the data directory's IPFS node")
    .argument("<file>", draftArgument)
    .option("--data-directory <dir>", "the node's data (default: DATA_DIRECTORY or ./data)")
    .option("--kubo <url>", "put them into this Kubo node by its RPC API, too", aUrl)
    .option("--pin <url>", "ask this pinning service to keep them (IPFS_PIN_TOKEN is shown)", aUrl)
    .action(async (file, flags) => {
      const encoded = await encodeProject(await readDraft(file));
      const directory = flags.dataDirectory ?? process.env.DATA_DIRECTORY ??
        settings.DATA_DIRECTORY.fallback;
      const ipfs = openIpfs({ directory: join(directory, "ipfs") });
      try {
        await ipfs.put(encoded.blocks);
      } finally {
        await ipfs.close();
      }
      if (flags.kubo) await putToKubo(flags.kubo, encoded.blocks);
      const pin = flags.pin && await pinBlocks(flags.pin, encoded.root.cid, { directory });
      const uri = `ipfs://${encoded.root.cid}`;
      const programs = programsOf(encoded);
      io().result({ uri, hash: encoded.hash, programs, ...(pin ? { pin } : {}) }, [
        `uri   ${uri}`,
        `hash  ${encoded.hash}`,
        ...(pin ? [`pin   ${pin.status}`] : []),
        ...programLines(encoded),
      ]);
    });

  group.command("build")
    .description("build the programs of their sources; write the project as one file")
    .argument("<file>", draftArgument)
    .argument("[output]", "where to write; a node serves files named by the project's id")
    .addOption(formatOption())
    .action(async (file: string, output: string | undefined, { format }: { format: Format }) => {
      const built = await buildPrograms(file);
      if (output !== undefined) {
        for (const path of built) io().progress(path);
        return await write(await readDraft(file), format, output, io());
      }
      io().result({ built }, built.length > 0 ? built : ["no version has a source"]);
    });

  group.command("validate")
    .description("check that nodes would take a project")
    .argument("<file>", draftArgument)
    .action(async (file) => {
      const encoded = await encodeProject(await readDraft(file));
      const warnings = [...encoded.file.warnings, ...await checkParams(encoded.file)];
      io().result({ valid: true, hash: encoded.hash, programs: programsOf(encoded), warnings }, [
        ...warnings.map((warning) => `warning: ${warning}`),
        ...programLines(encoded),
        `valid; hash ${encoded.hash}`,
      ]);
    });
}

/**
 * Whether the machines know what each version's codeExpParam asks for.
 * @returns what is worth a warning
 * @throws {UserError} naming the version
 */
async function checkParams({ versions }: EncodedProject["file"]): Promise<string[]> {
  const warnings: string[] = [];
  for (const { version, program: { vmType, param } } of versions.values()) {
    try {
      if (vmType === "risc0") parseParam(param);
      const proving = vmType === "zkwasm" ? provingOfParam(param) : undefined;
      if (proving?.profile !== "wrap") continue;
      const problem = (await openWrap()).keyProblem(proving);
      if (problem !== undefined) throw new UserError(`codeExpParam.key: ${problem}`);
      if (proving.key.length > 0) continue;
    } catch (error) {
      throw new UserError(`version ${version}: ${errorText(error)}`);
    }
    warnings.push(
      `version ${version}: names no verifying key, so its proofs rest on the test setup, by which ` +
        "anyone can forge them: development chains alone take it (ws verifier setup makes a key)",
    );
  }
  return warnings;
}

interface ConvertFlags {
  readonly vmType: VmType;
  readonly projectVersion: string;
  readonly param?: string;
  readonly format: Format;
  readonly output: string;
}

export const code: Register = (program, io) => {
  const group = program.command("code").description("programs in project files");
  group.command("convert")
    .description("make a project file of one version of a program")
    .argument("<program>", "the program's file")
    .addOption(
      new Option("--vm-type <name>", "the machine that runs it")
        .choices(vmTypes).makeOptionMandatory(),
    )
    .requiredOption("--output <path>", "the project file")
    .option("--project-version <version>", "its version", "0.1")
    .option("--param <text>", "codeExpParam: how the machine uses the program")
    .addOption(formatOption())
    .action(async (path: string, flags: ConvertFlags) => {
      const version = {
        version: flags.projectVersion,
        vmType: flags.vmType,
        ...(flags.param === undefined ? {} : { codeExpParam: flags.param }),
        code: await readBytes(path),
      };
      await write({ versions: [version] }, flags.format, flags.output, io());
    });
};
