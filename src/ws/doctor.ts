import process from "node:process";
import { CommanderError, Option } from "commander";
import { buildLibrary } from "../../runtimes/crate_build.ts";
import { crate as risc0 } from "../../runtimes/risc0/installed.ts";
import { crate as wrap } from "../../runtimes/zkwasm/wrap/installed.ts";
import { type Role, roles } from "../config.ts";
import { readConfigFile } from "../config/file.ts";
import { errorText } from "../log.ts";
import type { Register } from "./cli.ts";
import { type Finding, inspectMachine } from "./doctor_machine.ts";
import { inspectServices } from "./doctor_services.ts";

const marks: Readonly<Record<Finding["state"], string>> = {
  ok: "ok   ",
  note: "note ",
  wrong: "WRONG",
};

const crates = { risc0, wrap } as const;

interface Flags {
  readonly build?: keyof typeof crates;
  readonly role: Role;
  readonly config?: string;
}

export const doctor: Register = (program, io) => {
  program.command("doctor")
    .description("check this machine, and what is configured for a node")
    .addOption(
      new Option("--build [library]", "build a native library first, unless it is there")
        .choices(Object.keys(crates)).preset("risc0"),
    )
    .addOption(new Option("--role <role>", "of the node").choices(roles).default("all"))
    .option("--config <file>", "the node's settings, beside the environment, which wins")
    .addHelpText("after", "\nExits with 1 when something that is configured does not work.")
    .action(async ({ build, role, config }: Flags) => {
      const { values, warnings } = config ? readConfigFile(config) : { values: {}, warnings: [] };
      const set = Object.entries(process.env).filter(([, text]) => text);
      const env = { ...values, ...Object.fromEntries(set) };
      const findings = warnings.map((text): Finding => ({
        check: "--config",
        state: "note",
        text,
      }));
      if (build) {
        await buildLibrary(crates[build], { say: (line) => io().progress(line) }).catch((error) => {
          findings.push({ check: "build", state: "wrong", text: errorText(error) });
        });
      }
      findings.push(...await inspectMachine(env), ...await inspectServices(env, role));
      const wrong = findings.filter(({ state }) => state === "wrong").length;
      const width = Math.max(...findings.map(({ check }) => check.length));
      io().result({ ok: wrong === 0, findings }, [
        ...findings.map(({ check, state, text }) =>
          `${marks[state]}  ${check.padEnd(width)}  ${text}`
        ),
        wrong === 0 ? "nothing is wrong" : `wrong: ${wrong}`,
      ]);
      if (wrong > 0) throw new CommanderError(1, "doctor", "");
    });
};
