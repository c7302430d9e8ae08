import { describe, expect, test } from "bun:test";
import * as cbor from "@ipld/dag-cbor";
import fc from "fast-check";
import { type Hex, hexToBytes, zeroHash } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import vectors from "../../contracts/test/vectors/task.json" with { type: "json" };
import { WireError } from "./decode.ts";
import { frameMessages } from "./envelope.ts";
import { taskIdOf, taskSchema } from "./task.ts";
import {
  checkGossipForm,
  encodeMessage,
  frameOverhead,
  limits,
  openFrame,
  type Opening,
  readMessage,
  seal,
  sealAll,
  type WireBody,
  type WireKind,
  type WireMessage,
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
  accept: { ...on, verifier: task.router },
  refuse: { ...on, reason: "busy", retryable: true },
  payload: {
    ...on,
    messages: [new Uint8Array(), new Uint8Array([1, 2, 3])],
    inputSalt: new Uint8Array(32).fill(3),
    clientId: "did:key:z1",
  },
  progress: { ...on, phase: "prove", done: 1, total: 3 },
  receipt: { ...on, receipt },
  failure: { ...on, reason: "trap", retryable: false },
  cancel: { ...on, ended: true },
  grant: {
    ...on,
    output: 1,
    grantMs: 60_000,
    task,
    signature,
    serial: 12n,
    receiptProver: znode.address,
    receipt,
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
const readingOf = (kind: WireKind): Opening => gossip(kind) ? { ...reading, self: "" } : reading;
const sealed = (kind: WireKind, to = gossip(kind) ? "" as const : znode.address, now?: number) =>
  seal(network, enode, to, kind, bodies[kind], now);

function open(frame: Uint8Array, options: Opening): WireMessage {
  const opened = openFrame(frame, options);
  return opened.messages.map((bytes) => readMessage(bytes, opened))[0] as WireMessage;
}

function refusal(frame: Uint8Array, options: Partial<Opening> = {}): string {
  try {
    open(frame, { ...reading, ...options });
  } catch (error) {
    if (error instanceof WireError) return error.kind;
    throw error;
  }
  return "opened";
}

/** Who signed, if the frame opens. */
function signer(frame: Uint8Array): string | undefined {
  try {
    return open(frame, reading).from;
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** A frame with a good signature over a payload that `seal` would not make. */
async function forged(payload: Record<string, unknown>): Promise<Uint8Array> {
  const base = { v: 1, to: znode.address, at: Date.now(), m: [] };
  const p = cbor.encode({ ...base, ...payload });
  return cbor.encode({ p, e: new Uint8Array(), s: await signPayload(p) });
}

async function signPayload(p: Uint8Array): Promise<Uint8Array> {
  const { chainId, router: verifyingContract } = network;
  const message = await enode.signTypedData({
    domain: { name: "W3bstream", version: "1", chainId, verifyingContract },
    types: {
      Envelope: [{ name: "payload", type: "bytes" }, { name: "statements", type: "bytes32" }],
    },
    primaryType: "Envelope",
    message: { payload: `0x${p.toHex()}`, statements: zeroHash },
  });
  return hexToBytes(message);
}

describe("each kind", () => {
  for (const kind of kinds) {
    test(`${kind} comes out as it went in`, async () => {
      const message = open(await sealed(kind), readingOf(kind));
      expect(message.kind).toBe(kind);
      expect(message.from).toBe(enode.address);
      expect<unknown>(message.body).toEqual(bodies[kind]);
    });

    test(`${kind} to another, or by the wrong way, is refused`, async () => {
      const options = readingOf(kind);
      expect(refusal(await sealed(kind, enode.address), options)).toBe("recipient");
      const self = gossip(kind) ? znode.address : "";
      expect(refusal(await sealed(kind, self), options)).toBe("recipient");
      expect(refusal(await sealed(kind, self), { self })).toBe("recipient");
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
          // A changed payload or signature recovers to a key, but never to the sender's.
          expect(signer(bent)).not.toBe(enode.address);
        },
      ),
      { numRuns: 150 },
    );
  });

  test("when cut short or lengthened", async () => {
    const frame = await sealed("refuse");
    for (const n of [0, 1, frame.length >> 1, frame.length - 1]) {
      expect(refusal(frame.slice(0, n))).toBe("encoding");
    }
    const longer = new Uint8Array(frame.length + 1);
    longer.set(frame);
    expect(refusal(longer)).toBe("encoding");
  });

  test("when it is garbage, without another error than WireError", async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      expect(refusal(bytes)).not.toBe("opened");
    }));
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (p) => {
        const frame = cbor.encode({ p, e: new Uint8Array(), s: await signPayload(p) });
        expect(["encoding", "schema"]).toContain(refusal(frame));
      }),
      { numRuns: 30 },
    );
  });

  test("before anything is parsed when it is too large", async () => {
    const frame = await sealed("receipt");
    expect(refusal(frame, { maxBytes: frame.length - 1 })).toBe("size");
    expect(refusal(frame, { maxBytes: frame.length })).toBe("opened");
  });

  test("when it is old, or from the future", async () => {
    const now = Date.now();
    const frame = await sealed("hello", znode.address, now);
    expect(refusal(frame, { now: now + 60_000 })).toBe("opened");
    expect(refusal(frame, { now: now + 60_001 })).toBe("stale");
    expect(refusal(frame, { now: now - 60_001 })).toBe("stale");
  });

  test("when its signature is not 65 bytes, or does not recover", async () => {
    const parts = cbor.decode<Record<string, Uint8Array>>(await sealed("cancel"));
    const signedBy = (s: Uint8Array) => refusal(cbor.encode({ ...parts, s }));
    expect(signedBy(new Uint8Array(64))).toBe("signature");
    expect(signedBy(new Uint8Array(65))).toBe("signature");
    expect(signedBy(new Uint8Array(66))).toBe("schema");
  });

  test("when it was signed for another network", async () => {
    const elsewhere = { ...network, chainId: network.chainId + 1n };
    const frame = await seal(elsewhere, enode, znode.address, "cancel", bodies.cancel);
    expect(signer(frame)).not.toBe(enode.address);
  });

  test("when its version or kind is unknown", async () => {
    const b = { taskId: on.taskId, epoch: "1", ended: false };
    const m = [cbor.encode({ k: "cancel", b })];
    const kind = (k: string) => forged({ m: [cbor.encode({ k, b })] });
    expect(refusal(await forged({ m }))).toBe("opened");
    expect(refusal(await forged({ m, v: 2 }))).toBe("schema");
    expect(refusal(await forged({ m, to: "everybody" }))).toBe("schema");
    expect(refusal(await forged({ m, at: -1 }))).toBe("schema");
    expect(refusal(await kind("shutdown"))).toBe("schema");
    expect(refusal(await kind("toString"))).toBe("schema");
  });

  test("when it has no messages, or too many", async () => {
    const { bytes: message } = encodeMessage("cancel", bodies.cancel, enode.address);
    const frameOf = (n: number) => forged({ m: Array(n).fill(message) });
    expect(refusal(await frameOf(0))).toBe("schema");
    expect(refusal(await frameOf(frameMessages + 1))).toBe("schema");
    expect(openFrame(await frameOf(frameMessages), reading).messages.length).toBe(frameMessages);
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
    ["a short signature", "lease", { signature: "0x00" }],
  ];
  for (const [what, kind, change] of bad) {
    test(`with ${what}`, async () => {
      const { b } = cbor.decode<{ b: Record<string, unknown> }>(
        encodeMessage(kind, bodies[kind], enode.address).bytes,
      );
      const wrong = cbor.encode({ k: kind, b: { ...b, ...change } });
      const frame = await forged({ m: [wrong] });
      expect(refusal(frame)).toBe("schema");
    });
  }
});

describe("what a frame states", () => {
  const [statement] = [encodeMessage("accept", bodies.accept, enode.address).statement as Hex];

  test("is refused in a message whose statement the frame does not sign", async () => {
    for (const kind of ["accept", "receipt"] as const) {
      const other = encodeMessage(kind, bodies[kind], znode.address);
      const frame = await sealAll(network, enode, znode.address, [other]);
      expect(refusal(frame)).toBe("evidence");
    }
  });

  test("is signed with it", async () => {
    const parts = cbor.decode<Record<string, Uint8Array>>(await sealed("accept"));
    const stating = (e: Uint8Array) => cbor.encode({ ...parts, e });
    expect(signer(stating(hexToBytes(statement)))).toBe(enode.address);
    expect(signer(stating(hexToBytes(on.taskId)))).not.toBe(enode.address);
    expect(signer(stating(new Uint8Array()))).not.toBe(enode.address);
    expect(signer(stating(hexToBytes(`${statement}${statement.slice(2)}`))))
      .not.toBe(enode.address);
  });

  test("is whole hashes, and no more than messages", async () => {
    const parts = cbor.decode<Record<string, Uint8Array>>(await sealed("hello"));
    for (const length of [31, 33, 32 * (frameMessages + 1)]) {
      expect(refusal(cbor.encode({ ...parts, e: new Uint8Array(length) }))).toBe("schema");
    }
  });
});

describe("a frame of several messages", () => {
  test("gives each, in order, and refuses only the wrong ones", async () => {
    const encode = <K extends WireKind>(kind: K) =>
      encodeMessage(kind, bodies[kind], enode.address);
    const raw = (bytes: Uint8Array) => ({ bytes, statement: undefined });
    const messages = [
      encode("accept"),
      raw(cbor.encode({ k: "cancel", b: {} })),
      raw(new Uint8Array([0xff])),
      encode("announce"),
      { ...encode("receipt"), statement: encode("accept").statement },
      encode("refuse"),
    ];
    const opened = openFrame(await sealAll(network, enode, znode.address, messages), reading);
    const read = opened.messages.map((bytes) => {
      try {
        return readMessage(bytes, opened).kind;
      } catch (error) {
        return (error as WireError).kind;
      }
    });
    expect(read).toEqual(["accept", "schema", "encoding", "recipient", "evidence", "refuse"]);
  });

  test("is no larger than its messages and what is allowed for the rest", async () => {
    const statement = on.taskId;
    const messages = Array(frameMessages).fill({ bytes: new Uint8Array(70_000), statement });
    const frame = await sealAll(network, enode, znode.address, messages);
    const { frame: envelope, message } = frameOverhead;
    expect(frame.length).toBeLessThan(envelope + frameMessages * (70_000 + message));
  });
});

describe("the form of what is for everyone", () => {
  const form = (frame: Uint8Array) => {
    try {
      checkGossipForm(frame);
      return "good";
    } catch (error) {
      return (error as WireError).kind;
    }
  };

  test("is seen without knowing who may say what", async () => {
    for (const kind of kinds.filter(gossip)) expect(form(await sealed(kind))).toBe("good");
    expect(form(new Uint8Array(limits.gossipFrame + 1))).toBe("size");
    expect(form(new Uint8Array(100).fill(255))).toBe("encoding");
    expect(form(cbor.encode({ p: new Uint8Array(), e: new Uint8Array(), s: 1 }))).toBe("schema");
    expect(form(await forged({ m: [cbor.encode({ k: "state", b: { projectId: "x" } })] })))
      .toBe("schema");
  });

  test("is refused wherever a node that reads the frame calls it malformed", async () => {
    const good = await sealed("state");
    await fc.assert(fc.asyncProperty(
      fc.nat(good.length - 1),
      fc.integer({ min: 1, max: 255 }),
      (at, change) => {
        const bad = good.slice();
        bad[at] = (bad[at] as number) ^ change;
        const said = refusal(bad, readingOf("state"));
        if (["size", "encoding", "schema"].includes(said)) expect(form(bad)).not.toBe("good");
        return Promise.resolve();
      },
    ));
  });
});
