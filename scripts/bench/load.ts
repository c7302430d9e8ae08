/**
 * The bench's clients: each keeps one connection and sends its next request when the last was
 * answered. Sockets and fixed bytes, so that what it costs is little beside the server.
 *
 * Arguments: port, connections, milliseconds, bytes of data a message. Standard input: a token a
 * line, one for each connection, or nothing. Prints one line of JSON.
 */
import { connect } from "node:net";
import process from "node:process";
import { text } from "node:stream/consumers";

export interface LoadReport {
  readonly answered: number;
  readonly failed: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The value below which the fraction of sorted values lies. */
export const quantile = (sorted: Float64Array, q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;

function client(port: number, request: Uint8Array, until: number, times: number[]) {
  return new Promise<number>((resolve, reject) => {
    let failed = 0, sentAt = 0;
    const socket = connect(port, "127.0.0.1");
    socket.setNoDelay(true);
    const send = () => {
      sentAt = performance.now();
      socket.write(request);
    };
    socket.on("connect", send);
    socket.on("error", reject);
    // An answer is a few hundred bytes and arrives whole.
    socket.on("data", (data) => {
      if (data[9] === 0x32) times.push(performance.now() - sentAt); // "HTTP/1.1 2"
      else failed++;
      if (performance.now() < until) send();
      else {
        socket.destroy();
        resolve(failed);
      }
    });
  });
}

if (import.meta.main) {
  const [port = 0, connections = 0, milliseconds = 0, bytes = 0] = process.argv.slice(2).map(
    Number,
  );
  const reading = JSON.stringify({ temperature: 21.5, humidity: 40 });
  const data = reading.padEnd(bytes, " ");
  const body = JSON.stringify({ projectID: 1, projectVersion: "0.1", data });
  const tokens = (await text(process.stdin)).split("\n").filter(Boolean);
  const request = (token: string | undefined) =>
    new TextEncoder().encode(
      `POST /message HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n` +
        (token === undefined ? "" : `Authorization: Bearer ${token}\r\n`) +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
  const times: number[] = [];
  const started = performance.now();
  const until = started + milliseconds;
  const clients = Array.from(
    { length: connections },
    (_, i) => client(port, request(tokens[i]), until, times),
  );
  const failed = (await Promise.all(clients)).reduce((sum, n) => sum + n, 0);
  const seconds = (performance.now() - started) / 1000;
  const sorted = Float64Array.from(times).sort();
  const report: LoadReport = {
    answered: times.length,
    failed,
    seconds,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
  };
  console.log(JSON.stringify(report));
}
