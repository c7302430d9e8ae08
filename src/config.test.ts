import { base58btc } from "multiformats/bases/base58";
import { describe, expect, test } from "bun:test";
import { getAddress } from "viem";
import { ConfigError, describeConfig, loadConfig } from "./config.ts";

const key = `0x${"11".repeat(32)}`;
const account = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const chain = {
  CHAIN_ENDPOINT: "http://127.0.0.1:8545",
  PROJECT_CONTRACT_ADDRESS: account,
  ZNODE_CONTRACT_ADDRESS: account,
  ROUTER_CONTRACT_ADDRESS: account,
  OPERATOR_PRIVATE_KEY: key,
};

describe("configuration", () => {
  test("role all with nothing set is a loopback node without a chain", () => {
    const config = loadConfig("all", {}, {});
    expect(config.httpHost).toBe("127.0.0.1");
    expect(config.httpPort).toBe(9000);
    expect(config.CHAIN_ENDPOINT).toBeUndefined();
    expect(config.DATA_DIRECTORY).toBe("./data");
  });

  test("flags win over the environment; an empty value counts as unset", () => {
    const env = { DATA_DIRECTORY: "/env", LOG_LEVEL: "" };
    const config = loadConfig("all", { DATA_DIRECTORY: "/flag" }, env);
    expect(config.DATA_DIRECTORY).toBe("/flag");
    expect(config.LOG_LEVEL).toBe("info");
  });

  test("the original's log levels are understood", () => {
    expect(loadConfig("all", {}, { LOG_LEVEL: "-4" }).LOG_LEVEL).toBe("debug");
    expect(loadConfig("all", {}, { LOG_LEVEL: "8" }).LOG_LEVEL).toBe("error");
  });

  test("a node without a chain listens on loopback only", () => {
    expect(() => loadConfig("all", {}, { HTTP_SERVICE_ENDPOINT: "0.0.0.0:9000" })).toThrow(
      /loopback only/,
    );
    expect(loadConfig("all", {}, chain).httpHost).toBe("0.0.0.0");
    expect(loadConfig("all", {}, { HTTP_SERVICE_ENDPOINT: "[::1]:80" }).httpHost).toBe("::1");
  });

  test("with a chain, what is missing is named", () => {
    expect(() => loadConfig("enode", {}, { CHAIN_ENDPOINT: "http://127.0.0.1:1" })).toThrow(
      /PROJECT_CONTRACT_ADDRESS, ZNODE_CONTRACT_ADDRESS, ROUTER_CONTRACT_ADDRESS, OPERATOR_PRI/,
    );
  });

  test("a znode with a key of its own needs no operator's", () => {
    const { OPERATOR_PRIVATE_KEY: _, ...network } = chain;
    const config = loadConfig("znode", {}, { ...network, PROVER_PRIVATE_KEY: key });
    expect(config.PROVER_PRIVATE_KEY).toBe(key as `0x${string}`);
    expect(() => loadConfig("znode", {}, network)).toThrow(/also needs PROVER_PRIVATE_KEY$/);
    expect(() => loadConfig("all", {}, { ...network, PROVER_PRIVATE_KEY: key })).toThrow(
      /also needs OPERATOR_PRIVATE_KEY$/,
    );
  });

  const bad: [string, string, RegExp][] = [
    ["HTTP_SERVICE_ENDPOINT", "host:99999", /HTTP_SERVICE_ENDPOINT must be host:port/],
    ["DATABASE_DSN", "mysql://u:hunter2@x", /DATABASE_DSN must start with postgres/],
    ["DATASOURCE_DSN", "mysql://u:hunter2@x", /DATASOURCE_DSN must start with postgres/],
    ["DATASOURCE_TABLE", "a.b.c", /DATASOURCE_TABLE must be a table/],
    ["MQTT_ENDPOINT", "http://u:hunter2@x", /MQTT_ENDPOINT must be an mqtt/],
    ["MQTT_TOPIC", "a/b+", /MQTT_TOPIC must be a topic filter/],
    ["CHAIN_ENDPOINT", "ftp://x", /CHAIN_ENDPOINT must be an http/],
    ["CHAIN_ENDPOINTS", "4690=x", /CHAIN_ENDPOINTS must be chainId=url/],
    ["WORKERS", "0", /WORKERS must be from 1/],
    ["WORKERS", "two", /WORKERS must be a whole number/],
    ["OUTPUT_ALLOW", "1:0x12:0x", /OUTPUT_ALLOW must be chainId:address/],
    ["OUTPUT_ALLOW", "solana:0OIl", /OUTPUT_ALLOW must be chainId:address/],
    ["WEBHOOK_SECRETS", "1=whsec_c2hvcnQ=", /WEBHOOK_SECRETS must be projectId=whsec_…/],
    ["WEBHOOK_PRIVATE_HOSTS", "http://x", /WEBHOOK_PRIVATE_HOSTS must be hosts/],
    ["OPERATOR_PRIVATE_KEY_ED25519", `[${"1,".repeat(63)}1]`, /ED25519 must be 32 bytes of hex/],
    ["SOLANA_ENDPOINTS", "solana=http://x", /SOLANA_ENDPOINTS must be cluster=url/],
    ["SOLANA_ENDPOINTS", "devnet=ftp://x", /SOLANA_ENDPOINTS must be cluster=url/],
    ["OPERATOR_PRIVATE_KEY", "0xabcd", /OPERATOR_PRIVATE_KEY must be 32 bytes/],
    ["NATIVE_LIBRARIES", "x.so", /NATIVE_LIBRARIES must be programId=path/],
    ["RISC0_PROVER_ENDPOINT", "gpu", /RISC0_PROVER_ENDPOINT must be an http/],
    ["RISC0_PROVER_ENDPOINT", "gpu:8081", /RISC0_PROVER_ENDPOINT must be an http/],
    ["RISC0_PROVER_ENDPOINT", "http://gpu/?key=1", /must be an http.* without user, password/],
    ["RISC0_PROVER_API_KEY", "two words", /RISC0_PROVER_API_KEY must be printable ASCII/],
    ["RISC0_PROVER_API_KEY", "k", /RISC0_PROVER_API_KEY is for RISC0_PROVER_ENDPOINT/],
    ["LOG_LEVEL", "loud", /LOG_LEVEL must be one of/],
    ["OTEL_TRACES_SAMPLER", "some", /OTEL_TRACES_SAMPLER /],
    ["OTEL_TRACES_SAMPLER_ARG", "1.5", /OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1/],
    ["OTEL_EXPORTER_OTLP_HEADERS", "key", /^(?!.*got).*must be name=value pairs/],
    ["OTEL_EXPORTER_OTLP_HEADERS", "key=a%0Db", /^(?!.*got).*must be name=value pairs/],
  ];
  test.each(bad)("%s=%s is refused by name", (name, value, message) => {
    expect(() => loadConfig("all", {}, { [name]: value })).toThrow(message);
  });

  test("an archive is a directory or a bucket, and a bucket needs a key", () => {
    const s3 = {
      ARCHIVE_S3_ENDPOINT: "https://s3.example",
      ARCHIVE_S3_BUCKET: "receipts",
      ARCHIVE_S3_ACCESS_KEY_ID: "id",
    };
    expect(() => loadConfig("all", {}, s3)).toThrow(
      /archive in S3 also needs ARCHIVE_S3_SECRET_ACCESS_KEY/,
    );
    const whole = { ...s3, ARCHIVE_S3_SECRET_ACCESS_KEY: "hunter2" };
    const config = loadConfig("all", {}, whole);
    expect(config.ARCHIVE_S3_REGION).toBe("us-east-1");
    expect(JSON.stringify(describeConfig(config))).not.toContain("hunter2");
    expect(() => loadConfig("all", {}, { ...whole, ARCHIVE_DIRECTORY: "x" })).toThrow(
      /keep one of the two/,
    );
  });

  test("a Solana key is taken as hex, base58 or Solana's own JSON", () => {
    // RFC 8032, test 1.
    const seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    const pair = seed + "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    const bytes = [...Uint8Array.fromHex(pair)];
    const base58 = base58btc.baseEncode(Uint8Array.from(bytes));
    for (const text of [seed, `0x${seed}`, pair, base58, JSON.stringify(bytes)]) {
      const config = loadConfig("all", {}, { OPERATOR_PRIVATE_KEY_ED25519: text });
      expect(config.OPERATOR_PRIVATE_KEY_ED25519).toBe(`0x${seed}`);
    }
  });

  test("what keys may sign for is a call, a program or a vault", () => {
    const account = "0x2222222222222222222222222222222222222222";
    const OUTPUT_ALLOW = `4690:${account}:0xABCDEF01, textile:a.b,solana:${"1".repeat(32)}`;
    expect(loadConfig("all", {}, { OUTPUT_ALLOW }).OUTPUT_ALLOW).toEqual({
      calls: [{ chainId: 4690n, address: account, selector: "0xabcdef01" }],
      programs: ["1".repeat(32)],
      vaults: ["a.b"],
    });
  });

  test("native libraries are of a program, or of zkwasm's prover", () => {
    const hash = "ab".repeat(32);
    const id = `0x${"12".repeat(32)}` as const;
    const { NATIVE_LIBRARIES: libraries } = loadConfig("all", {}, {
      NATIVE_LIBRARIES: `zkwasm=./libzkwasm.so#${hash},${id}=/x.so#0x${hash}`,
    });
    const sha256 = `0x${hash}` as const;
    expect(libraries).toEqual({
      zkwasm: { path: "./libzkwasm.so", sha256 },
      [id]: { path: "/x.so", sha256 },
    });
  });

  test("a refused secret is not repeated", () => {
    for (
      const [name, value] of [
        ["DATABASE_DSN", "mysql://hunter2"],
        [
          "PROVER_PRIVATE_KEY",
          "hunter2",
        ],
        ["RISC0_PROVER_API_KEY", "hunter2\n"],
        ["RISC0_PROVER_ENDPOINT", "http://u:hunter2@gpu"],
        ["OPERATOR_SIGNER_ENDPOINT", "https://signer.example/hunter2"],
        ["PROVER_SIGNER_ENDPOINT", `0x${"11".repeat(20)}=hunter2`],
      ]
    ) {
      try {
        loadConfig("all", {}, { [name as string]: value });
        throw new Error("accepted");
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        expect((error as Error).message).not.toContain("hunter2");
      }
    }
  });

  test("the description shows no secret", () => {
    const text = JSON.stringify(describeConfig(loadConfig("all", {}, {
      ...chain,
      DATABASE_DSN: "postgres://u:hunter2@db/x",
      CHAIN_ENDPOINTS: "1=https://rpc.example/hunter2",
      RISC0_PROVER_ENDPOINT: "http://gpu.example/hunter2",
      RISC0_PROVER_API_KEY: "hunter2",
      PROVER_SIGNER_ENDPOINT: `0x${"22".repeat(20)}=https://signer.example/?key=hunter2`,
    })));
    expect(text).not.toContain("hunter2");
    expect(text).not.toContain("1111");
  });

  test("a remote signer is an account and a URL, which may have any signs", () => {
    const address = getAddress(`0x${"2b".repeat(20)}`);
    const text = `${address.toLowerCase()}=https://signer.example/?key=a=b`;
    expect(loadConfig("all", {}, { PROVER_SIGNER_ENDPOINT: text }).PROVER_SIGNER_ENDPOINT)
      .toEqual({ address, url: "https://signer.example/?key=a=b" });
  });

  test("a remote prover of risc0 is none unless it is named", () => {
    expect(loadConfig("znode", {}, {}).RISC0_PROVER_ENDPOINT).toBeUndefined();
    const set = { RISC0_PROVER_ENDPOINT: "http://10.0.0.7:8081", RISC0_PROVER_API_KEY: "node-1" };
    expect(loadConfig("znode", {}, set)).toMatchObject(set);
    expect(describeConfig(loadConfig("znode", {}, set))).toMatchObject({
      RISC0_PROVER_ENDPOINT: "set",
      RISC0_PROVER_API_KEY: "set",
    });
  });

  test("the description names what is set, readably", () => {
    expect(describeConfig(loadConfig("all", {}, {})).SOLANA_LIMIT_PER_DAY).toBe("100000000");
    expect(describeConfig(loadConfig("all", { DATA_DIRECTORY: "/d" }, {}))).toMatchObject({
      role: "all",
      HTTP_SERVICE_ENDPOINT: "127.0.0.1:9000",
      DATA_DIRECTORY: "/d",
    });
  });

  test("enodes are named by multiaddrs with their peer's id", () => {
    const peer = "12D3KooWCwEa2V12mvgRA3mkiWos45Z4aYZW6CCYS7tqDnzFdC7A";
    const list = `/ip4/10.0.0.1/tcp/4689/p2p/${peer}, /dns4/b.example/tcp/4689/ipfs/${peer}`;
    const config = loadConfig("znode", {}, { BOOTNODE_MULTIADDR: list });
    expect(config.BOOTNODE_MULTIADDR.map(String)).toEqual([
      `/ip4/10.0.0.1/tcp/4689/p2p/${peer}`,
      `/dns4/b.example/tcp/4689/p2p/${peer}`,
    ]);
    expect(describeConfig(config).BOOTNODE_MULTIADDR).toContain(`/ip4/10.0.0.1/tcp/4689/p2p/`);
    for (const wrong of ["/ip4/10.0.0.1/tcp/4689", "10.0.0.1:4689", `/ip4/10.0.0.1/p2p/x`]) {
      expect(() => loadConfig("znode", {}, { BOOTNODE_MULTIADDR: wrong }))
        .toThrow(/^BOOTNODE_MULTIADDR must/);
    }
  });

  test("with a chain, nobody is trusted by name", () => {
    for (const name of ["TRUSTED_PROVERS", "TRUSTED_ENODES"] as const) {
      expect(loadConfig("all", {}, { [name]: `${account}, ${account}` })[name]).toHaveLength(2);
      expect(() => loadConfig("all", {}, { ...chain, [name]: account })).toThrow(name);
      expect(() => loadConfig("all", {}, { [name]: "0x12" })).toThrow(/must be an address/);
    }
  });

  test("an unknown role is refused", () => {
    expect(() => loadConfig("prover", {}, {})).toThrow(/--role must be one of all, enode, znode/);
  });
});
