/** Eclipse Mosquitto, a broker of MQTT 5, for tests: the machine's, or Debian's package unpacked. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { freePort } from "../scripts/free_port.ts";

interface Mosquitto {
  readonly file: string;
  /** Folders of libraries that the machine may lack. */
  readonly libraries: string;
}

/** Undefined where there is none and none can be had. */
export function findMosquitto(): Mosquitto | undefined {
  const installed = Bun.which("mosquitto") ?? "/usr/sbin/mosquitto";
  if (existsSync(installed)) return { file: installed, libraries: "" };
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const folder = join(cache, "w3bstream/mosquitto");
  try {
    return unpacked(folder) ?? (fetchPackages(folder), unpacked(folder));
  } catch {
    return undefined; // No Debian, or no network.
  }
}

function unpacked(folder: string): Mosquitto | undefined {
  const file = join(folder, "usr/sbin/mosquitto");
  const found = { file, libraries: globSync(join(folder, "usr/lib/*-linux-gnu")).join(":") };
  return existsSync(file) && runs(found) ? found : undefined;
}

function runs({ file, libraries }: Mosquitto): boolean {
  try {
    // Its help ends with 3.
    execFileSync(file, ["-h"], { env: { LD_LIBRARY_PATH: libraries }, stdio: "ignore" });
    return true;
  } catch (error) {
    return (error as { status?: number }).status === 3;
  }
}

/** @throws where there is no apt-get, or it can't fetch them */
function fetchPackages(folder: string): void {
  const run = (file: string, ...args: string[]) =>
    execFileSync(file, args, {
      ...{ cwd: folder, encoding: "utf8", timeout: 60_000, stdio: ["ignore", "pipe", "ignore"] },
    });
  mkdirSync(folder, { recursive: true });
  const depends = run("apt-cache", "depends", "mosquitto");
  const libraries = [...depends.matchAll(/^ {2}Depends: (lib\S+)$/gm)].map(([, name]) => name ?? "")
    // The C library is the machine's, or nothing runs.
    .filter((name) => !/^libc6/.test(name));
  run("apt-get", "download", "mosquitto", ...libraries);
  for (const archive of globSync(join(folder, "*.deb"))) {
    run("dpkg", "-x", archive, ".");
    rmSync(archive);
  }
}

export interface Broker {
  readonly port: number;
  /** SIGTERM, at which it saves its sessions, and waits. */
  stop(): Promise<void>;
  /** Starts it again on the same data and port. */
  start(): Promise<void>;
  /** Stops it and deletes its data. */
  remove(): Promise<void>;
}

export async function startMosquitto({ file, libraries }: Mosquitto): Promise<Broker> {
  const folder = mkdtempSync(join(tmpdir(), "w3bstream-mosquitto-"));
  const port = await freePort();
  const config = join(folder, "mosquitto.conf");
  writeFileSync(
    config,
    `listener ${port} 127.0.0.1\nallow_anonymous true\nuser root\n` +
      `persistence true\npersistence_location ${folder}/\n`,
  );
  let child: ChildProcess | undefined;
  const broker: Broker = {
    port,
    async start() {
      child = spawn(file, ["-c", config], {
        ...{ env: { LD_LIBRARY_PATH: libraries }, stdio: "ignore" },
      });
      while (!await answers(port)) {
        if (child.exitCode !== null) throw new Error(`mosquitto ended with ${child.exitCode}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async stop() {
      if (!child || child.exitCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    },
    async remove() {
      await broker.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await broker.start();
  return broker;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const connected = await once(socket, "connect").then(() => true, () => false);
  socket.destroy();
  return connected;
}
