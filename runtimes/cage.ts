/**
 * Where untrusted code runs (DESIGN R9): a process of the same runtime with an empty environment,
 * no permissions under Deno, no core dumps, first in line for the kernel's out-of-memory killer.
 * A keeper, a few lines of POSIX shell, outlives this process by a moment: it kills the cages when
 * this process is gone however it went, so that no spinning program is left behind.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { childCommand, type ChildPermissions } from "../src/platform.ts";

/** What runs in a cage. */
export interface CageKind {
  readonly name: string;
  /** The module that the child runs: one that calls `serveCalls`. */
  readonly module: URL;
  readonly permissions?: ChildPermissions;
  readonly environment?: Readonly<Record<string, string>>;
}

// A core dump would put private input on the disk. The executable's name comes by the environment,
// out of sight of Deno's node:child_process, which would add permissions.
const enter = `ulimit -c 0
if [ -w /proc/self/oom_score_adj ]; then echo 1000 >/proc/self/oom_score_adj; fi
file=$CAGE_FILE; unset CAGE_FILE PWD OLDPWD
exec "$file" "$@"`;

/** Starts a caged process; its pipes carry frames. */
export function spawnCaged(kind: CageKind): ChildProcess {
  const { file, args } = childCommand(fileURLToPath(kind.module), kind.permissions);
  return spawn("/bin/sh", ["-c", enter, "sh", ...args], {
    // A bunfig.toml or .env of the working directory must not reach the child.
    cwd: "/",
    env: { ...kind.environment, CAGE_FILE: file },
    stdio: ["pipe", "pipe", "pipe"],
    // Its own session: an interrupt typed at the terminal must not kill proofs that are draining.
    detached: true,
  });
}

// Reads /proc with builtins only, so a sample costs no process; systems without /proc ask ps.
// An answer that nobody reads any more (SIGPIPE) must not end it before it has killed.
const keeper = `trap '' INT TERM HUP PIPE
page=$(getconf PAGESIZE 2>/dev/null || echo 4096)
rss() {
  if [ -r /proc/self/statm ]; then
    { read -r _ pages _ < "/proc/$1/statm"; } 2>/dev/null && echo "$1 $((pages * page))"
  else
    kib=$(ps -o rss= -p "$1") && echo "$1 $((kib * 1024))"
  fi
}
while read -r op pid; do
  case $op in
    +) set -- "$@" "$pid" ;;
    -) for p; do shift; [ "$p" = "$pid" ] || set -- "$@" "$p"; done ;;
    *) for p; do rss "$p"; done; echo . ;;
  esac
done
for p; do kill -9 "$p"; done`;

/** Watches over caged processes: measures their memory, and kills them when this process dies. */
export class Keeper {
  readonly #shell: ChildProcess;
  readonly #waiting: ((sample: Map<number, number>) => void)[] = [];
  #sample = new Map<number, number>();
  #line = "";
  #ended = false;

  /** @param onLost called when the keeper is gone though nobody closed it: cages are unbounded */
  constructor(onLost: (reason: Error) => void) {
    const shell = spawn("/bin/sh", ["-c", keeper], {
      cwd: "/",
      env: {},
      stdio: ["pipe", "pipe", "ignore"],
      detached: true,
    });
    this.#shell = shell;
    const lost = (reason: Error) => {
      if (this.#ended) return;
      this.#ended = true;
      for (const settle of this.#waiting.splice(0)) settle(new Map());
      onLost(reason);
    };
    shell.on("error", lost);
    shell.on("exit", () => lost(new Error("the keeper of prover processes ended")));
    shell.stdin?.on("error", lost);
    shell.stdout?.setEncoding("utf8").on("data", (text: string) => this.#read(text));
  }

  add(pid: number): void {
    this.#tell(`+ ${pid}`);
  }

  remove(pid: number): void {
    this.#tell(`- ${pid}`);
  }

  /** Resident bytes by process id, of those that still run. */
  memory(): Promise<Map<number, number>> {
    return new Promise((resolve) => {
      if (this.#ended) return resolve(new Map());
      this.#waiting.push(resolve);
      this.#tell("?");
    });
  }

  close(): Promise<void> {
    if (this.#ended) return Promise.resolve();
    this.#ended = true;
    for (const settle of this.#waiting.splice(0)) settle(new Map());
    return new Promise((resolve) => {
      this.#shell.once("exit", () => resolve());
      this.#shell.stdin?.end();
    });
  }

  #tell(line: string): void {
    if (!this.#ended) this.#shell.stdin?.write(`${line}\n`);
  }

  #read(text: string): void {
    const lines = (this.#line + text).split("\n");
    this.#line = lines.pop() ?? "";
    for (const line of lines) {
      if (line === ".") {
        this.#waiting.shift()?.(this.#sample);
        this.#sample = new Map();
      } else {
        const [pid, bytes] = line.split(" ").map(Number);
        this.#sample.set(pid ?? 0, bytes ?? 0);
      }
    }
  }
}
