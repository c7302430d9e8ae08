import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError, loadConfig } from "../config.ts";
import { readConfigFile } from "./file.ts";

const directory = mkdtempSync(join(tmpdir(), "w3bstream-config-"));
const path = join(directory, "node.conf");
afterAll(() => rmSync(directory, { recursive: true }));

function read(text: string, mode = 0o600) {
  writeFileSync(path, text);
  chmodSync(path, mode);
  return readConfigFile(path);
}

test.each([
  ["lines", `# a node\nexport WORKERS=3\n\n DATA_DIRECTORY = "/my data"\r\nLOG_LEVEL='debug'\n`],
  ["JSON", `{"WORKERS": 3, "DATA_DIRECTORY": "/my data", "LOG_LEVEL": "debug"}`],
])("settings as %s", (_, text) => {
  const { values, warnings } = read(text);
  expect(values).toEqual({ WORKERS: "3", DATA_DIRECTORY: "/my data", LOG_LEVEL: "debug" });
  expect(warnings).toEqual([]);
});

test("flags win over the environment, and that over the file, and that over defaults", () => {
  const { values } = read("WORKERS=3\nCONFIRMATIONS=3\nCHAIN_POLL_SECONDS=3\n");
  const env = { WORKERS: "2", CONFIRMATIONS: "2" };
  expect(loadConfig("all", { WORKERS: "1" }, env, values)).toMatchObject({
    ...{ WORKERS: 1, CONFIRMATIONS: 2, CHAIN_POLL_SECONDS: 3, MAX_MESSAGE_BYTES: 1024 * 1024 },
  });
  expect(() => loadConfig("all", {}, {}, { WORKERS: "many" })).toThrow(/^WORKERS must be/);
});

test.each([
  ["WORKERS=1\nWORKER=1\ntoString=1", /unknown settings: WORKER, toString$/],
  [`{"WORKER": 1}`, /unknown settings: WORKER$/],
  ["WORKERS=1\nWORKERS=2", /has WORKERS twice/],
  ["WORKERS=1\nhunter2", /line 2 must be NAME=value/],
  [`{"OPERATOR_PRIVATE_KEY": "hunter2"`, /is not JSON/],
  [`{"OPERATOR_PRIVATE_KEY": ["hunter2"]}`, /OPERATOR_PRIVATE_KEY must be text/],
])("%j is refused by name, and no value repeated", (text, message) => {
  try {
    read(text);
    throw new Error("accepted");
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain("hunter2");
  }
});

test("a file that is not there is an error", () => {
  expect(() => readConfigFile(join(directory, "none"))).toThrow(/--config: .*none can't be read/);
});

test("secrets in a file that everybody can read are warned of", () => {
  const secret = `OPERATOR_TOKEN=${"hunter2".repeat(3)}\nWORKERS=1`;
  const { values, warnings } = read(secret, 0o644);
  expect(values.OPERATOR_TOKEN).toBe("hunter2".repeat(3));
  expect(warnings).toEqual([
    `${path} can be read by every user and has OPERATOR_TOKEN: chmod 600 it`,
  ]);
  expect(read(secret, 0o640).warnings).toEqual([]);
  expect(read("WORKERS=1", 0o644).warnings).toEqual([]);
});
