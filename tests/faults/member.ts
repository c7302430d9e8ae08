import { readFileSync } from "node:fs";
import process from "node:process";
import { type NodeProcess, sleep } from "../e2e/node.ts";

/** A node that is started again on the same data, under the same ports. */
export class Member {
  #node: NodeProcess | undefined;
  #log = "";
  /** Processes that must end with their node. */
  readonly children = new Set<number>();
  /** A fault is being done to it. */
  busy = false;

  constructor(readonly name: string, private readonly start: () => Promise<NodeProcess>) {}

  get node(): NodeProcess {
    if (!this.#node) throw new Error(`${this.name} is down`);
    return this.#node;
  }

  get log(): string {
    return this.#log + (this.#node?.log() ?? "");
  }

  /** Bytes of memory that its process has now; 0 where that can't be told. */
  get resident(): number {
    if (process.platform !== "linux") return 0;
    const status = readFileSync(`/proc/${this.node.child.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
  }

  /** As a supervisor does: a node that ends because its database is away is started again. */
  async up(): Promise<void> {
    for (let tries = 1;; tries++) {
      try {
        this.#node = await this.start();
        return;
      } catch (error) {
        if (tries === 20) throw error;
        this.#log += `${(error as Error).message}\n`;
        await sleep(1_000);
      }
    }
  }

  async kill(): Promise<void> {
    const node = this.#node;
    if (!node) return;
    this.#note();
    // One that is stopped dies too.
    await node.kill();
    this.#log += node.log();
    this.#node = undefined;
  }

  async restart(ms: number): Promise<void> {
    await this.kill();
    await sleep(ms);
    await this.up();
  }

  async stop(): Promise<number | null> {
    this.#note();
    return await this.node.stop();
  }

  async pause(ms: number): Promise<void> {
    const { child } = this.node;
    child.kill("SIGSTOP");
    await sleep(ms);
    child.kill("SIGCONT");
  }

  #note(): void {
    const { pid, exitCode } = this.node.child;
    if (process.platform !== "linux" || exitCode !== null) return;
    const path = `/proc/${pid}/task/${pid}/children`;
    for (const child of readFileSync(path, "utf8").split(" ")) {
      if (child) this.children.add(Number(child));
    }
  }
}

export const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
