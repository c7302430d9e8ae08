import { describe, expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { programIdOf } from "../protocol/task.ts";
import { ProjectFileError } from "./errors.ts";
import { parseProjectFile } from "./file.ts";
import { limits } from "./limits.ts";

const program = new TextEncoder().encode("\0asm a program");
const code = deflateSync(program).toString("hex");
const contractAddress = "0x28E0A99A76a467E7418019cBBbF79E4599C73B5B";
const method = {
  type: "function",
  name: "submit",
  inputs: [
    { name: "_projectId", type: "uint256" },
    { name: "_receiver", type: "address" },
    { name: "_data_snark", type: "bytes" },
  ],
  outputs: [],
  stateMutability: "nonpayable",
};
const ethereum = {
  chainEndpoint: "https://babel-api.testnet.iotex.io",
  contractAddress,
  receiverAddress: "",
  contractMethod: "submit",
  contractAbiJSON: JSON.stringify([method]),
};
const version = (fields: Record<string, unknown> = {}) => ({
  version: "0.1",
  vmType: "halo2",
  code,
  ...fields,
});
const output = (fields: Record<string, unknown>) => [version({ output: fields })];
const toContract = (fields: Record<string, unknown>) =>
  output({ type: "ethereumContract", ethereum: { ...ethereum, ...fields } });
const abi = (...items: unknown[]) => toContract({ contractAbiJSON: JSON.stringify(items) });

const bytesOf = (file: unknown) =>
  new TextEncoder().encode(typeof file === "string" ? file : JSON.stringify(file));
const parse = (file: unknown) => parseProjectFile(bytesOf(file), { projectId: 7n });
const only = async (file: unknown) => {
  const [first] = (await parse(file)).versions.values();
  if (!first) throw new Error("no version");
  return first;
};

describe("forms", () => {
  test("the original's list", async () => {
    const file = await parse([
      version({ codeExpParam: '{"image_id":"X"}', aggregation: { amount: 0 } }),
      version({ version: "0.2", aggregation: { amount: 3 }, output: { type: "stdout" } }),
    ]);
    expect(file.warnings).toEqual([]);
    expect(file.defaultVersion).toBe("0.1");
    const [first, second] = [...file.versions.values()];
    expect(first).toEqual({
      projectId: 7n,
      version: "0.1",
      vmType: "halo2",
      program: {
        vmType: "halo2",
        code: program,
        param: '{"image_id":"X"}',
        programId: programIdOf(program, '{"image_id":"X"}'),
      },
      outputs: [{ type: "stdout" }],
      packing: { count: 1, windowMs: undefined, bytes: undefined, groupBy: undefined },
      redundancy: 1,
      timeoutSeconds: 120,
      attempts: 3,
      retentionSeconds: undefined,
      provers: { allow: undefined, remote: false },
    });
    expect(first?.program.programId).toBe(
      `0x${createHash("sha256").update(program).update('{"image_id":"X"}').digest("hex")}`,
    );
    expect(second?.packing.count).toBe(3);
    expect(second?.program.code).toBe(first?.program.code as Uint8Array);
  });

  test("the successor's object", async () => {
    for (const [vmTypeID, vmType] of [[1, "risc0"], [2, "halo2"], [3, "zkwasm"]] as const) {
      const file = await parse({
        defaultVersion: "0.2",
        versions: [
          { version: "0.1", vmTypeID, code },
          { version: "0.2", vmTypeID, code, codeExpParam: null, output: null },
        ],
      });
      expect(file.defaultVersion).toBe("0.2");
      expect(file.versions.get("0.2")?.vmType).toBe(vmType);
    }
  });

  test("our optional fields", async () => {
    const parsed = await only([version({
      packing: { window: 1.5, bytes: 4096, groupBy: "device" },
      redundancy: 2,
      timeout: 30,
      attempts: 5,
      retention: 0,
      provers: { allow: [contractAddress.toLowerCase()], remote: true },
      auth: { type: "device", devices: ["did:key:z"] },
      output: [{ type: "stdout" }, { type: "ethereumContract", ethereum: { chainId: "4689" } }],
    })]);
    expect(parsed).toMatchObject({
      packing: { count: limits.messagesPerTask, windowMs: 1500, bytes: 4096, groupBy: "device" },
      redundancy: 2,
      timeoutSeconds: 30,
      attempts: 5,
      retentionSeconds: 0,
      provers: { allow: [contractAddress], remote: true },
      auth: [{ type: "device", devices: ["did:key:z"] }],
      outputs: [
        { type: "stdout" },
        { type: "ethereumContract", mode: "router", chainId: 4689n },
      ],
    });
  });

  test("packing.count is stronger than aggregation.amount", async () => {
    const both = version({ packing: { count: 16 }, aggregation: { amount: 3 } });
    expect((await only([both])).packing.count).toBe(16);
    const window = version({ packing: { window: 60 }, aggregation: { amount: 3 } });
    expect((await only([window])).packing.count).toBe(3);
  });

  test("a code of another case, and 0x before it", async () => {
    const parsed = await only([version({ code: `0x${code.toUpperCase()}` })]);
    expect(parsed.program.code).toEqual(program);
  });
});

test("files of the original's forms with real programs", async () => {
  for (const name of ["v1", "v2"]) {
    const path = new URL(`../../tests/fixtures/original-halo2-${name}.json`, import.meta.url);
    const file = await parseProjectFile(await readFile(path), { projectId: 1n });
    expect(file.warnings).toEqual([]);
    for (const { program, outputs } of file.versions.values()) {
      expect(WebAssembly.validate(program.code as Uint8Array<ArrayBuffer>)).toBe(true);
      expect(outputs).toEqual([{ type: "stdout" }]);
    }
  }
});

describe("outputs", () => {
  test("a direct contract call", async () => {
    expect((await only(toContract({}))).outputs).toEqual([{
      type: "ethereumContract",
      mode: "direct",
      chainEndpoint: ethereum.chainEndpoint,
      contractAddress,
      contractMethod: "submit",
      contractAbi: [method],
    } as never]);
    const receiver = await only(toContract({ receiverAddress: contractAddress.toLowerCase() }));
    expect(receiver.outputs[0]).toMatchObject({ receiverAddress: contractAddress });
    const light = await only(toContract({ light: true, chainId: 4690 }));
    expect(light.outputs[0]).toMatchObject({ light: true, chainId: 4690n });
    expect((await only(toContract({ light: false }))).outputs[0]).not.toHaveProperty("light");
  });

  test("one of several functions of a name, numbered as go-ethereum does", async () => {
    const named = (type: string) => ({ ...method, inputs: [{ name: "x", type }] });
    const both = JSON.stringify([named("uint256"), named("bytes")]);
    const file = toContract({ contractAbiJSON: both, contractMethod: "submit0" });
    expect((await only(file)).outputs[0]).toMatchObject({ contractMethod: "submit0" });
    await expect(parse(toContract({ contractAbiJSON: both, contractMethod: "submit1" })))
      .rejects.toThrow("contract abi miss the contract method submit1");
  });

  test("an ABI as the compiler wrote it", async () => {
    const parsed = await only(abi(
      { type: "constructor", inputs: [] },
      { type: "event", name: "E", inputs: [{ type: "junk" }] },
      { type: "receive", stateMutability: "payable" },
      { type: "error", name: "Bad", inputs: [{ name: "why", type: "string" }] },
      {
        name: "submit",
        constant: false,
        inputs: [{
          name: "t",
          type: "tuple[]",
          components: [{ name: "a", type: "uint[2][]" }],
        }],
      },
    ));
    expect(parsed.outputs[0]).toMatchObject({
      contractAbi: [
        { type: "error", name: "Bad", inputs: [{ name: "why", type: "string" }] },
        {
          type: "function",
          name: "submit",
          stateMutability: "nonpayable",
          outputs: [],
          inputs: [{
            name: "t",
            type: "tuple[]",
            components: [{ name: "a", type: "uint256[2][]" }],
          }],
        },
      ],
    });
  });

  test("solana and textile", async () => {
    const solana = {
      chainEndpoint: "https://api.devnet.solana.com",
      programID: "DtfmbvT2dnk2mqvHLCHTVYtHsuoxgu3WhYsgY4YRJmwd",
      stateAccountPK: "",
    };
    expect((await only(output({ type: "solanaProgram", solana }))).outputs).toEqual([{
      type: "solanaProgram",
      chainEndpoint: solana.chainEndpoint,
      programId: solana.programID,
      stateAccount: "",
      light: false,
    }]);
    const textile = { vaultID: "bonfire_vault.data1" };
    expect((await only(output({ type: "textile", textile }))).outputs).toEqual([
      { type: "textile", vaultId: "bonfire_vault.data1", publicInputs: false },
    ]);
  });

  test("webhook and archive", async () => {
    const url = "https://app.example/hook?of=1";
    const list = [
      { type: "webhook", webhook: { url, light: true } },
      { type: "archive", archive: { prefix: "weather/2026", publicInputs: true } },
      { type: "archive" },
    ];
    expect((await only([version({ output: list })])).outputs).toEqual([
      { type: "webhook", url, light: true, publicInputs: false },
      { type: "archive", prefix: "weather/2026", publicInputs: true },
      { type: "archive", prefix: "", publicInputs: false },
    ]);
  });

  test("an unknown type is stdout, with a warning", async () => {
    const file = await parse(output({ type: "carrierPigeon" }));
    expect(file.versions.get("0.1")?.outputs).toEqual([{ type: "stdout" }]);
    expect(file.warnings).toEqual([
      'versions[0].output.type: unknown output "carrierPigeon", results go to stdout',
    ]);
  });
});

test("unknown fields are named, and bounded", async () => {
  const junk = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`junk${i}`, i]));
  const { warnings } = await parse([version({ packing: { windows: 3 }, ...junk })]);
  expect(warnings).toHaveLength(limits.warnings);
  expect(warnings[0]).toBe('versions[0]."junk0": unknown field, ignored');
});

test("a proof may take as long as its machine and profile need, unless the project says", async () => {
  const seconds = async (fields: Record<string, unknown>) =>
    (await parse([version(fields)])).versions.get("0.1")?.timeoutSeconds;
  const wrap = { vmType: "zkwasm", codeExpParam: '{"profile":"wrap"}' };
  expect(await seconds({})).toBe(120);
  expect(await seconds({ vmType: "zkwasm" })).toBe(600);
  expect(await seconds(wrap)).toBe(1800);
  expect(await seconds({ ...wrap, codeExpParam: '{"profile":"other"}' })).toBe(600);
  expect(await seconds({ ...wrap, timeout: 60 })).toBe(60);
});

test("warns of a risc0 project whose proofs no contract can check", async () => {
  const wanting = { vmType: "risc0", output: { type: "ethereumContract" } };
  const { warnings } = await parse([version(wanting)]);
  expect(warnings).toEqual([expect.stringContaining("contracts can't check the proofs")]);
  for (const fields of [{ provers: { remote: true } }, { output: { type: "stdout" } }]) {
    expect((await parse([version({ ...wanting, ...fields })])).warnings).toEqual([]);
  }
});

describe("refused, with the field and what to do", () => {
  const bomb = deflateSync(Buffer.alloc(limits.programBytes + 1)).toString("hex");
  const half = deflateSync(Buffer.alloc(limits.totalProgramBytes / 2 - 1)).toString("hex");
  const deep = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  const tuple = (depth: number): unknown =>
    depth === 0
      ? { name: "x", type: "uint256" }
      : { name: "t", type: "tuple", components: [tuple(depth - 1)] };
  const cases: [string, unknown, string][] = [
    ["empty", "", "the project file is empty"],
    ["no JSON", "{", "the project file is not usable JSON: "],
    ["no list", {}, "versions: is missing; a project file is a list of versions, or"],
    ["null", "null", "versions: is missing; "],
    ["a number", "3", "versions: is missing; "],
    ["no version", [], "versions: has none; add a version"],
    ["no version in an object", { versions: [] }, "versions: has none; add a version"],
    [
      "10,000 versions",
      Array.from({ length: 10_000 }, (_, i) => version({ version: `${i}` })),
      "versions: has 10000, more than 100",
    ],
    ["a version that is text", ["0.1"], "versions[0]: must be an object with version, vmType"],
    ["null as second", [version(), null], "versions[1]: must be an object with version"],
    ["nameless", [version({ version: undefined })], "versions[0].version: is missing; it must be"],
    ["empty name", [version({ version: "" })], 'versions[0].version: must be text such as "0.1"'],
    ["number as name", [version({ version: 0.1 })], "versions[0].version: must be text such as"],
    ["long name", [version({ version: "9".repeat(65) })], "versions[0].version: is longer than 64"],
    ["NUL in name", [version({ version: "a\0" })], "versions[0].version: must be printable text"],
    ["twice", [version(), version()], 'versions[1].version: "0.1" is there twice'],
    [
      "foreign default",
      { defaultVersion: "9", versions: [version()] },
      'defaultVersion: "9" is none of the file\'s versions',
    ],
    ["no machine", [version({ vmType: undefined })], "versions[0].vmType: is missing; use halo2,"],
    [
      "unknown machine",
      [version({ vmType: "wasmtime" })],
      'versions[0].vmType: unknown virtual machine "wasmtime"; use halo2, zkwasm, risc0',
    ],
    [
      "machine that is a list",
      [version({ vmType: [[]] })],
      "versions[0].vmType: unknown virtual machine a list; ",
    ],
    [
      "unknown id",
      [version({ vmType: null, vmTypeID: 4 })],
      "versions[0].vmTypeID: unknown virtual machine 4; use 1 (risc0), 2 (halo2) or 3 (zkwasm)",
    ],
    ["no code", [version({ code: "" })], "versions[0].code: is missing; it is the zlib-compressed"],
    [
      "code that is no hex",
      [version({ code: "789c zz" })],
      "versions[0].code: must be hex of the zlib-compressed program; character 5 is not",
    ],
    ["odd hex", [version({ code: "789" })], "versions[0].code: must be hex of the zlib-compressed"],
    [
      "hex that is no zlib",
      [version({ code: "00112233" })],
      "versions[0].code: must be zlib-compressed (incorrect header check); compress the program",
    ],
    [
      "cut zlib",
      [version({ code: code.slice(0, -8) })],
      "versions[0].code: must be zlib-compressed (unexpected end of file)",
    ],
    [
      "nothing compressed",
      [version({ code: deflateSync(Buffer.alloc(0)).toString("hex") })],
      "versions[0].code: is an empty program",
    ],
    [
      "zip bomb",
      [version({ code: bomb })],
      `versions[0].code: decodes to more than ${limits.programBytes} bytes`,
    ],
    [
      "bombs together",
      [
        version({ code: half }),
        version({ version: "2", code: `0x${half}` }),
        version({ version: "3", code: `0x${half.toUpperCase()}` }),
      ],
      "versions[2].code: decodes to more than",
    ],
    ["code number", [version({ code: 7 })], "versions[0].code: must be hex text, or a link such"],
    ["no link", [version({ code: { a: 1 } })], "versions[0].code: must be hex text, or a link"],
    ["bad link", [version({ code: { "/": "x" } })], 'versions[0].code: "x" is not a CID'],
    [
      "link without IPFS",
      [
        version({
          code: { "/": "bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e" },
        }),
      ],
      "versions[0].code: is a CID link, and this node has no IPFS",
    ],
    [
      "link to no file",
      [
        version({
          code: { "/": "baguqeera7xlaoudjziivynwjks27tcuftgryvb47g3mgqwktyr23eov4vjva" },
        }),
      ],
      "versions[0].code: must link a raw block or a UnixFS file, got bag",
    ],
    [
      "param number",
      [version({ codeExpParam: 5 })],
      "versions[0].codeExpParam: must be text",
    ],
    [
      "long param",
      [version({ codeExpParam: "x".repeat(limits.paramLength + 1) })],
      "versions[0].codeExpParam: is longer than 65536 characters",
    ],
    [
      "amount",
      [version({ aggregation: { amount: -1 } })],
      "versions[0].aggregation.amount: must be a whole number from 0 to 10000",
    ],
    [
      "count",
      [version({ packing: { count: 10_001 } })],
      "versions[0].packing.count: must be a whole number from 1 to 10000",
    ],
    [
      "count 0",
      [version({ packing: { count: 0 } })],
      "versions[0].packing.count: must be a whole number from 1 to 10000",
    ],
    [
      "window",
      [version({ packing: { window: "60s" } })],
      "versions[0].packing.window: must be seconds, more than 0",
    ],
    [
      "group",
      [version({ packing: { groupBy: "city" } })],
      'versions[0].packing.groupBy: must be "device"',
    ],
    [
      "packer program",
      [version({ packing: { program: "0x" } })],
      "versions[0].packing.program: must be zlib-compressed",
    ],
    [
      "packer link",
      [version({ packing: { program: { "/": "nothing" } } })],
      'versions[0].packing.program: "nothing" is not a CID',
    ],
    [
      "packer and group",
      [version({ packing: { program: "0x", groupBy: "device" } })],
      "versions[0].packing: has program and groupBy",
    ],
    ["packing list", [version({ packing: [] })], "versions[0].packing: must be an object with"],
    [
      "redundancy",
      [version({ redundancy: 1.5 })],
      "versions[0].redundancy: must be a whole number from 1 to 100",
    ],
    ["timeout", [version({ timeout: 0 })], "versions[0].timeout: must be seconds, more than 0"],
    [
      "attempts",
      [version({ attempts: 21 })],
      "versions[0].attempts: must be a whole number from 1 to 20",
    ],
    [
      "retention",
      [version({ retention: -1 })],
      "versions[0].retention: must be seconds, 0 or more",
    ],
    [
      "nobody proves",
      [version({ provers: { allow: [] } })],
      "versions[0].provers.allow: names nobody; leave it out",
    ],
    [
      "prover",
      [version({ provers: { allow: [contractAddress, "0x12"] } })],
      "versions[0].provers.allow[1]: must be an address",
    ],
    [
      "a reward in numbers",
      [version({ reward: { maxFee: 1, fee: "1" } })],
      "versions[0].reward.maxFee: must be token units (wei) as decimal text",
    ],
    [
      "a fee above the maximum",
      [version({ reward: { maxFee: "1", fee: "2" } })],
      "versions[0].reward: has a fee above its maxFee",
    ],
    ["remote", [version({ provers: { remote: 1 } })], "versions[0].provers.remote: must be true"],
    [
      "auth",
      [version({ auth: "x".repeat(limits.authLength) })],
      "versions[0].auth: is longer than 524288 characters",
    ],
    ["output text", [version({ output: "stdout" })], "versions[0].output: must be an object such"],
    ["no outputs", [version({ output: [] })], "versions[0].output: lists nothing"],
    [
      "many outputs",
      [version({ output: Array(17).fill({ type: "stdout" }) })],
      "versions[0].output: lists more than 16",
    ],
    [
      "contract address",
      toContract({ contractAddress: "0x1234" }),
      "versions[0].output.ethereum.contractAddress: must be the contract's address, 0x and 40",
    ],
    [
      "second output's address",
      [version({
        output: [{ type: "stdout" }, {
          type: "ethereumContract",
          ethereum: { ...ethereum, contractAddress: "0x1234" },
        }],
      })],
      "versions[0].output[1].ethereum.contractAddress: must be the contract's address",
    ],
    [
      "no contract address",
      toContract({ contractAddress: "" }),
      "versions[0].output.ethereum.contractAddress: is missing; give the contract, or leave out",
    ],
    [
      "router and contract",
      toContract({ router: true }),
      "versions[0].output.ethereum.router: can't be true beside contractAddress",
    ],
    [
      "light without a contract",
      [version({ output: { type: "ethereumContract", ethereum: { light: true } } })],
      "versions[0].output.ethereum.light: needs contractAddress: the router gets proofs",
    ],
    [
      "receiver",
      toContract({ receiverAddress: "me" }),
      "versions[0].output.ethereum.receiverAddress: must be an address",
    ],
    [
      "no method",
      toContract({ contractMethod: "" }),
      "versions[0].output.ethereum.contractMethod: is missing; name the function",
    ],
    [
      "foreign method",
      toContract({ contractMethod: "mint" }),
      "versions[0].output.ethereum.contractMethod: contract abi miss the contract method mint",
    ],
    [
      "event of that name",
      abi({ type: "event", name: "submit", inputs: [] }),
      "versions[0].output.ethereum.contractMethod: contract abi miss the contract method submit",
    ],
    [
      "ABI that is no JSON",
      toContract({ contractAbiJSON: "[{" }),
      "versions[0].output.ethereum.contractAbiJSON: is not usable JSON; paste the ABI",
    ],
    [
      "no ABI",
      toContract({ contractAbiJSON: null }),
      "versions[0].output.ethereum.contractAbiJSON: must be the ABI as JSON text",
    ],
    [
      "ABI of numbers",
      abi(1),
      "versions[0].output.ethereum.contractAbiJSON[0]: must be an object",
    ],
    [
      "ABI type",
      abi({ ...method, inputs: [{ name: "x", type: "uint7" }] }),
      'versions[0].output.ethereum.contractAbiJSON[0].inputs[0].type: "uint7" is not a Solidity',
    ],
    [
      "ABI name",
      abi({ ...method, name: "a b" }),
      "versions[0].output.ethereum.contractAbiJSON[0].name: must be an identifier",
    ],
    [
      "ABI tuple",
      abi({ ...method, inputs: [{ name: "x", type: "tuple" }] }),
      "versions[0].output.ethereum.contractAbiJSON[0].inputs[0].components: is missing",
    ],
    [
      "deep ABI",
      abi({ ...method, inputs: [tuple(12)] }),
      "is nested too deeply",
    ],
    [
      "chain id",
      output({ type: "ethereumContract", ethereum: { chainId: "babel" } }),
      "versions[0].output.ethereum.chainId: must be a chain id such as 4689",
    ],
    [
      "no solana",
      output({ type: "solanaProgram" }),
      "versions[0].output.solana: is missing; it must be an object with chainEndpoint",
    ],
    [
      "solana program",
      output({ type: "solanaProgram", solana: { programID: "0OIl" } }),
      "versions[0].output.solana.programID: must be the program's address in base58",
    ],
    [
      "textile vault",
      output({ type: "textile", textile: { vaultID: "../../x" } }),
      "versions[0].output.textile.vaultID: may have letters",
    ],
    [
      "webhook without url",
      output({ type: "webhook", webhook: {} }),
      "versions[0].output.webhook.url: is missing; it must be a URL such as https://",
    ],
    [
      "webhook with a password",
      output({ type: "webhook", webhook: { url: "https://u:p@app.example/" } }),
      "versions[0].output.webhook.url: must be a URL such as https://",
    ],
    [
      "archive prefix",
      output({ type: "archive", archive: { prefix: "a/../b" } }),
      "versions[0].output.archive.prefix: must be names such as weather/2026",
    ],
    ["deep nesting", deep(10_000_000), "the project file is not usable JSON: is nested too deeply"],
    ["open strings", `["${"\\\\".repeat(1000)}\\"`, "the project file is not usable JSON: "],
    [
      "a million values",
      `[${"0,".repeat(1e6)}0]`,
      "the project file is not usable JSON: has more than 200000 values",
    ],
    [
      "a deep ABI text",
      toContract({ contractAbiJSON: deep(100_000) }),
      "versions[0].output.ethereum.contractAbiJSON: is not usable JSON",
    ],
  ];
  test.each(cases)("%s", async (_name, file, message) => {
    const error = await parse(file).then(() => undefined, (error: unknown) => error);
    expect(error).toBeInstanceOf(ProjectFileError);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message.length).toBeLessThan(400);
    if (message.startsWith("versions[")) {
      expect((error as ProjectFileError).field).toBe(message.slice(0, message.indexOf(": ")));
    }
  });

  test("bytes that are no UTF-8", async () => {
    const bytes = Buffer.from([0x5b, 0xff, 0xfe, 0x5d]);
    await expect(parseProjectFile(bytes, { projectId: 1n })).rejects.toThrow("not UTF-8");
  });

  test("a file above the size limit", async () => {
    const bytes = new Uint8Array(limits.fileBytes + 1);
    await expect(parseProjectFile(bytes, { projectId: 1n })).rejects.toThrow(
      "has more than 33554432",
    );
  });

  test("one bad version refuses the file", async () => {
    await expect(parse([version(), version({ version: "0.2", code: "00" })])).rejects.toThrow(
      "versions[1].code",
    );
  });
});

describe("properties", () => {
  const onlyFileErrors = async (bytes: Uint8Array) => {
    try {
      await parseProjectFile(bytes, { projectId: 1n });
    } catch (error) {
      if (!(error instanceof ProjectFileError)) throw error;
    }
  };

  test("any bytes", async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), onlyFileErrors));
  });

  test("any JSON in any field of a good file", async () => {
    const good = toContract({})[0] as Record<string, unknown>;
    const extra = ["packing", "provers", "aggregation", "auth", "output", "vmTypeID", "timeout"];
    const paths = [...Object.keys(good), ...extra];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), fc.jsonValue(), async (path, value) => {
        await onlyFileErrors(bytesOf([{ ...good, [path]: value }]));
        await onlyFileErrors(bytesOf(toContract({ contractAbiJSON: value })));
        await onlyFileErrors(bytesOf(abi({ ...method, inputs: value }, value)));
        await onlyFileErrors(bytesOf({ versions: value, defaultVersion: value }));
        const fields = ["contractAddress", "receiverAddress", "contractMethod", "chainId"];
        for (const field of fields) await onlyFileErrors(bytesOf(toContract({ [field]: value })));
      }),
      { numRuns: 200 },
    );
  });

  test("any program comes back as it was", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 5000 }), async (bytes) => {
        const parsed = await only([version({ code: deflateSync(bytes).toString("hex") })]);
        expect([...parsed.program.code]).toEqual([...bytes]);
      }),
      { numRuns: 50 },
    );
  });
});

test("a file of 750 KB is read in well under 200 ms", async () => {
  const big = deflateSync(randomBytes(375_000)).toString("hex");
  const file = bytesOf([version({ code: big })]);
  expect(file.length).toBeGreaterThan(750_000);
  await parseProjectFile(file, { projectId: 1n });
  const start = performance.now();
  await parseProjectFile(file, { projectId: 1n });
  expect(performance.now() - start).toBeLessThan(150);
});

test("a reward is amounts of token units, of any size that a contract takes", async () => {
  const most = (1n << 128n) - 1n;
  const rewardOf = async (reward: unknown) => (await only([version({ reward })])).reward;
  expect(await rewardOf({ maxFee: `${most}`, fee: "0" })).toEqual({ maxFee: most, fee: 0n });
  expect(await rewardOf({ maxFee: "5", fee: "5", gasRate: "3" }))
    .toEqual({ maxFee: 5n, fee: 5n, gasRate: 3n });
  expect((await only([version({})])).reward).toBeUndefined();
  await expect(rewardOf({ maxFee: `${most + 1n}`, fee: "0" })).rejects.toThrow("token units");
});
