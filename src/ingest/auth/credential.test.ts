import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { keccak256, toBytes } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { silent, useDatabase } from "../../da/testing/databases.ts";
import { createMetrics } from "../../metrics.ts";
import { certificate, certificateKey } from "../../testing/certificate.ts";
import { createIngest, type Ingest, type IngestDeps } from "../index.ts";
import { identity, someProjects } from "../testing/projects.ts";
import { jws, type Signer, signer, tokenOf } from "../testing/senders.ts";
import { webUrl } from "./did.ts";
import { createIssuer } from "./issue.ts";

const now = 1_800_000_000;
const meter = "did:io:0x9d9250fb4e08ba7a858fe7196a6ba946c6083ff0";
const subject = useDatabase("postgres");

/** Documents by path, of did:web over TLS and of a universal resolver over HTTP. */
const documents = new Map<string, unknown>();
let asked = 0, webPort = 0, resolverPort = 0;
/** Takes a response in place of what would answer it. */
let hold: ((response: ServerResponse) => void) | undefined;
const answer = (request: IncomingMessage, response: ServerResponse) => {
  asked++;
  if (hold) return hold(response);
  const document = documents.get(request.url ?? "");
  response.statusCode = document === undefined ? 404 : 200;
  response.end(typeof document === "string" ? document : JSON.stringify(document ?? {}));
};
const servers = [
  https.createServer({ key: certificateKey, cert: certificate }, answer),
  http.createServer(answer),
] as const;
beforeAll(async () => {
  const ports = await Promise.all(
    servers.map((server) =>
      new Promise<number>((resolve) =>
        server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port))
      )
    ),
  );
  [webPort = 0, resolverPort = 0] = ports;
});
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

let clock = now;
let ingest: Ingest;
const make = (issuers: readonly string[], rule: object = {}, change: Partial<IngestDeps> = {}) =>
  createIngest({
    ...{ da: subject.da, maxBodyBytes: 65_536, identity, log: silent },
    projects: someProjects({ type: "credential", issuers, ...rule }),
    metrics: createMetrics(),
    auth: {
      now: () => clock * 1000,
      did: {
        resolver: `http://127.0.0.1:${resolverPort}/`,
        fetch: {
          allow: (address) => address === "127.0.0.1",
          ca: certificate,
          resolve: async () => [{ address: "127.0.0.1" }],
        },
      },
    },
    ...change,
  });
beforeEach(() => {
  documents.clear();
  asked = 0;
  clock = now;
});

async function send(token: string) {
  const response = await ingest.app.request("/message", {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ projectID: 1, projectVersion: "0.2", data: "22.5" }),
  });
  return { status: response.status, ...await response.json() };
}
const senders = async () => (await subject.da.packing.pending()).map(({ group }) => group);

const vc = {
  "@context": ["https://www.w3.org/2018/credentials/v1"],
  type: ["VerifiableCredential"],
  credentialSubject: { id: meter },
};
const payload = (iss: string, change: object = {}) => ({
  ...{ iss, sub: meter, nbf: now, exp: now + 3600, vc },
  ...change,
});

for (const alg of ["EdDSA", "ES256", "ES256K"] as const) {
  describe(`a credential by a did:key for ${alg}`, () => {
    const own = signer(alg);
    const other = signer(alg, new Uint8Array(32).fill(8));
    const credential = (change: object = {}, header: object = {}, by: Signer = own) =>
      tokenOf(by, payload(own.did, change), header);
    const about = (change: object) => ({ vc: { ...vc, ...change } });
    beforeEach(() => ingest = make([own.did]));

    test("names its subject as the sender", async () => {
      const kid = `${own.did}#${own.did.slice(8)}`;
      expect((await send(credential({}, { kid }))).status).toBe(200);
      expect((await send(credential({ sub: undefined }))).status).toBe(200);
      const dates = {
        issuer: { id: own.did },
        issuanceDate: new Date(now * 1000).toISOString(),
        expirationDate: new Date((now + 60) * 1000).toISOString(),
      };
      expect((await send(credential({ ...about(dates), exp: undefined }))).status).toBe(200);
      const subjects = { credentialSubject: { id: meter, projects: ["1"] } };
      expect((await send(credential(about(subjects)))).status).toBe(200);
      expect(await senders()).toEqual([meter]);
    });

    test("expires, remembered or not", async () => {
      const good = credential();
      expect((await send(good)).status).toBe(200);
      clock = now + 3599;
      expect((await send(good)).status).toBe(200);
      clock = now + 3600;
      expect(await send(good)).toMatchObject({
        status: 401,
        error: expect.stringContaining("expired"),
      });
    });

    const bad: [string, () => string, number, string][] = [
      ["another's signature", () => credential({}, {}, other), 401, "signature is wrong"],
      [
        "an untrusted issuer",
        () => tokenOf(other, payload(other.did)),
        401,
        "no credentials of this iss",
      ],
      ["a kid of another DID", () => credential({}, { kid: `${other.did}#x` }), 401, "kid"],
      [
        "alg none",
        () => jws({ alg: "none" }, payload(own.did), () => new Uint8Array()),
        401,
        "EdDSA",
      ],
      ["HS256", () => credential({}, { alg: "HS256" }), 401, "HS256"],
      ["an expired one", () => credential({ exp: now }), 401, "expired"],
      [
        "an expirationDate past",
        () => credential(about({ expirationDate: "2020-01-01T00:00:00Z" })),
        401,
        "expired",
      ],
      ["one of tomorrow", () => credential({ nbf: now + 86_400 }), 401, "not valid yet"],
      [
        "an issuanceDate to come",
        () => credential(about({ issuanceDate: "2099-01-01T00:00:00Z" })),
        401,
        "not valid yet",
      ],
      ["one without an end", () => credential({ exp: undefined }), 401, "exp"],
      ["another audience", () => credential({ aud: "w3bstream-project-2" }), 401, "aud must"],
      [
        "another project",
        () => credential(about({ credentialSubject: { id: meter, projects: [2] } })),
        403,
        "not for project 1",
      ],
      [
        "another type",
        () => credential(about({ type: ["VerifiablePresentation"] })),
        401,
        "VerifiableCredential",
      ],
      ["two subjects", () => credential({ sub: "did:io:0x0" }), 401, "the same DID"],
      [
        "no subject",
        () => credential({ ...about({ credentialSubject: {} }), sub: undefined }),
        401,
        "DID",
      ],
      [
        "a subject that is no DID",
        () => credential({ ...about({ credentialSubject: { id: "me" } }), sub: "me" }),
        401,
        "DID",
      ],
      [
        "another issuer inside",
        () => credential(about({ issuer: other.did })),
        401,
        "not the token's iss",
      ],
    ];
    test("is refused where it is not as it should be", async () => {
      for (const [name, token, status, text] of bad) {
        const { error, status: answered } = await send(token());
        expect([name, answered, error]).toEqual([name, status, expect.stringContaining(text)]);
      }
      expect(await senders()).toEqual([]);
    });
  });
}

describe("did:web", () => {
  const own = signer("ES256");
  const did = () => `did:web:files.example%3A${webPort}:fleet`;
  const document = (change: object = {}) => ({
    id: did(),
    verificationMethod: [{
      id: "#key-1",
      type: "JsonWebKey2020",
      controller: did(),
      publicKeyJwk: own.jwk,
    }],
    assertionMethod: ["#key-1"],
    ...change,
  });
  const credential = (header: object = {}) => tokenOf(own, payload(did()), header);
  beforeEach(() => ingest = make([did()]));

  test("is asked once for a while, for whatever many messages", async () => {
    documents.set("/fleet/did.json", document());
    const answers = await Promise.all(
      Array.from(
        { length: 20 },
        (_, i) => send(tokenOf(own, payload(did(), { jti: `${i}` }), { kid: "#key-1" })),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(asked).toBe(1);
    expect(await senders()).toEqual([meter]);
  });

  test("that lost its key is noticed though the token was good", async () => {
    documents.set("/fleet/did.json", document());
    const good = credential();
    expect((await send(good)).status).toBe(200);
    documents.set("/fleet/did.json", document({ assertionMethod: [] }));
    clock = now + 299;
    expect((await send(good)).status).toBe(200);
    clock = now + 301;
    expect(await send(good)).toMatchObject({
      status: 401,
      error: expect.stringContaining("assertionMethod"),
    });
  });

  for (
    const [name, made, status, text] of [
      ["is not there", undefined, 503, "status 404"],
      ["is of another DID", { id: "did:web:x" }, 401, "not its document"],
      ["is no JSON", "<html>", 401, "not its document"],
      ["is too large", `"${"x".repeat(70_000)}"`, 503, "65536 bytes"],
      [
        "has the key for other uses only",
        { assertionMethod: undefined, authentication: ["#key-1"] },
        401,
        "assertionMethod",
      ],
    ] as const
  ) {
    test(`a document that ${name} admits nobody`, async () => {
      const text_ = typeof made === "string" ? made : made && document(made);
      if (text_ !== undefined) documents.set("/fleet/did.json", text_);
      const refused = await send(credential());
      expect([refused.status, refused.error]).toEqual([status, expect.stringContaining(text)]);
      // Not asked again at once.
      await send(credential());
      expect(asked).toBe(1);
    });
  }

  test("that is slow holds few messages, whatever is sent", async () => {
    const held: ServerResponse[] = [];
    hold = (response) => held.push(response);
    const body = JSON.stringify({ projectID: 1, projectVersion: "0.2", data: "x".repeat(60_000) });
    const headers = {
      authorization: `Bearer ${credential()}`,
      "content-length": `${body.length}`,
    };
    let refused = 0;
    const all = Array.from({ length: 300 }, async () => {
      const answer = await ingest.app.request("/message", { method: "POST", headers, body });
      if (answer.status === 503) refused++;
      return answer.status;
    });
    while (refused === 0 || held.length === 0) await new Promise((done) => setTimeout(done, 5));
    expect(refused).toBeGreaterThan(0);
    hold = undefined;
    documents.set("/fleet/did.json", document());
    for (const response of held) response.end(JSON.stringify(document()));
    const statuses = await Promise.all(all);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(200);
    expect(statuses.filter((status) => status === 503).length).toBeGreaterThan(10);
  });

  test("points to no private address", async () => {
    const local = `did:web:localhost%3A${webPort}`;
    ingest = make([local], {}, { auth: { now: () => now * 1000 } });
    const refused = await send(tokenOf(own, payload(local)));
    expect([refused.status, refused.error]).toEqual([
      401,
      expect.stringContaining("public address"),
    ]);
    expect(asked).toBe(0);
  });

  test("names its document's URL", () => {
    expect(webUrl("did:web:w3c-ccg.github.io")).toBe(
      "https://w3c-ccg.github.io/.well-known/did.json",
    );
    expect(webUrl("did:web:w3c-ccg.github.io:user:alice"))
      .toBe("https://w3c-ccg.github.io/user/alice/did.json");
    expect(webUrl("did:web:example.com%3A3000:a")).toBe("https://example.com:3000/a/did.json");
    for (
      const bad of [
        "did:web:a:..",
        "did:web:a%2Fb",
        "did:web:u%40h",
        "did:web:%zz",
        "did:web:a%3Fx",
      ]
    ) {
      expect(() => webUrl(bad)).toThrow();
    }
  });
});

describe("other DIDs", () => {
  const account = privateKeyToAccount(keccak256("0x05"));
  const did = `did:ethr:0x1252:${account.address}`;
  const path = `/1.0/identifiers/${encodeURIComponent(did)}`;
  const method = {
    ...{ id: `${did}#controller`, type: "EcdsaSecp256k1RecoveryMethod2020", controller: did },
    blockchainAccountId: `eip155:4690:${account.address}`,
  };
  /** As did-jwt signs ES256K-R: r ‖ s ‖ recovery bit, over SHA-256. */
  const credential = async (by = account) => {
    const unsigned = jws({ alg: "ES256K-R" }, payload(did), () => new Uint8Array()).slice(0, -1);
    const digest = createHash("sha256").update(unsigned).digest("hex");
    const bytes = toBytes(await by.sign({ hash: `0x${digest}` }));
    bytes[64] = (bytes[64] ?? 27) - 27;
    return `${unsigned}.${Buffer.from(bytes).toString("base64url")}`;
  };

  test("are looked up at the operator's resolver", async () => {
    documents.set(path, {
      didDocument: { id: did, verificationMethod: [method], assertionMethod: [method.id] },
      didResolutionMetadata: {},
    });
    ingest = make([did]);
    expect((await send(await credential())).status).toBe(200);
    const other = await send(await credential(privateKeyToAccount(keccak256("0x06"))));
    expect([other.status, other.error]).toEqual([
      401,
      expect.stringContaining("signature is wrong"),
    ]);
    expect(await senders()).toEqual([meter]);
  });

  test("need one", async () => {
    ingest = make([did], {}, { auth: { now: () => now * 1000 } });
    expect(await send(await credential()))
      .toMatchObject({ status: 503, error: expect.stringContaining("DID_RESOLVER for did:ethr") });
  });
});

describe("POST /sign_credential", () => {
  const token = "a token of the operator";
  const request = (change: object = {}, credential: object = {}) => ({
    credential: {
      ...{ "@context": vc["@context"], id: "urn:uuid:1", type: vc.type },
      credentialSubject: { id: meter },
      ...credential,
    },
    ...change,
  });
  const ask = async (body: unknown, authorization: string | undefined = `Bearer ${token}`) => {
    const response = await ingest.app.request("/sign_credential", {
      method: "POST",
      headers: authorization ? { authorization } : {},
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    return { status: response.status, ...await response.json() };
  };
  let did = "";
  beforeEach(async () => {
    const privateKey = keccak256("0x07");
    const issuer = await createIssuer({
      ...{ privateKey, clients: [meter], token: token.replaceAll(" ", "-") },
      now: () => now * 1000,
    });
    did = issuer.did;
    ingest = make([did], {}, { issuer });
  });
  const bearer = `Bearer ${token.replaceAll(" ", "-")}`;

  test("gives a credential with which messages are sent, without another service", async () => {
    const config = await (await ingest.app.request("/enode_config")).json();
    expect(config.credentialIssuer).toBe(did);
    const { status, verifiableCredential } = await ask(
      request({ options: { proofFormat: "jwt" } }, {
        issuer: did,
        issuanceDate: "2027-01-15T00:00:00Z",
      }),
      bearer,
    );
    expect(status).toBe(200);
    expect((await send(verifiableCredential)).status).toBe(200);
    expect(await senders()).toEqual([meter]);
    const get = await ingest.app.request("/task/1/1", {
      headers: { authorization: `Bearer ${verifiableCredential}` },
    });
    expect(get.status).toBe(200);
    expect(asked).toBe(0);
    // Another enode's key is another issuer.
    ingest = make([signer("EdDSA").did]);
    expect((await send(verifiableCredential)).error).toContain("no credentials of this iss");
  });

  test("is for the operator's clients and those who have its token", async () => {
    expect(await ask(request(), "")).toMatchObject({
      status: 401,
      error: expect.stringContaining("OPERATOR_TOKEN"),
    });
    expect((await ask(request(), "Bearer wrong")).status).toBe(401);
    const stranger = {
      credentialSubject: { id: "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK" },
    };
    expect(await ask(request({}, stranger), bearer)).toMatchObject({
      status: 403,
      error: `failed to create session: client did not exists: ${stranger.credentialSubject.id}`,
    });
    ingest = make([did]);
    expect((await ask(request(), bearer)).status).toBe(404);
  });

  test("says which field is wrong", async () => {
    for (
      const [body, text] of [
        ["{", "must be JSON"],
        [{}, "credential:"],
        [request({}, { type: ["Other"] }), "credential.type:"],
        [request({}, { credentialSubject: { id: "me" } }), "credential.credentialSubject.id:"],
        [request({}, { issuer: "did:key:z1" }), "credential.issuer:"],
        [request({}, { issuanceDate: "today" }), "credential.issuanceDate:"],
        [request({}, { expirationDate: "2020-01-01T00:00:00Z" }), "credential.expirationDate:"],
        [request({}, { expirationDate: "2099-01-01T00:00:00Z" }), "credential.expirationDate:"],
      ] as const
    ) {
      const answered = await ask(body, bearer);
      expect([answered.status, answered.error]).toEqual([400, expect.stringContaining(text)]);
    }
    expect((await ask("x".repeat(40_000), bearer)).status).toBe(413);
  });
});
