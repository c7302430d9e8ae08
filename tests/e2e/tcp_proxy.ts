import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** Carries TCP connections to a port of the loopback, until it is told to harm them. */
export interface TcpProxy {
  readonly port: number;
  /** Connections that are open now. */
  readonly open: number;
  /** Ends connections: those that `which` picks by their place in the order they were made. */
  cut(which?: (index: number) => boolean): void;
  /** Carries nothing any more, on connections old and new, until the answer is called. */
  hold(): () => void;
  /** What each chunk is kept back for, ms. */
  delayMs: number;
  /** Connections are refused, and those that were made are ended, until it is set back. */
  down: boolean;
  stop(): Promise<void>;
}

/** @param target a port, or what says which one a new connection goes to */
export async function startTcpProxy(target: number | (() => number)): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let holds = 0;
  let down = false;
  let delayMs = 0;
  const server = createServer((near) => {
    if (down) return void near.destroy();
    const far = connect(typeof target === "number" ? target : target(), "127.0.0.1");
    const pair = [near, far] as const;
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const [from, to] of [[near, far], [far, near]] as const) {
      const pass = (chunk: string | Uint8Array) => {
        if (to.write(chunk) || holds > 0) return;
        from.pause();
        to.once("drain", () => holds === 0 && from.resume());
      };
      // In order: what comes after the delay was lifted does not overtake.
      let late = 0;
      from.on("data", (chunk) => {
        const wait = Math.max(delayMs, late - performance.now());
        if (wait <= 0) return pass(chunk);
        late = performance.now() + wait;
        setTimeout(() => to.destroyed || pass(chunk), wait);
      });
      from.on("error", end);
      from.on("close", end);
    }
    if (holds > 0) { for (const socket of pair) socket.pause(); }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const cut = (which: (index: number) => boolean = () => true) => {
    for (const [index, [near]] of [...pairs].entries()) if (which(index)) near.destroy();
  };
  return {
    port,
    get open() {
      return pairs.size;
    },
    cut,
    get delayMs() {
      return delayMs;
    },
    set delayMs(ms: number) {
      delayMs = ms;
    },
    get down() {
      return down;
    },
    set down(value: boolean) {
      down = value;
      if (down) cut();
    },
    hold() {
      if (holds++ === 0) { for (const socket of [...pairs].flat()) socket.pause(); }
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        if (--holds === 0) { for (const socket of [...pairs].flat()) socket.resume(); }
      };
    },
    async stop() {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
