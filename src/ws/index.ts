#!/usr/bin/env -S bun
/** The project developer's command line: one file a command. */
import process from "node:process";
import { runCli } from "./cli.ts";
import { deploy } from "./deploy.ts";
import { evidence } from "./evidence.ts";
import { dev } from "./dev.ts";
import { doctor } from "./doctor.ts";
import { imageId } from "./image_id.ts";
import { init } from "./init.ts";
import { keys } from "./keys.ts";
import { message } from "./message.ts";
import { project } from "./project.ts";
import { code } from "./project_file.ts";
import { prove } from "./prove.ts";
import { rewards } from "./rewards.ts";
import { slasher } from "./slasher.ts";
import { task } from "./task.ts";
import { verifier } from "./verifier.ts";
import { verify } from "./verify.ts";
import { znode } from "./znode.ts";

// A connection that some library keeps must not keep the command.
const commands = [
  init,
  dev,
  deploy,
  verifier,
  project,
  code,
  znode,
  slasher,
  evidence,
  rewards,
  message,
  task,
  prove,
  verify,
  imageId,
  keys,
  doctor,
];
process.exit(await runCli(process.argv.slice(2), commands));
