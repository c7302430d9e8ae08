/**
 * Writes the vectors that TypeScript and Solidity tests share; with `--check` says whether the
 * committed ones are current.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { fileURLToPath } from "node:url";
import {
  type Address,
  bytesToHex,
  concat,
  type Hex,
  hexToBytes,
  keccak256,
  sha256,
  toBytes,
  toHex,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import {
  bindingOf,
  claimOf,
  encodeMessage,
  evidenceOf,
  inputSalt,
  type Leaf,
  leafHash,
  merkleProof,
  merkleRoot,
  sealAll,
  sealEnvelope,
  signTask,
  statementHash,
  type Task,
  taskIdOf,
} from "../../src/protocol/index.ts";

const folder = new URL("../../contracts/test/vectors/", import.meta.url);

/** `length` bytes that depend on `label` alone. */
function bytesOf(label: string, length: number): Uint8Array {
  const parts: number[] = [];
  for (let i = 0; parts.length < length; i++) {
    parts.push(...hexToBytes(keccak256(toBytes(`${label}/${i}`))));
  }
  return Uint8Array.from(parts.slice(0, length));
}

/** The edges of every field stand among them: no data, long data, no sender, the largest id. */
function leaf(name: string, i: number): Leaf {
  return {
    salt: bytesOf(`${name}/salt/${i}`, 32),
    id: bytesOf(`${name}/id/${i}`, 16),
    projectId: i === 1 ? (1n << 63n) - 1n : BigInt(i + 1),
    version: i === 2 ? "версия 1.0" : "0.1",
    clientId: i % 2 === 0 ? "" : `did:key:z${i}`,
    data: i === 0 ? new Uint8Array() : bytesOf(`${name}/data/${i}`, i === 3 ? 1000 : 10 + i),
  };
}

function merkle() {
  const cases = [1, 2, 3, 4, 5, 6, 7, 8, 16, 17, 33].map((count) => {
    const leaves = Array.from({ length: count }, (_, i) => leaf(`case ${count}`, i));
    const leafHashes = leaves.map(leafHash);
    return {
      leaves: leaves.map((l) => ({
        salt: toHex(l.salt),
        id: toHex(l.id),
        projectId: l.projectId.toString(),
        version: l.version,
        clientId: l.clientId,
        data: toHex(l.data),
      })),
      leafHashes,
      root: merkleRoot(leafHashes),
      inputSalt: bytesToHex(inputSalt(leaves.map((l) => l.salt))),
      proofs: leaves.map((_, i) => merkleProof(leafHashes, i)),
    };
  });
  return { cases };
}

/** What the guest `meter_rust` commits to, given what `wasm/wrap/examples/keys.rs` proves it with. */
function meterCommitment(): Hex {
  const salt = [1n, 2n, 3n, 4n];
  const readings = [215n, 218n, 221n, 219n];
  const values = [...salt, 0n, BigInt(readings.length), ...readings];
  return sha256(concat(values.map((value) => toHex(value, { size: 8 }))));
}

async function tasks() {
  const cases = [];
  const word = (label: string): Hex => keccak256(toBytes(label));
  const chains: [bigint, Address][] = [
    [31337n, "0x5FbDB2315678afecb367f032d93F642f64180aa3"],
    [4690n, "0x1111111111111111111111111111111111111111"],
    [0n, "0x0000000000000000000000000000000000000000"],
  ];
  const commitments = [meterCommitment(), word("commitment 1"), `0x${"00".repeat(32)}`];
  for (const [i, [chainId, router]] of chains.entries()) {
    const operator = privateKeyToAccount(word(`operator ${i}`));
    const prover = privateKeyToAccount(word(`prover ${i}`));
    const task: Task = {
      chainId,
      router,
      projectId: i === 1 ? (1n << 63n) - 1n : BigInt(i + 1),
      version: i === 2 ? "версия 1.0" : "0.1",
      programId: word(`program ${i}`),
      messagesRoot: word(`root ${i}`),
      inputCommitment: commitments[i] as Hex,
      nonce: i === 0 ? 0n : BigInt(word(`nonce ${i}`)),
    };
    const taskId = taskIdOf(task);
    const epoch = BigInt(i + 1);
    const acceptance = { taskId, epoch, prover: prover.address, verifier: router };
    const claim = {
      taskId,
      epoch,
      prover: prover.address,
      programId: task.programId,
      publicValuesHash: word(`public values ${i}`),
      proofHash: word(`proof ${i}`),
    };
    const accepted = statementHash("Acceptance", acceptance);
    const claimHash = statementHash("ReceiptClaim", claim);
    const payload = bytesOf(`payload ${i}`, 100);
    // In trees of one, two and three statements.
    const statements = [claimHash, accepted, taskId].slice(0, i + 1).reverse();
    const frame = await sealEnvelope(task, prover, { payload, statements });
    cases.push({
      chainId,
      router,
      projectId: task.projectId,
      version: task.version,
      programId: task.programId,
      messagesRoot: task.messagesRoot,
      inputCommitment: task.inputCommitment,
      nonce: task.nonce,
      taskId,
      operator: operator.address,
      operatorSig: await signTask(task, operator),
      prover: prover.address,
      binding: bindingOf(taskId, prover.address),
      acceptance: {
        epoch,
        verifier: router,
        hash: accepted,
      },
      receiptClaim: {
        epoch,
        publicValuesHash: claim.publicValuesHash,
        proofHash: claim.proofHash,
        hash: claimHash,
        evidence: evidenceOf(frame, claimHash),
      },
    });
  }
  return { cases };
}

/** What a znode says in real frames: it accepts a task, sends a receipt, and another of other values. */
async function evidence() {
  const prover = privateKeyToAccount(keccak256(toBytes("evidence prover")));
  const enode = privateKeyToAccount(keccak256(toBytes("evidence enode"))).address;
  const network = { chainId: 31337n, router: enode };
  const taskId = keccak256(toBytes("evidence task"));
  const verifier = privateKeyToAccount(keccak256(toBytes("evidence verifier"))).address;
  const epoch = 3n;
  const accept = { taskId, epoch, verifier };
  const accepted = statementHash("Acceptance", { ...accept, prover: prover.address });
  const receiptOf = (publicValues: Uint8Array) => ({
    taskId,
    epoch,
    receipt: {
      vmType: "halo2" as const,
      programId: keccak256(toBytes("evidence program")),
      imageId: keccak256(toBytes("evidence image")),
      bindingKind: "data" as const,
      publicValues,
      proof: keccak256(publicValues, "bytes"),
    },
  });
  const accepting = encodeMessage("accept", accept, prover.address);
  const frame = (...messages: Parameters<typeof sealAll>[3]) =>
    sealAll(network, prover, enode, messages, 1_700_000_000_000);
  const receipts = [];
  for (const [i, length] of [64, 65, 200].entries()) {
    const body = receiptOf(bytesOf(`evidence values ${i}`, length));
    const claim = claimOf(body, prover.address);
    // Alone in its frame, and among others.
    const around = Array.from({ length: i * 2 }, () => accepting);
    const sent = await frame(...around, encodeMessage("receipt", body, prover.address));
    const { publicValues, proof } = body.receipt;
    receipts.push({
      claim,
      publicValues: toHex(publicValues),
      proof: toHex(proof),
      evidence: evidenceOf(sent, statementHash("ReceiptClaim", claim)),
    });
  }
  return {
    ...network,
    acceptance: { ...accept, prover: prover.address },
    acceptanceEvidence: evidenceOf(await frame(accepting), accepted),
    receipts,
  };
}

const text = (value: unknown) =>
  JSON.stringify(value, (_, v) => typeof v === "bigint" ? v.toString() : v, 1) + "\n";

const files = {
  "merkle.json": text(merkle()),
  "task.json": text(await tasks()),
  "evidence.json": text(await evidence()),
};
const check = process.argv.includes("--check");
const stale: string[] = [];
await mkdir(folder, { recursive: true });
for (const [name, content] of Object.entries(files)) {
  const path = fileURLToPath(new URL(name, folder));
  if (!check) await writeFile(path, content);
  else if (await readFile(path, "utf8").catch(() => "") !== content) stale.push(name);
}
if (stale.length > 0) {
  process.stderr.write(`not current: ${stale.join(", ")}; run scripts/build/vectors.ts\n`);
  process.exitCode = 1;
}
