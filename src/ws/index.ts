#!/usr/bin/env -S bun
/** The project developer's command line: one file a command. */
import process from "node:process";
import { runCli } from "./cli.ts";
import { commands } from "./commands.ts";

// A connection that some library keeps must not keep the command.
process.exit(await runCli(process.argv.slice(2), commands));
