#!/usr/bin/env -S bun
/** The project developer's command line: one file a command. */
import process from "node:process";
import { runCli } from "./cli.ts";
import { deploy } from "./deploy.ts";
import { init } from "./init.ts";
import { message } from "./message.ts";
import { project } from "./project.ts";
import { task } from "./task.ts";
import { verifier } from "./verifier.ts";
import { zkwasm } from "./zkwasm.ts";
import { znode } from "./znode.ts";

// A connection that some library keeps must not keep the command.
const commands = [init, deploy, verifier, project, znode, message, task, zkwasm];
process.exit(await runCli(process.argv.slice(2), commands));
