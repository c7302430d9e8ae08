import { once } from "node:events";
import { createServer } from "node:net";

/** Ports that systems don't give to connections that ask for none. */
const [first, last] = [10_000, 32_767];

/** A port of the loopback that was free a moment ago, and is likely to stay so. */
export async function freePort(): Promise<number> {
  for (let tries = 0;; tries++) {
    const port = first + Math.floor(Math.random() * (last - first + 1));
    const server = createServer().listen(port, "127.0.0.1");
    try {
      await once(server, "listening");
    } catch (error) {
      if (tries < 100) continue;
      throw error;
    }
    server.close();
    await once(server, "close");
    return port;
  }
}
