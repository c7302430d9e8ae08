import { describe, expect, test } from "bun:test";
import { carried, Channel, ChannelClosedError, duplexPair, overPort } from "./channel.ts";

const settled = async (p: Promise<unknown>) => {
  let done = false;
  p.then(() => done = true, () => done = true);
  for (let i = 0; i < 10; i++) await Promise.resolve();
  return done;
};

describe("Channel", () => {
  test("delivers in order, each value once", async () => {
    const c = new Channel<number>(4);
    const read: number[] = [];
    const readers = [0, 1].map(async () => {
      for await (const v of c) read.push(v);
    });
    for (let i = 0; i < 5000; i++) await c.send(i);
    c.close();
    await Promise.all(readers);
    expect(read).toEqual(Array.from({ length: 5000 }, (_, i) => i));
  });

  test("a full channel makes its producer wait and keeps order", async () => {
    const c = new Channel<number>(1);
    await c.send(1);
    const second = c.send(2);
    expect(c.trySend(3)).toBe(false);
    expect(await settled(second)).toBe(false);
    expect((await c.receive()).value).toBe(1);
    await second;
    expect((await c.receive()).value).toBe(2);
  });

  test("an aborted sender leaves nothing behind", async () => {
    const c = new Channel<number>(1);
    await c.send(1);
    const stop = new AbortController();
    const waiting = c.send(2, stop.signal);
    stop.abort(new Error("stop"));
    expect(waiting).rejects.toThrow("stop");
    expect((await c.receive()).value).toBe(1);
    expect(c.size).toBe(0);
  });

  test("an aborted reader takes nothing", async () => {
    const c = new Channel<number>(1);
    const stop = new AbortController();
    const waiting = c.receive(stop.signal);
    stop.abort(new Error("stop"));
    expect(waiting).rejects.toThrow("stop");
    await c.send(7);
    expect((await c.receive()).value).toBe(7);
  });

  test("close lets readers finish, then ends them; writers fail", async () => {
    const c = new Channel<number>(1);
    await c.send(1);
    const blocked = c.send(2);
    c.close();
    expect(blocked).rejects.toBeInstanceOf(ChannelClosedError);
    expect((await c.receive()).value).toBe(1);
    expect((await c.receive()).done).toBe(true);
    expect(c.send(3)).rejects.toBeInstanceOf(ChannelClosedError);
  });

  test("a reason reaches the readers", () => {
    const c = new Channel<number>(1);
    const waiting = c.receive();
    c.close(new Error("disk full"));
    expect(waiting).rejects.toMatchObject({ cause: new Error("disk full") });
  });

  test("refuses a capacity that is no positive integer", () => {
    for (const bad of [0, -1, 1.5, NaN]) expect(() => new Channel(bad)).toThrow(RangeError);
  });
});

describe("duplex", () => {
  test("in process: each end reads what the other sent", async () => {
    const [a, b] = duplexPair<string, number>(2);
    await a.sink.send("x");
    await b.sink.send(1);
    expect((await b.source.receive()).value).toBe("x");
    expect((await a.source.receive()).value).toBe(1);
  });

  const overMessagePorts = <A, B>(capacity: number) => {
    const { port1, port2 } = new MessageChannel();
    return [
      carried<A, B>(overPort(port1), capacity, (v) => v as B),
      carried<B, A>(overPort(port2), capacity, (v) => v as A),
    ] as const;
  };

  test("over a MessagePort: a slow reader stops the writer", async () => {
    const [a, b] = overMessagePorts<number, number>(4);
    let sent = 0;
    const writer = (async () => {
      for (; sent < 100; sent++) await a.sink.send(sent);
      a.sink.close();
    })();
    await new Promise((r) => setTimeout(r, 50));
    // 4 unread at the reader, 4 in the outbox, one held between them.
    expect(sent).toBeLessThanOrEqual(10);
    const read: number[] = [];
    for await (const v of b.source) read.push(v);
    await writer;
    expect(read.length).toBe(100);
    expect(read).toEqual([...read].sort((x, y) => x - y));
  });

  test("over a MessagePort: an error on one side ends the other", async () => {
    const [a, b] = overMessagePorts<number, number>(4);
    a.sink.close(new Error("gone"));
    expect(b.source.receive()).rejects.toMatchObject({ cause: new Error("gone") });
  });

  test("a value that does not parse closes the duplex", async () => {
    const { port1, port2 } = new MessageChannel();
    const a = carried<unknown, never>(overPort(port1), 2, (v) => v as never);
    const b = carried<never, number>(overPort(port2), 2, (v) => {
      if (typeof v !== "number") throw new TypeError("not a number");
      return v;
    });
    await a.sink.send("x");
    expect(b.source.receive()).rejects.toMatchObject({ cause: new TypeError("not a number") });
  });
});
