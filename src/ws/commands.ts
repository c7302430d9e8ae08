/** All commands, in the order in which help lists them. */
import type { Register } from "./cli.ts";
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

export const commands: readonly Register[] = [
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
