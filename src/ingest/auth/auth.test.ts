import { beforeEach, describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { Buffer } from "node:buffer";
import { keccak256 } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import type { Da } from "../../da/da.ts";
import { silent, useDatabase } from "../../da/testing/databases.ts";
import { createMetrics } from "../../metrics.ts";
import { createIngest, type Ingest, type IngestDeps } from "../index.ts";
import { signedText } from "../sender.ts";
import { identity, someProjects } from "../testing/projects.ts";
import { jws, type Signer, signer, tokenOf } from "../testing/senders.ts";
import { deviceText } from "./device.ts";

const now = 1_800_000_000;
const issuer = "https://gateway.example";
const secret = new Uint8Array(32).fill(3);
const hmac = (key: Uint8Array) => (text: string) =>
  new Uint8Array(createHmac("sha256", key).update(text).digest());
const claims = { iss: issuer, sub: "meter-1", aud: "w3bstream-project-1", iat: now, exp: now + 60 };

const subject = useDatabase("postgres");
let metrics = createMetrics();
let ingest: Ingest;
let clock = now;
/** Another enode's connections. */
let elsewhere: Promise<Da> | undefined;
const make = (auth: unknown, change: Partial<IngestDeps> = {}): Ingest =>
  createIngest({
    ...{ da: subject.da, projects: someProjects(auth), maxBodyBytes: 65_536 },
    ...{ identity, log: silent, metrics },
    auth: { secrets: new Map([[1n, [secret]]]), now: () => clock * 1000 },
    ...change,
  });
beforeEach(() => {
  metrics = createMetrics();
  clock = now;
});

const body = { projectID: 1, projectVersion: "0.2", data: "22.5" };
async function send(token?: string, message: object = body, path = "/message") {
  const answer = await ingest.app.request(path, {
    method: "POST",
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    body: JSON.stringify(message),
  });
  return { status: answer.status, headers: answer.headers, ...await answer.json() };
}
/** Senders of what is stored, by the group of a project that packs by device. */
const senders = async () => (await subject.da.packing.pending()).map(({ group }) => group).sort();
const stored = async () =>
  (await subject.da.packing.pending()).reduce((sum, { count }) => sum + count, 0);
async function refusals(): Promise<Record<string, number>> {
  const { values } = await metrics.refusedSenders.get();
  return Object.fromEntries(values.map(({ labels, value }) => [labels.reason, value]));
}

/** A change of a good token, and how it is refused. */
type Bad = readonly [
  name: string,
  token: string,
  reason: string,
  text: string,
];
/** All in one test, since each test empties the database. */
function refusesAll(rows: () => readonly Bad[]): void {
  test("is refused where it is not as it should be", async () => {
    const expected: Record<string, number> = {};
    for (const [name, token, reason, text] of rows()) {
      const answer = await send(token);
      const status = { project: 403, unavailable: 503 }[reason] ?? 401;
      expect([name, answer.status, answer.error])
        .toEqual([name, status, expect.stringContaining(text)]);
      expect(answer.error.length).toBeLessThan(300);
      expected[reason] = (expected[reason] ?? 0) + 1;
      expect(await refusals()).toEqual(expected);
    }
    expect(await stored()).toBe(0);
  });
}

const algorithms = ["EdDSA", "ES256", "ES256K"] as const;
const flipped = (token: string) => {
  const end = token.lastIndexOf(".") + 5;
  return token.slice(0, end) + (token[end] === "A" ? "B" : "A") + token.slice(end + 1);
};

for (const alg of [...algorithms, "HS256"] as const) {
  describe(`a JWT signed with ${alg}`, () => {
    const own = alg === "HS256" ? undefined : signer(alg);
    const other = alg === "HS256" ? undefined : signer(alg, new Uint8Array(32).fill(8));
    const rule = own
      ? { type: "jwt", issuer, keys: [{ ...own.jwk, kid: "k1" }] }
      : { type: "jwt", issuer, secret: "operator" };
    const token = (change: object = {}, header: object = {}, by = own) =>
      by
        ? tokenOf(by, { ...claims, ...change }, header)
        : jws({ alg: "HS256", ...header }, { ...claims, ...change }, hmac(secret));
    beforeEach(() => ingest = make(rule));

    test("names the sender by issuer and sub", async () => {
      expect((await send(token({}, { kid: "k1", typ: "JWT" }))).status).toBe(200);
      expect((await send(token({ aud: ["x", claims.aud], nbf: now + 20 }))).status).toBe(200);
      expect((await send(token({ projects: [7, "1"] }))).status).toBe(200);
      expect(await senders()).toEqual([`${issuer}#meter-1`]);
      expect(await stored()).toBe(3);
    });

    test("is known until it expires, and not a second longer", async () => {
      const good = token();
      expect((await send(good)).status).toBe(200);
      clock = now + 59;
      expect((await send(good)).status).toBe(200);
      clock = now + 60;
      expect(await send(good)).toMatchObject({
        status: 401,
        error: expect.stringContaining("expired"),
      });
    });

    refusesAll(() => [
      ["a changed signature", flipped(token()), "signature", "signature is wrong"],
      ["a changed payload", swapped(token(), token({ sub: "meter-2" })), "signature", "signature"],
      [
        "one without a signature",
        `${token().split(".").slice(0, 2).join(".")}.`,
        "signature",
        "signature",
      ],
      ["alg none", jws({ alg: "none" }, claims, () => new Uint8Array()), "algorithm", "EdDSA"],
      ["an unknown alg", token({}, { alg: "RS256" }), "algorithm", "ES256K"],
      ["an expired one", token({ exp: now }), "expired", "get a new one"],
      ["one that is not valid yet", token({ nbf: now + 31 }), "not-yet", "not valid yet"],
      ["one issued in the future", token({ iat: now + 31 }), "not-yet", "not valid yet"],
      ["one that never expires", token({ exp: undefined }), "malformed", "exp"],
      [
        "another audience",
        token({ aud: "https://elsewhere.example" }),
        "audience",
        "aud must name w3bstream-project-1",
      ],
      ["another project's audience", token({ aud: "w3bstream-project-2" }), "audience", "aud must"],
      ["no audience", token({ aud: undefined }), "audience", "aud must"],
      ["other projects", token({ projects: [2, 3] }), "project", "not for project 1"],
      ["another issuer", token({ iss: "https://evil.example" }), "issuer", "no tokens of this iss"],
      ["no subject", token({ sub: "" }), "subject", "sub must"],
      ["a subject with a line break", token({ sub: "a\nb" }), "subject", "sub must"],
      ["a text for exp", token({ exp: "tomorrow" }), "malformed", "(exp)"],
      ["critical extensions", token({}, { crit: ["b64"], b64: false }), "malformed", "(crit)"],
      ["an oversized one", token({ x: "x".repeat(8000) }), "oversized", "8192 characters"],
      ["what is no token", "x.y", "malformed", "not a JWT"],
      ["what is no JSON", "eA.eA.eA", "malformed", "header"],
      ...(other
        ? [
          ["another's key", token({}, {}, other), "signature", "signature is wrong"],
          ["an unknown kid", token({}, { kid: "k2" }), "key", "kid"],
          // The classic confusion: the public key, which all know, as a secret.
          ...["x", "jwk"].map((form): Bad => [
            `the public key as HS256's secret (${form})`,
            jws({ alg: "HS256" }, claims, hmac(publicBytes(own as Signer, form))),
            "key",
            "HS256",
          ]),
        ] as const
        : [
          [
            "another secret",
            jws({ alg: "HS256" }, claims, hmac(new Uint8Array(32))),
            "signature",
            "wrong",
          ],
          [
            "an empty secret",
            jws({ alg: "HS256" }, claims, hmac(new Uint8Array())),
            "signature",
            "wrong",
          ],
          ["EdDSA in its place", tokenOf(signer("EdDSA"), claims), "key", "EdDSA"],
        ] as const),
      ...algorithms.filter((wrong) => wrong !== alg && alg !== "HS256").map((wrong): Bad => [
        `${wrong} in its place`,
        tokenOf(signer(wrong), claims),
        "key",
        wrong,
      ]),
    ]);
  });
}

const swapped = (token: string, other: string) => {
  const [head, , signature] = token.split(".");
  return [head, other.split(".")[1], signature].join(".");
};
const publicBytes = ({ jwk }: Signer, form: string) =>
  form === "x" ? Buffer.from(jwk.x ?? "", "base64url") : Buffer.from(JSON.stringify(jwk));

describe("a JWT", () => {
  const own = signer("EdDSA");
  const token = (change: object = {}) => tokenOf(own, { ...claims, ...change });

  test("is for the audience and as old as the project says", async () => {
    ingest = make({ type: "jwt", issuer, keys: [own.jwk], audience: "fleet", maxAge: 10 });
    expect((await send(token({ aud: "fleet", exp: undefined }))).status).toBe(200);
    expect((await send(token())).error).toContain("aud must name fleet");
    expect((await send(token({ aud: "fleet", iat: now - 10 }))).error).toContain("expired");
    expect((await send(token({ aud: "fleet", iat: undefined }))).error).toContain("(iat)");
  });

  test("that is good for one message is refused for another", async () => {
    ingest = make({ type: "jwt", issuer, keys: [own.jwk], once: true });
    const once = token({ jti: "t-1" });
    const first = await send(once);
    expect(first.status).toBe(200);
    // A gateway's retry: the same message is told again.
    expect(await send(once)).toMatchObject({ status: 200, messageID: first.messageID });
    expect(await send(once, { ...body, data: "23" })).toMatchObject({ status: 409 });
    const batch = await send(
      token({ jti: "t-2" }),
      [body, { ...body, data: "23" }] as object,
      "/messages",
    );
    expect(batch).toMatchObject({
      status: 207,
      messages: [{ messageID: expect.any(String) }, { status: 409 }],
    });
    expect((await send(token())).error).toContain("jti");
    expect(await stored()).toBe(2);
  });

  test("a secret is of one project, and none is said", async () => {
    const hs = { type: "jwt", issuer, secret: "operator", audience: "all" };
    ingest = make(hs, { auth: { secrets: new Map([[2n, [secret]]]), now: () => clock * 1000 } });
    const answer = await send(jws({ alg: "HS256" }, { ...claims, aud: "all" }, hmac(secret)));
    expect([answer.status, answer.error]).toEqual([503, expect.stringContaining("JWT_SECRETS")]);
    expect(answer.headers.get("retry-after")).toBe("1");
  });

  test("may be of any key of its issuer, in whatever rule it is", async () => {
    ingest = make([{ type: "jwt", issuer, keys: [signer("ES256").jwk] }, {
      type: "jwt",
      issuer,
      keys: [own.jwk],
    }]);
    expect((await send(token())).status).toBe(200);
    expect((await send(tokenOf(signer("ES256"), claims))).status).toBe(200);
  });

  test("in a header of another form, and missing, says what to send", async () => {
    ingest = make({ type: "jwt", issuer, keys: [own.jwk] });
    const missing = await send();
    expect(missing.headers.get("www-authenticate")).toBe("Bearer");
    expect([missing.status, missing.error]).toEqual([
      401,
      'project 1 takes messages of known senders only: add a header "Authorization: Bearer <JWT>"',
    ]);
    const basic = await ingest.app.request("/message", {
      method: "POST",
      headers: { authorization: "Basic eDp5" },
      body: JSON.stringify(body),
    });
    expect([basic.status, await basic.json()]).toEqual([401, {
      error: 'Authorization: must be "Bearer", a space and the token',
    }]);
    expect(await refusals()).toEqual({ missing: 1, malformed: 1 });
  });

  test("of one project is none of another's that has the same rules", async () => {
    ingest = make({ type: "jwt", issuer, keys: [own.jwk] });
    const other = { ...body, projectID: (1n << 63n) - 1n };
    const list = JSON.stringify([body, other], (_, v) => typeof v === "bigint" ? "!" : v)
      .replace('"!"', `${other.projectID}`);
    for (let i = 0; i < 2; i++) {
      const answer = await ingest.app.request("/messages", {
        method: "POST",
        headers: { authorization: `Bearer ${token()}` },
        body: list,
      });
      expect(await answer.json()).toMatchObject({
        messages: [{ messageID: expect.any(String) }, { status: 401 }],
      });
    }
    expect(await refusals()).toEqual({ audience: 2 });
  });

  test("of a batch is checked once, and each message tells what is wrong with it", async () => {
    ingest = make({ type: "jwt", issuer, keys: [own.jwk] });
    const many = Array.from({ length: 100 }, (_, i) => ({ ...body, data: `${i}` }));
    expect((await send(token(), many, "/messages")).status).toBe(200);
    expect(await stored()).toBe(100);
    const none = await send(flipped(token()), many.slice(0, 3), "/messages");
    expect([none.status, none.messages.map((m: { status: number }) => m.status)])
      .toEqual([401, [401, 401, 401]]);
  });

  test("in GET /task must be good where it is shown, as in the original", async () => {
    ingest = make({ type: "jwt", issuer, keys: [own.jwk] });
    const get = async (path: string, headers = {}) =>
      (await ingest.app.request(path, { headers })).status;
    expect(await get("/task/1/1")).toBe(200);
    expect(await get("/task/1/1", { authorization: `Bearer ${token()}` })).toBe(200);
    expect(await get(`/task/1/1?authorization=${token()}`)).toBe(200);
    expect(await get(`/task/1/1?authorization=${flipped(token())}`)).toBe(401);
    expect(await get("/task/1/1", { authorization: "Bearer x" })).toBe(401);
  });
});

const device = privateKeyToAccount(keccak256("0x01"));
type Sign = (text: string) => Promise<string> | string;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

const devices: [name: string, id: string, sign: Sign, other: Sign][] = [
  [
    "an address (EIP-191)",
    device.address,
    (message) => device.signMessage({ message }),
    (message) => privateKeyToAccount(keccak256("0x02")).signMessage({ message }),
  ],
  ...algorithms.map((alg): typeof devices[number] => {
    const [own, other] = [signer(alg), signer(alg, new Uint8Array(32).fill(9))];
    const by = ({ sign }: Signer) => (text: string) => `0x${hex(sign(text))}`;
    return [`a did:key for ${alg}`, own.did, by(own), by(other)];
  }),
];

for (const [name, id, sign, other] of devices) {
  describe(`a device's signature by ${name}`, () => {
    const fields = { device: id, time: now, nonce: "n-1" };
    const signed = async (change: object = {}, by: Sign = sign, about: object = {}) => {
      const message = { ...body, ...fields, ...change };
      const { device, time, nonce, data } = message;
      const text = deviceText({
        ...{ audience: "w3bstream-project-1", version: "0.2", device, time, nonce },
        data: new TextEncoder().encode(data),
        ...about,
      });
      return { ...message, signature: await by(text) };
    };
    beforeEach(() => ingest = make({ type: "device", devices: [id] }));

    test("names the device, which needs no token", async () => {
      expect((await send(undefined, await signed())).status).toBe(200);
      expect((await send(undefined, await signed({ nonce: "n-2" }))).status).toBe(200);
      expect(await senders()).toEqual([id]);
      expect(await stored()).toBe(2);
    });

    test("sent again is the same message, at whatever enode and under whatever key", async () => {
      const message = await signed();
      const first = await send(undefined, message);
      const another = make({ type: "device" }, { da: await (elsewhere ??= subject.other()) });
      const again = await another.app.request("/message", {
        method: "POST",
        headers: { "idempotency-key": "other" },
        body: JSON.stringify(message),
      });
      expect([again.status, await again.json()]).toEqual([200, { messageID: first.messageID }]);
      expect(await stored()).toBe(1);
    });

    test("is refused where it is not as it should be", async () => {
      for (
        const [what, make, reason, text] of [
          [
            "other data",
            async () => ({ ...await signed(), data: "99" }),
            "signature",
            "not this device's",
          ],
          [
            "another time",
            async () => ({ ...await signed(), time: now + 1 }),
            "signature",
            "signature",
          ],
          [
            "another nonce",
            async () => ({ ...await signed(), nonce: "n-2" }),
            "signature",
            "signature",
          ],
          [
            "another version",
            async () => ({ ...await signed(), projectVersion: "0.1" }),
            "signature",
            "signature",
          ],
          ["another key", () => signed({}, other), "signature", "signature"],
          [
            "another project",
            () => signed({}, sign, { audience: "w3bstream-project-2" }),
            "signature",
            "project-1",
          ],
          ["a time past", () => signed({ time: now - 301 }), "expired", "300 s"],
          ["a time to come", () => signed({ time: now + 301 }), "not-yet", "300 s"],
          ["no time", async () => ({ ...await signed(), time: undefined }), "malformed", "time:"],
          ["no nonce", async () => ({ ...await signed(), nonce: "" }), "malformed", "nonce:"],
          ["a nonce with a line break", () => signed({ nonce: "a\nb" }), "malformed", "nonce:"],
          [
            "a short signature",
            async () => ({ ...await signed(), signature: "0x12" }),
            "signature",
            "signature:",
          ],
          [
            "a device that is not listed",
            () => signed({ device: "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK" }),
            "device",
            "does not list",
          ],
          ["a device that is none", () => signed({ device: "did:web:x" }), "malformed", "device:"],
        ] as const
      ) {
        const answer = await send(undefined, await make());
        expect([what, answer.status, answer.error]).toEqual([
          what,
          reason === "device" ? 403 : 401,
          expect.stringContaining(text),
        ]);
        expect((await refusals())[reason]).toBeGreaterThan(0);
      }
      expect(await stored()).toBe(0);
    });
  });
}

describe("the successor's signature", () => {
  const sign = async (data: string, key = device) => ({
    ...body,
    data,
    signature: await key.sign({
      hash: keccak256(
        new TextEncoder().encode(
          signedText({ projectId: 1n, version: "0.2", data, signature: undefined }),
        ),
      ),
    }),
  });

  test("of a listed device is taken once", async () => {
    ingest = make({ type: "successor", devices: [device.address] });
    const first = await send(undefined, await sign("1"));
    expect(first.status).toBe(200);
    expect((await send(undefined, await sign("1"))).messageID).toBe(first.messageID);
    expect((await send(undefined, await sign("2"))).status).toBe(200);
    expect(await senders()).toEqual([device.address]);
    expect(await stored()).toBe(2);
  });

  test("is taken again where the project says so", async () => {
    ingest = make({ type: "successor", devices: [device.address], repeats: true });
    for (let i = 0; i < 2; i++) expect((await send(undefined, await sign("1"))).status).toBe(200);
    expect(await stored()).toBe(2);
  });

  test("of others, of other data and none is refused", async () => {
    ingest = make({ type: "successor", devices: [device.address] });
    const other = privateKeyToAccount(keccak256("0x03"));
    expect((await send(undefined, await sign("1", other))).error).toContain(other.address);
    expect((await send(undefined, { ...await sign("1"), data: "2" })).status).toBe(403);
    expect((await send(undefined, { ...await sign("1"), signature: "0x12" })).status).toBe(401);
    expect((await send()).error).toContain("the field signature");
    expect(await stored()).toBe(0);
  });

  test("is no way around a token", async () => {
    ingest = make({ type: "jwt", issuer, keys: [signer("EdDSA").jwk] });
    expect((await send(undefined, await sign("1"))).status).toBe(401);
  });
});

test("any rule of a list admits, whatever the others say", async () => {
  const [own, other] = [signer("ES256"), signer("EdDSA")];
  ingest = make([
    { type: "jwt", issuer, keys: [other.jwk] },
    { type: "device", devices: [other.did], window: 1 },
    { type: "device", devices: [own.did] },
  ]);
  const fields = { device: own.did, time: now - 60, nonce: "1" };
  const text = deviceText({
    ...{ audience: "w3bstream-project-1", version: "0.2", ...fields },
    data: new TextEncoder().encode(body.data),
  });
  const signed = { ...body, ...fields, signature: hex(own.sign(text)) };
  expect((await send(undefined, signed)).status).toBe(200);
  // A gateway's token also carries what is signed for something else.
  const token = tokenOf(other, claims);
  expect((await send(token, { ...body, signature: "0x12" })).status).toBe(200);
  expect((await send(undefined, { ...body, signature: "0x12" })).status).toBe(401);
  expect(await senders()).toEqual([own.did, `${issuer}#meter-1`].sort());
});
