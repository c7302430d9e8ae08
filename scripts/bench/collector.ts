/** A collector of traces that reads them and keeps nothing, as a process of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { runtimeName } from "../../src/platform.ts";

const program = `
import { createServer } from "node:http";
import process from "node:process";
const server = createServer((request, response) => {
  request.resume().on("end", () => response.setHeader("content-type", "application/json").end("{}"));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.resume().on("end", () => process.exit(0));`;

export async function startCollector(): Promise<{ readonly url: string; stop(): void }> {
  const args = runtimeName === "deno" ? ["eval", "--ext=js", program] : ["--eval", program];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const [port] = await once(child.stdout, "data");
  // It ends with this process, too.
  return { url: `http://127.0.0.1:${`${port}`.trim()}`, stop: () => child.stdin.end() };
}
