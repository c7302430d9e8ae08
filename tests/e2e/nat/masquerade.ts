/**
 * Makes a home router of this network namespace, by netlink (linux/netfilter/nf_tables.h), as a test
 * can't count on nft being installed: what it forwards is masqueraded, and what comes for itself, and
 * answers nothing, is dropped.
 */
import { dlopen, ptr } from "bun:ffi";

const family = { netlink: 16, inet: 2 } as const;
const netlinkNetfilter = 12, subsystem = 10;
const hooks = { input: 1, postrouting: 4 } as const;
const priorities = { filter: 0, sourceNat: 100 } as const;
const drop = 0;
const types = { begin: 0x10, end: 0x11, table: 0x0a00, chain: 0x0a03, rule: 0x0a06 } as const;
const flags = { request: 1, ack: 4, create: 0x400 } as const;
const nested = 0x8000;

const padded = (length: number) => (length + 3) & ~3;

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + padded(part.length), 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += padded(part.length);
  }
  return out;
}

function attribute(type: number, value: Uint8Array): Uint8Array {
  const out = new Uint8Array(4 + value.length);
  const view = new DataView(out.buffer);
  view.setUint16(0, out.length, true);
  view.setUint16(2, type, true);
  out.set(value, 4);
  return out;
}

const text = (type: number, value: string) =>
  attribute(type, new TextEncoder().encode(`${value}\0`));
const number = (type: number, value: number) => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return attribute(type, bytes);
};
const list = (type: number, ...values: Uint8Array[]) => attribute(type | nested, joined(values));

let sequence = 1;
function message(type: number, flag: number, of: number, resource: number, ...rest: Uint8Array[]) {
  const body = joined(rest);
  const out = new Uint8Array(20 + body.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, out.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags.request | flag, true);
  view.setUint32(8, sequence++, true);
  view.setUint8(16, of);
  view.setUint16(18, resource);
  out.set(body, 20);
  return out;
}
const create = (type: number, ...attributes: Uint8Array[]) =>
  message(type, flags.create | flags.ack, family.inet, 0, ...attributes);

const batch = joined([
  message(types.begin, 0, 0, subsystem),
  create(types.table, text(1, "nat")),
  create(
    types.chain,
    text(1, "nat"),
    text(3, "out"),
    list(4, number(1, hooks.postrouting), number(2, priorities.sourceNat)),
    text(7, "nat"),
  ),
  create(
    types.chain,
    text(1, "nat"),
    text(3, "in"),
    list(4, number(1, hooks.input), number(2, priorities.filter)),
    number(5, drop),
    text(7, "filter"),
  ),
  create(
    types.rule,
    text(1, "nat"),
    text(2, "out"),
    list(4, list(1, text(1, "masq"), list(2))),
  ),
  message(types.end, 0, 0, subsystem),
]);

const { symbols: libc } = dlopen("libc.so.6", {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  send: { args: ["i32", "ptr", "usize", "i32"], returns: "isize" },
  recv: { args: ["i32", "ptr", "usize", "i32"], returns: "isize" },
} as never) as unknown as {
  symbols: Record<"socket" | "send" | "recv", (...args: unknown[]) => number | bigint>;
};
const socket = libc.socket(family.netlink, 3, netlinkNetfilter);
if (Number(libc.send(socket, ptr(batch), batch.length, 0)) !== batch.length) {
  throw new Error("the kernel takes no netlink messages");
}
const answer = new Uint8Array(8192);
// An acknowledgement each for table, chains and rule: 0, or an error's number.
for (let left = 4; left > 0;) {
  const length = Number(libc.recv(socket, ptr(answer), answer.length, 0));
  if (length <= 0) throw new Error("the kernel did not answer");
  const view = new DataView(answer.buffer);
  for (let at = 0; at + 20 <= length; at += padded(view.getUint32(at, true))) {
    const error = view.getInt32(at + 16, true);
    if (error !== 0) {
      throw new Error(`nf_tables: error ${-error} in message ${view.getUint32(at + 8, true)}`);
    }
    left--;
  }
}
