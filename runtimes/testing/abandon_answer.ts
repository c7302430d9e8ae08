/** Has a keeper watch over a process, prints its id, and dies while the keeper answers. */
import { spawn } from "node:child_process";
import process from "node:process";
import { Keeper } from "../cage.ts";

const keeper = new Keeper((reason) => console.error(reason));
const { pid } = spawn("/bin/sleep", ["600"], { stdio: "ignore", detached: true });
keeper.add(pid as number);
console.log(JSON.stringify([pid]));
const answers = Array.from({ length: 10_000 }, () => keeper.memory());
await answers[0];
process.kill(process.pid, "SIGKILL");
