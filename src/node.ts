/** `bun run node --role=…`: reads the settings and starts the stages of the role. */
import process from "node:process";
import { Command, Option } from "commander";
import {
  type Config,
  describeConfig,
  flagOf,
  loadConfig,
  roles,
  type SettingName,
  settings,
} from "./config.ts";
import { readConfigFile } from "./config/file.ts";
import { startBootnode } from "./bootnode.ts";
import { openContext } from "./context.ts";
import { startEnode } from "./enode.ts";
import { withKeystores } from "./keystore.ts";
import { createLog, errorText } from "./log.ts";
import { openLinks } from "./network/index.ts";
import { onSignal, Shutdown } from "./shutdown.ts";
import { startZnode } from "./znode.ts";

const names = Object.keys(settings) as SettingName[];

/** Has no flag: a command line is visible to every user of the machine. */
const isKey = (name: SettingName) =>
  "secret" in settings[name] && /KEY|SECRET|TOKEN|HEADERS/.test(name);

async function readConfig(
  argv: readonly string[],
): Promise<{ config: Config; warnings: readonly string[] }> {
  const command = new Command("node")
    .description("Run a W3bstream node.")
    .addOption(
      new Option(
        "--role <role>",
        "enode: messages to tasks; znode: tasks to proofs; all: both; bootnode: brings peers together",
      )
        .choices(roles).makeOptionMandatory(),
    )
    .option(
      "--config <file>",
      "settings by the names of their environment variables, as NAME=value lines or JSON",
    )
    .addHelpText(
      "after",
      "\nEach setting is also an environment variable: --data-directory is DATA_DIRECTORY.\n" +
        "Flags win over the environment, and that over the file of --config.\n\n" +
        "Keys and tokens are in the environment or that file only, where other users can't see " +
        `them:\n${
          names.filter(isKey).map((name) => `  ${name}\n      ${settings[name].help}`).join("\n")
        }`,
    );
  for (const name of names) {
    const setting = settings[name];
    if (isKey(name)) continue;
    const fallback = "fallback" in setting && setting.fallback ? ` (${setting.fallback})` : "";
    command.option(`${flagOf(name)} <${setting.placeholder}>`, `${setting.help}${fallback}`);
  }
  command.parse([...argv], { from: "user" });
  const { role, config: path, ...flags } = command.opts<Record<string, string>>();
  const named: Partial<Record<SettingName, string>> = {};
  for (const [camel, value] of Object.entries(flags)) {
    const name = camel.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase() as SettingName;
    named[name] = value;
  }
  const { values = {}, warnings = [] } = path === undefined ? {} : readConfigFile(path);
  const set = Object.entries(process.env).filter(([, text]) => text);
  const env = await withKeystores({ ...values, ...Object.fromEntries(set), ...named });
  return { config: loadConfig(role ?? "", named, env, values), warnings };
}

/** Starts the stages of the role; resolves when they run. */
async function start(
  { config, warnings }: Awaited<ReturnType<typeof readConfig>>,
  shutdown: Shutdown,
): Promise<void> {
  const traces = config.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined;
  const log = createLog(config.LOG_LEVEL, { traces });
  for (const warning of warnings) log.warn(warning);
  log.info(describeConfig(config), "starting");
  if (config.role === "bootnode") return await startBootnode(config, log, shutdown);
  const context = await openContext(config, log, shutdown);
  const links = await openLinks(context);
  if (links.znode) await startZnode(context, links.znode);
  if (links.enode) await startEnode(context, links.enode, links);
  log.info({ role: config.role }, "running");
}

const shutdown = new Shutdown(createLog("warn"));
let stopping = false;
const stop = async (code: number) => {
  if (stopping) return;
  stopping = true;
  await shutdown.run();
  process.exit(code);
};
// A second signal does not wait for anything.
onSignal(() => void stop(0), () => process.exit(0));
process.on("unhandledRejection", (error) => {
  // Every promise has an owner; one without is a bug that must not take the node down.
  console.error(`unhandled: ${errorText(error)}`);
});

try {
  await start(await readConfig(process.argv.slice(2)), shutdown);
} catch (error) {
  console.error(`error: ${errorText(error)}`);
  const debugging = process.env.LOG_LEVEL === "debug" || process.env.LOG_LEVEL === "-4";
  if (debugging && error instanceof Error) console.error(error.stack);
  await stop(1);
}
