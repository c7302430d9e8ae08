/** Takes what comes by a socket of the file system to a port of this network namespace's loopback. */
import { connect, createServer } from "node:net";
import process from "node:process";

const [path = "", port = ""] = process.argv.slice(2);
createServer((near) => {
  const far = connect(Number(port), "127.0.0.1");
  for (const socket of [near, far]) socket.on("error", () => (near.destroy(), far.destroy()));
  near.pipe(far).pipe(near);
}).listen(path, () => process.stdout.write("up\n"));
