/** A node's HTTP API as gateways, devices and programs that read its OpenAPI use it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { execFile } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { EnodeClient, type OutgoingMessage } from "../../src/client.ts";
import { deviceText } from "../../src/ingest/auth/device.ts";
import { jws, signer } from "../../src/ingest/testing/senders.ts";
import { weatherModule, workspace, writeProject } from "./files.ts";
import { type NodeProcess, startNode } from "./node.ts";

const place = workspace();
const secret = randomBytes(32);
const device = signer("ES256", randomBytes(32).fill(0, 0, 1));
const meter = "did:io:0x9d9250fb4e08ba7a858fe7196a6ba946c6083ff0";
const keys = {
  JWT_SECRETS: `1=${secret.toString("base64url")}`,
  CREDENTIAL_PRIVATE_KEY: randomBytes(32).toString("hex"),
  CREDENTIAL_CLIENTS: meter,
  OPERATOR_TOKEN: randomBytes(16).toString("hex"),
};
let node: NodeProcess;
const client = (token?: string) => new EnodeClient(node.url, { token });

beforeAll(async () => {
  const projects = join(place.directory, "projects");
  await mkdir(projects);
  const version = {
    code: await weatherModule(),
    packing: { count: 2 },
    output: { type: "stdout" },
  };
  // The node says which DID it signs credentials as; the project trusts it by that.
  const issuer = signer("EdDSA", Buffer.from(keys.CREDENTIAL_PRIVATE_KEY, "hex")).did;
  const auth = [
    { type: "jwt", issuer: "fleet", secret: "operator" },
    { type: "credential", issuers: [issuer] },
    { type: "device", devices: [device.did] },
  ];
  await writeProject(projects, 1, { ...version, auth, limits: { bytes: 1000 } });
  await writeProject(projects, 2, version);
  node = await startNode({ ...place.env, ...keys, PROJECT_FILE_DIRECTORY: projects });
  expect((await client().config()).credentialIssuer).toBe(issuer);
});
afterAll(async () => {
  await node?.kill();
  await place.remove();
});

const now = () => Math.floor(Date.now() / 1000);
const message: OutgoingMessage = { projectId: 1, version: "0.1", data: `{"value":21.5}` };

test("each kind of sender is known, and who is none is told what to show", async () => {
  const claims = { iss: "fleet", sub: "m", aud: "w3bstream-project-1", exp: now() + 60 };
  const hs256 = (text: string) => createHmac("sha256", secret).update(text).digest();
  const byJwt = client(jws({ alg: "HS256" }, claims, hs256));
  await expect(client().send(message)).rejects.toThrow("401: project 1 takes messages of known");
  const { verifiableCredential } = await client(keys.OPERATOR_TOKEN).request(
    z.object({ verifiableCredential: z.string() }),
    "sign_credential",
    {
      method: "POST",
      body: JSON.stringify({
        credential: {
          "@context": ["https://www.w3.org/2018/credentials/v1"],
          type: ["VerifiableCredential"],
          credentialSubject: { id: meter },
        },
      }),
    },
  );
  const byCredential = client(verifiableCredential);
  const fields = { device: device.did, time: now(), nonce: "1" };
  const text = deviceText({
    ...{ audience: "w3bstream-project-1", version: "0.1", ...fields },
    data: new TextEncoder().encode(message.data),
  });
  const signed = {
    ...message,
    ...fields,
    signature: Buffer.from(device.sign(text)).toString("hex"),
  };

  const ids = [await byJwt.send(message), await byCredential.send(message)];
  const id = await client().send(signed);
  // A replay, at whatever time, is the same message.
  expect(await client().send(signed)).toBe(id);
  expect(new Set([...ids, id]).size).toBe(3);
  for await (const { state } of byJwt.watch(ids[0] as string)) if (state === "packed") break;
  // Secrets are not in what the node logs.
  for (const kept of Object.values(keys).filter((value) => value !== meter)) {
    expect(node.log()).not.toContain(kept.replace(/^1=/, ""));
  }
  expect(node.log()).not.toContain(verifiableCredential);
});

const run = promisify(execFile);

/** Schemathesis from PyPI in an environment of its own; undefined where it can't be had. */
async function schemathesis(): Promise<string | undefined> {
  const directory = await mkdtemp(join(tmpdir(), "w3bstream-fuzz-"));
  try {
    await run("python3", ["-m", "venv", directory]);
    await run(join(directory, "bin/pip"), ["install", "--quiet", "schemathesis==4.32.5"]);
    return directory;
  } catch {
    await rm(directory, { recursive: true, force: true });
    return undefined;
  }
}
const fuzzer = await schemathesis();
if (!fuzzer) test.skip("fuzzing by the API's own OpenAPI: no Python, or no schemathesis", () => {});

test.skipIf(!fuzzer)("finds no fault of the server when fuzzed by its own OpenAPI", async () => {
  const document = await (await fetch(`${node.url}/openapi.json`)).json();
  // Schemathesis writes no CBOR; streams of messages end with them, and this one never.
  delete document.paths["/overview/events"];
  for (const path of ["/message", "/messages"]) {
    delete document.paths[path].post.requestBody.content["application/cbor"];
    delete document.paths[path].post.requestBody.content["application/x-ndjson"];
  }
  const file = join(fuzzer as string, "openapi.json");
  await writeFile(file, JSON.stringify(document));
  const { stdout } = await run(join(fuzzer as string, "bin/schemathesis"), [
    ...["run", file, "--url", node.url, "--checks", "not_a_server_error", "--seed", "1"],
    ...["--max-examples", "40", "--suppress-health-check", "all", "--request-timeout", "60"],
  ], { maxBuffer: 1 << 26 }).catch(({ stdout, stderr }) => {
    throw new Error(`${stdout}\n${stderr}`.slice(-4000));
  });
  expect(Number(/(\d+) generated/.exec(stdout)?.[1])).toBeGreaterThan(100);
  await rm(fuzzer as string, { recursive: true, force: true });
});
