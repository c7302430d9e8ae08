import { access, constants, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { CommanderError } from "commander";
import type { Crate } from "../../runtimes/crate.ts";
import { buildLibrary } from "../../runtimes/crate_build.ts";
import { errorText } from "../log.ts";
import { onSignal } from "../shutdown.ts";
import { type Io, type Register, UserError } from "./cli.ts";
import { DevChain, projectId } from "./dev/chain.ts";
import { type Followed, linesOf, sendLines } from "./dev/messages.ts";
import { startDevNode } from "./dev/processes.ts";
import { DevProject, type Published } from "./dev/project.ts";
import { watchFolder } from "./dev/watch.ts";
import { readSource } from "./draft.ts";
import { anInteger } from "./values.ts";

interface DevFlags {
  readonly messages?: string;
  readonly port?: number;
  readonly verbose: boolean;
}

export const dev: Register = (program, io) => {
  program.command("dev")
    .description("run a project with a chain, its contracts and a node, all on this machine")
    .argument("<folder>", "the project's, with project.json")
    .option("--messages <file>", "messages to send, one a line (default: standard input)")
    .option(
      "--port <n>",
      "of the node's HTTP API (default: 9000, or a free one)",
      anInteger(1, 65_535),
    )
    .option("--verbose", "show the node's log", false)
    .addHelpText(
      "after",
      "\nTakes changes of the folder up. Ends with the input, once each message has ended, or by " +
        "Ctrl-C.\nNothing of the chain and the node is kept.",
    )
    .action(async (folder: string, flags: DevFlags) => {
      const interrupted = new AbortController();
      const stop = () => interrupted.abort();
      // A terminal that is closed would leave the chain running; nodes, which nohup may keep, stay.
      onSignal(stop, () => process.exit(1), ["SIGINT", "SIGTERM", "SIGHUP"]);
      const cleanups: (() => Promise<unknown>)[] = [];
      try {
        await run(folder, flags, io(), interrupted.signal, cleanups);
      } catch (error) {
        if (!interrupted.signal.aborted) throw error;
      } finally {
        stop();
        for (const undo of cleanups.reverse()) await undo();
      }
    });
};

async function run(
  folder: string,
  { messages, port, verbose }: DevFlags,
  io: Io,
  signal: AbortSignal,
  cleanups: (() => Promise<unknown>)[],
): Promise<void> {
  await readSource(join(folder, "project.json"));
  if (messages !== undefined) {
    await access(messages, constants.R_OK).catch((error: NodeJS.ErrnoException) => {
      throw new UserError(`can't read ${messages} (${error.code})`);
    });
  }
  const data = await mkdtemp(join(tmpdir(), "w3bstream-dev-"));
  cleanups.push(() => rm(data, { recursive: true, force: true }));
  io.progress("starting a chain and deploying W3bstream's contracts");
  const chain = await DevChain.start((stop) => void cleanups.push(stop));
  signal.throwIfAborted();

  io.progress(`building and publishing ${folder}`);
  const project = new DevProject(join(folder, "project.json"), chain, data);
  let published = await project.publish();
  sayPublished(published, io);
  signal.throwIfAborted();

  if (published.needsProver && mayBuild(published.needsProver, process.env)) {
    await buildLibrary(published.needsProver, { say: (line) => io.progress(line), signal }).catch(
      (error) => {
        throw new UserError(errorText(error));
      },
    );
  }
  io.progress("starting a node");
  const options = {
    port,
    verbose,
    signal,
    env: { ...chain.nodeEnvironment, DATA_DIRECTORY: data },
  };
  const node = await startDevNode(options, (stop) => void cleanups.push(stop));
  watchFolder(folder, async () => {
    try {
      const next = await project.publish();
      if (next.changed) sayPublished(next, io);
      published = next;
    } catch (error) {
      io.progress(`not taken up: ${errorText(error)}`);
    }
  }, signal);

  const typed = messages === undefined && process.stdin.isTTY;
  io.progress(`${node.url} takes messages${typed ? "; type one a line, Ctrl-C ends" : ""}`);
  const values = new Values(chain, () => published.dapp, io);
  const followed = await Promise.race([
    node.died,
    sendLines(linesOf(messages, signal), {
      url: node.url,
      version: () => published.version,
      say: (line) => io.progress(line),
      onOutput: () => values.show(),
      signal,
    }),
  ]);
  // Ctrl-C ended the chain as well.
  if (!signal.aborted) await values.read();
  conclude(followed, values.last, published, io);
}

/** Whether the node would build risc0's prover, too; here one sees how far it is. */
const mayBuild = (
  { name }: Crate,
  { BUILD_NATIVE, NATIVE_LIBRARIES = "" }: NodeJS.ProcessEnv,
): boolean =>
  BUILD_NATIVE !== "off" &&
  !NATIVE_LIBRARIES.split(",").some((entry) => entry.trim().startsWith(`${name}=`));

function sayPublished({ hash, dapp }: Published, io: Io): void {
  const contract = dapp ? `, its contract is ${dapp.address}` : "";
  io.progress(`project ${projectId} has config ${hash.slice(0, 10)}…${contract}`);
}

type Told = Readonly<Record<string, unknown>>;

/** What the contract tells. */
class Values {
  last: Told = {};
  #shown = "";

  constructor(
    private readonly chain: DevChain,
    private readonly dapp: () => Published["dapp"],
    private readonly io: Io,
  ) {}

  async read(): Promise<void> {
    const contract = this.dapp();
    if (contract) this.last = await this.chain.values(contract);
  }

  /** Shows it, where that is something new. */
  async show(): Promise<void> {
    await this.read();
    const line = valueLine(this.last);
    if (line === "" || line === this.#shown) return;
    this.io.progress(`on the chain  ${this.#shown = line}`);
  }
}

const valueLine = (values: Told) =>
  Object.entries(values).map(([name, value]) => `${name} ${value}`).join("  ");

function conclude(
  messages: readonly Followed[],
  values: Told,
  { dapp }: Published,
  io: Io,
): void {
  const done = messages.filter(({ states }) => states.at(-1)?.state === "outputted").length;
  io.result({ projectId, messages, ...(dapp ? { contract: dapp.address, values } : {}) }, [
    [`${done} of ${messages.length} messages done`, valueLine(values)].filter(Boolean).join("; "),
  ]);
  if (done < messages.length) throw new CommanderError(1, "dev", "");
}
