import { describe, expect, test } from "bun:test";
import * as cbor from "@ipld/dag-cbor";
import fc from "fast-check";
import { type Hex, hexToBytes } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import vectors from "../../contracts/test/vectors/task.json" with { type: "json" };
import { taskIdOf, taskSchema } from "./task.ts";
import {
  limits,
  open,
  type Opening,
  seal,
  type WireBody,
  WireError,
  type WireKind,
  wireSchemas,
} from "./wire.ts";

const enode = privateKeyToAccount(`0x${"55".repeat(32)}`);
const znode = privateKeyToAccount(`0x${"66".repeat(32)}`);
const task = taskSchema.parse(vectors.cases[0]);
const network = { chainId: task.chainId, router: task.router };
const on = { taskId: taskIdOf(task), epoch: (1n << 64n) - 1n };
const signature = vectors.cases[0]?.operatorSig as Hex;
const receipt: WireBody<"receipt">["receipt"] = {
  vmType: "risc0",
  programId: task.programId,
  imageId: task.messagesRoot,
  bindingKind: "tag",
  publicValues: new Uint8Array([1, 2]),
  proof: new Uint8Array(1000).fill(7),
};
const announced = { taskId: on.taskId, projectId: 5n };

const bodies: { [K in WireKind]: WireBody<K> } = {
  announce: { ...announced, version: "0.1", programId: task.programId },
  state: { ...announced, state: "proved" },
  hello: { runtimes: ["halo2", "risc0"], capacity: 2 },
  lease: { ...on, task, signature, serial: 12n, leaseMs: 30_000, timeoutMs: 60_000 },
  accept: { ...on, verifier: task.router, evidence: signature },
  refuse: { ...on, reason: "busy", retryable: true },
  payload: {
    ...on,
    messages: [new Uint8Array(), new Uint8Array([1, 2, 3])],
    inputSalt: new Uint8Array(32).fill(3),
    clientId: "did:key:z1",
  },
  progress: { ...on, phase: "prove", done: 1, total: 3 },
  receipt: { ...on, receipt, evidence: signature },
  failure: { ...on, reason: "trap", retryable: false },
  cancel: on,
  grant: {
    ...on,
    output: 1,
    task,
    signature,
    serial: 12n,
    receiptProver: znode.address,
    receipt,
    evidence: signature,
  },
  report: { ...on, output: 1, state: "sent", reference: "0xabc", comment: "" },
};
const kinds = Object.keys(wireSchemas) as WireKind[];
const gossip = (kind: WireKind) => kind === "announce" || kind === "state";

const reading: Opening = {
  network,
  self: znode.address,
  maxBytes: limits.directFrame,
  maxSkewMs: 60_000,
};
const sealed = (kind: WireKind, to = gossip(kind) ? "" as const : znode.address, now?: number) =>
  seal(network, enode, to, kind, bodies[kind], now);

async function refusal(frame: Uint8Array, options: Partial<Opening> = {}): Promise<string> {
  try {
    await open(frame, { ...reading, ...options });
  } catch (error) {
    if (error instanceof WireError) return error.kind;
    throw error;
  }
  return "opened";
}

/** A frame with a good signature over a payload that `seal` would not make. */
async function forged(payload: Record<string, unknown>): Promise<Uint8Array> {
  const base = { v: 1, k: "cancel", to: znode.address, at: Date.now(), b: {} };
  const p = cbor.encode({ ...base, ...payload });
  const template = await seal(network, enode, znode.address, "cancel", bodies.cancel);
  const signed = await signPayload(p);
  return cbor.encode({ ...cbor.decode<Record<string, unknown>>(template), p, s: signed });
}

async function signPayload(p: Uint8Array): Promise<Uint8Array> {
  const { chainId, router: verifyingContract } = network;
  const message = await enode.signTypedData({
    domain: { name: "W3bstream", version: "1", chainId, verifyingContract },
    types: { Envelope: [{ name: "payload", type: "bytes" }] },
    primaryType: "Envelope",
    message: { payload: `0x${p.toHex()}` },
  });
  return hexToBytes(message);
}

describe("each kind", () => {
  for (const kind of kinds) {
    test(`${kind} comes out as it went in`, async () => {
      const message = await open(await sealed(kind), reading);
      expect(message.kind).toBe(kind);
      expect(message.from).toBe(enode.address);
      expect<unknown>(message.body).toEqual(bodies[kind]);
    });

    test(`${kind} to another, or by the wrong way, is refused`, async () => {
      expect(await refusal(await sealed(kind, enode.address))).toBe("recipient");
      const wrongWay = gossip(kind) ? znode.address : "";
      expect(await refusal(await sealed(kind, wrongWay))).toBe("recipient");
    });
  }
});

describe("a frame is refused", () => {
  test("when any one byte is changed", async () => {
    const frame = await sealed("refuse");
    await fc.assert(
      fc.asyncProperty(
        fc.nat(frame.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const bent = Uint8Array.from(frame);
          bent[at] = (bent[at] as number) ^ flip;
          const opened = await open(bent, reading).catch((error) => error as WireError);
          if (opened instanceof WireError) return;
          // A changed payload or signature recovers to a key, but never to the sender's.
          expect(opened).not.toHaveProperty("from", enode.address);
        },
      ),
      { numRuns: 150 },
    );
  });

  test("when cut short or lengthened", async () => {
    const frame = await sealed("refuse");
    for (const n of [0, 1, frame.length >> 1, frame.length - 1]) {
      expect(await refusal(frame.slice(0, n))).toBe("encoding");
    }
    const longer = new Uint8Array(frame.length + 1);
    longer.set(frame);
    expect(await refusal(longer)).toBe("encoding");
  });

  test("when it is garbage, without another error than WireError", async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      expect(await refusal(bytes)).not.toBe("opened");
    }));
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (p) => {
        const frame = cbor.encode({ p, s: await signPayload(p) });
        expect(["encoding", "schema"]).toContain(await refusal(frame));
      }),
      { numRuns: 30 },
    );
  });

  test("before anything is parsed when it is too large", async () => {
    const frame = await sealed("receipt");
    expect(await refusal(frame, { maxBytes: frame.length - 1 })).toBe("size");
    expect(await refusal(frame, { maxBytes: frame.length })).toBe("opened");
  });

  test("when it is old, or from the future", async () => {
    const now = Date.now();
    const frame = await sealed("hello", znode.address, now);
    expect(await refusal(frame, { now: now + 60_000 })).toBe("opened");
    expect(await refusal(frame, { now: now + 60_001 })).toBe("stale");
    expect(await refusal(frame, { now: now - 60_001 })).toBe("stale");
  });

  test("when its signature is not 65 bytes, or does not recover", async () => {
    const { p } = cbor.decode<{ p: Uint8Array }>(await sealed("cancel"));
    expect(await refusal(cbor.encode({ p, s: new Uint8Array(64) }))).toBe("signature");
    expect(await refusal(cbor.encode({ p, s: new Uint8Array(65) }))).toBe("signature");
    expect(await refusal(cbor.encode({ p, s: new Uint8Array(66) }))).toBe("schema");
  });

  test("when it was signed for another network", async () => {
    const elsewhere = { ...network, chainId: network.chainId + 1n };
    const frame = await seal(elsewhere, enode, znode.address, "cancel", bodies.cancel);
    const opened = await open(frame, reading).catch((error) => error as WireError);
    expect(opened).not.toHaveProperty("from", enode.address);
  });

  test("when its version or kind is unknown", async () => {
    const b = { taskId: on.taskId, epoch: "1" };
    expect(await refusal(await forged({ b }))).toBe("opened");
    expect(await refusal(await forged({ b, v: 2 }))).toBe("schema");
    expect(await refusal(await forged({ b, k: "shutdown" }))).toBe("schema");
    expect(await refusal(await forged({ b, k: "toString" }))).toBe("schema");
    expect(await refusal(await forged({ b, to: "everybody" }))).toBe("schema");
    expect(await refusal(await forged({ b, at: -1 }))).toBe("schema");
  });

  const bad: [string, WireKind, Record<string, unknown>][] = [
    ["an epoch over 64 bits", "cancel", { epoch: (1n << 64n).toString() }],
    ["a negative epoch", "cancel", { epoch: "-1" }],
    ["a short task id", "cancel", { taskId: "0x00" }],
    ["no messages", "payload", { messages: [] }],
    ["a message that is text", "payload", { messages: ["data"] }],
    ["a short salt", "payload", { inputSalt: new Uint8Array(31) }],
    ["an endless lease", "lease", { leaseMs: 1e9 }],
    ["a capacity that is no count", "hello", { capacity: 1.5 }],
    ["an unknown runtime", "hello", { runtimes: ["wasm"] }],
    ["more runtimes than there are", "hello", { runtimes: Array(9).fill("halo2") }],
    ["a long reason", "refuse", { reason: "x".repeat(limits.text + 1) }],
    ["a large output index", "report", { output: 16 }],
    ["an unknown report", "report", { state: "outputted" }],
    ["a proof too large", "receipt", {
      receipt: { ...receipt, proof: new Uint8Array(limits.proof + 1) },
    }],
    ["public values too large", "receipt", {
      receipt: { ...receipt, publicValues: new Uint8Array(limits.publicValues + 1) },
    }],
    ["an unknown binding", "receipt", { receipt: { ...receipt, bindingKind: "strong" } }],
    ["a short signature", "accept", { evidence: "0x00" }],
  ];
  for (const [what, kind, change] of bad) {
    test(`with ${what}`, async () => {
      const { b } = cbor.decode<{ b: Record<string, unknown> }>(
        cbor.decode<{ p: Uint8Array }>(await sealed(kind)).p,
      );
      const frame = await forged({ k: kind, b: { ...b, ...change } });
      expect(await refusal(frame)).toBe("schema");
    });
  }
});
