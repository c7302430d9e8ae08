import { describe, expect, test } from "bun:test";
import { authSchema } from "./auth.ts";

const x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const key = { kty: "OKP", crv: "Ed25519", x };
const jwt = { type: "jwt", issuer: "https://a.example", keys: [key] };
const problem = (value: unknown): string => {
  const { error } = authSchema.safeParse(value);
  const issue = error?.issues[0];
  return issue ? `${issue.path.join(".")}: ${issue.message}` : "none";
};

describe("auth of a project file", () => {
  test("is one rule or a list; none is no rule", () => {
    expect(authSchema.parse({ type: "none" })).toBeUndefined();
    expect(authSchema.parse(jwt)).toEqual([jwt] as never);
    const rules = [
      jwt,
      { type: "jwt", issuer: "b", secret: "operator", once: true, maxAge: 60, audience: "fleet" },
      { type: "credential", issuers: ["did:web:files.example%3A8080:a"] },
      { type: "device", devices: ["did:key:z6Mk", "0x00000000000000000000000000000000000000AA"] },
      { type: "successor", devices: ["0x00000000000000000000000000000000000000AA"] },
    ];
    expect(authSchema.parse(rules)).toEqual(rules as never);
  });

  test.each([
    [{}, ': must have a type: "none"'],
    [{ type: "oauth" }, "must have a type"],
    [[], "must be a rule or a list of 1 to 8"],
    [[{ type: "none" }, jwt], "0.type: must have a type"],
    [[jwt, { ...jwt, aud: "x" }], '1: Unrecognized key: "aud"'],
    [{ type: "jwt", issuer: "a" }, "needs either keys"],
    [{ ...jwt, secret: "operator" }, "needs either keys"],
    [{ type: "jwt", issuer: "a", secret: "s3cret" }, 'secret: must be "operator"'],
    [{ ...jwt, issuer: "a#b" }, "issuer: must not contain #"],
    [{ ...jwt, keys: [{ ...key, d: x }] }, "keys.0.d: is a private key"],
    [{ ...jwt, keys: [{ kty: "oct", k: x }] }, "keys.0.kty: must be a public JWK"],
    [{ ...jwt, keys: [{ ...key, x: "AA" }] }, "keys.0.x: must be 32 bytes in base64url"],
    [{ ...jwt, keys: [] }, "keys: must be a list of 1 to 32"],
    [{ type: "credential" }, "issuers: is missing"],
    [{ type: "credential", issuers: ["https://a"] }, "issuers.0: must be a DID"],
    [{ type: "successor" }, "devices: is missing"],
    [{ type: "device", devices: ["did:web:a"] }, "devices.0: must be an address or a did:key"],
    [{ type: "device", window: 0 }, "window: must be whole seconds from 1"],
  ])("%j is refused: %s", (value, text) => {
    expect(problem(value)).toContain(text);
  });
});
