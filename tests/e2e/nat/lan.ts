/** Local networks behind NATs, in network namespaces of this machine's kernel. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";

const run = promisify(execFile);
const bun = join(import.meta.dirname, "../../../node_modules/.bin/bun");

/** iproute2's, which root has in its path. */
export const ip = ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"].find((path) => existsSync(path));

/** This namespace as the internet: every router has an address beside this one. */
export const internet = "203.0.113.1";

/** Gives this process's own namespace its address. */
export async function openInternet(): Promise<void> {
  await run(ip ?? "ip", ["link", "set", "lo", "up"]);
  await run(ip ?? "ip", ["link", "add", "wan", "type", "bridge"]);
  await run(ip ?? "ip", ["addr", "add", `${internet}/24`, "dev", "wan"]);
  await run(ip ?? "ip", ["link", "set", "wan", "up"]);
}

/** A machine behind a router that masquerades, and to which there is no route from here. */
export class Lan {
  readonly #own: ChildProcess[] = [];
  readonly #stops: (() => unknown)[] = [];

  private constructor(private readonly number: number, private readonly directory: string) {}

  /** @param number from 1 to 99, another for each */
  static async open(number: number, directory: string): Promise<Lan> {
    const lan = new Lan(number, directory);
    await lan.#open();
    return lan;
  }

  /** Its machine's address, which nobody outside reaches. */
  get address(): string {
    return `10.7.${this.number}.2`;
  }

  /** The router's, by which all that comes out of it is seen. */
  get publicAddress(): string {
    return `203.0.113.${100 + this.number}`;
  }

  /** What a command on its machine begins with. */
  get enter(): string[] {
    return ["nsenter", "-t", `${this.#own[1]?.pid}`, "-n"];
  }

  /** Makes a port of the machine's loopback one of this namespace's. */
  async forward(port: number): Promise<void> {
    const path = join(this.directory, `lan${this.number}-${port}.sock`);
    const [file = "", ...args] = [...this.enter, bun, join(import.meta.dirname, "forward.ts")];
    const there = spawn(file, [...args, path, `${port}`], { stdio: ["ignore", "pipe", "inherit"] });
    this.#own.push(there);
    await once(there.stdout, "data");
    const server = createServer((near) => {
      const far = connect(path);
      for (const socket of [near, far]) socket.on("error", () => (near.destroy(), far.destroy()));
      near.pipe(far).pipe(near);
    }).listen(port, "127.0.0.1");
    await once(server, "listening");
    this.#stops.push(() => server.close());
  }

  close(): void {
    for (const stop of this.#stops) stop();
    for (const child of this.#own.reverse()) child.kill("SIGKILL");
  }

  async #open(): Promise<void> {
    const [router, machine] = [await this.#namespace(), await this.#namespace()];
    const inside = (pid: number, ...command: string[]) =>
      run("nsenter", ["-t", `${pid}`, "-n", ...command]);
    const ipIn = (pid: number, text: string) => inside(pid, ip ?? "ip", ...text.split(" "));
    const ipHere = (text: string) => run(ip ?? "ip", text.split(" "));
    const here = `wan${this.number}`;
    await ipHere(`link add ${here} type veth peer name uplink netns ${router}`);
    await ipHere(`link set ${here} master wan`);
    await ipHere(`link set ${here} up`);
    await ipIn(router, `addr add ${this.publicAddress}/24 dev uplink`);
    await ipIn(router, `link add local type veth peer name eth0 netns ${machine}`);
    await ipIn(router, `addr add 10.7.${this.number}.1/24 dev local`);
    await ipIn(machine, `addr add ${this.address}/24 dev eth0`);
    for (const name of ["lo", "uplink", "local"]) await ipIn(router, `link set ${name} up`);
    for (const name of ["lo", "eth0"]) await ipIn(machine, `link set ${name} up`);
    await ipIn(machine, `route add default via 10.7.${this.number}.1`);
    await inside(router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
    await inside(router, bun, join(import.meta.dirname, "masquerade.ts"));
  }

  /** A process with a namespace of its own. */
  async #namespace(): Promise<number> {
    const keeper = spawn("unshare", ["-n", "sh", "-c", "echo up; exec sleep infinity"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#own.push(keeper);
    await once(keeper.stdout, "data");
    return keeper.pid ?? process.pid;
  }
}
