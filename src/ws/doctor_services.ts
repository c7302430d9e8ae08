/** What `ws doctor` says of the node's configuration and of the services that it names. */
import { readdir } from "node:fs/promises";
import { CID } from "multiformats/cid";
import { type Address, formatEther } from "viem";
import { type ChainClient, createChains } from "../chain/clients.ts";
import { checkDeployment } from "../chain/deploy.ts";
import { isEligible } from "../chain/registrars.ts";
import { type Contracts, contractsOf } from "../chain/network.ts";
import { type Config, loadConfig, type Role } from "../config.ts";
import { databaseProblem } from "../da/database.ts";
import { openPostgres } from "../da/postgres.ts";
import { withKeystores } from "../keystore.ts";
import { createLog, errorText } from "../log.ts";
import { assertNotStakeOwner } from "../output/ethereum/policy.ts";
import { Endpoint } from "../project/gateway.ts";
import { anyAddress, safeFetch } from "../safe-fetch.ts";
import { accountOf } from "../secp256k1.ts";
import { type Env, type Finding, found } from "./doctor_machine.ts";
import { inspectOutputs } from "./doctor_outputs.ts";

const timeoutMs = 10_000;

/** Only services that are configured are asked; none of what is found holds a secret. */
export async function inspectServices(env: Env, role: Role): Promise<Finding[]> {
  const { config, findings } = await configuration(env, role);
  if (!config) return findings;
  const rest = await Promise.all([
    chains(config),
    projectFiles(config),
    database(config),
    ipfs(config),
    remoteProver(config),
    inspectOutputs(config, timeoutMs),
  ]);
  return [...findings, ...rest.flat()];
}

async function configuration(
  env: Env,
  role: Role,
): Promise<{ config: Config | undefined; findings: Finding[] }> {
  const check = "configuration";
  try {
    const config = loadConfig(role, {}, await withKeystores(env));
    return { config, findings: [found(check, "ok", `a node of role ${role} starts with it`)] };
  } catch (error) {
    const findings = [found(check, "wrong", errorText(error))];
    try {
      // A boot node needs the least: what can be read is checked all the same.
      return { config: loadConfig("bootnode", {}, { ...env }), findings };
    } catch {
      return { config: undefined, findings };
    }
  }
}

/** A check that is wrong when it throws. */
async function attempt(check: string, run: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await run();
  } catch (error) {
    return [found(check, "wrong", errorText(error))];
  }
}

async function chains(config: Config): Promise<Finding[]> {
  const clients = createChains(config, { timeoutMs, retries: 1 });
  const others = [...config.CHAIN_ENDPOINTS.keys()].map((id) =>
    attempt(`chain ${id}`, async () => {
      await clients.get(id);
      return [found(`chain ${id}`, "ok", "its endpoint answers")];
    })
  );
  const main = attempt("chain", async () => {
    if (!config.CHAIN_ENDPOINT) return [found("chain", "note", "CHAIN_ENDPOINT is not set")];
    const chain = await clients.main();
    return [
      found("chain", "ok", `CHAIN_ENDPOINT is of chain ${chain.id}`),
      ...await deployment(config, chain),
      ...await accounts(config, chain),
    ];
  });
  return (await Promise.all([main, ...others])).flat();
}

async function deployment(config: Config, { reader }: ChainClient): Promise<Finding[]> {
  const contracts = completeContracts(config);
  if (!contracts) return [];
  const named = Object.entries({
    PROJECT_CONTRACT_ADDRESS: contracts.projectRegistrar,
    ZNODE_CONTRACT_ADDRESS: contracts.znodeRegistrar,
    ROUTER_CONTRACT_ADDRESS: contracts.router,
  });
  const codes = await Promise.all(named.map(([name, address]) =>
    attempt(name, async () => {
      const code = await reader.getCode({ address });
      if (!code || code === "0x") return [found(name, "wrong", `no contract is at ${address}`)];
      return [found(name, "ok", `${address} is a contract`)];
    })
  ));
  const findings = codes.flat();
  if (findings.some(({ state }) => state === "wrong")) return findings;
  const joined = await attempt("contracts", async () => {
    await checkDeployment(reader, contracts);
    return [found("contracts", "ok", "the router is of these registrars")];
  });
  return [...findings, ...joined];
}

/** Undefined where one of them is not set, as the configuration's fault says. */
function completeContracts(config: Config): Contracts | undefined {
  const contracts = contractsOf(config);
  return contracts && Object.values(contracts).every(Boolean) ? contracts : undefined;
}

async function accounts(config: Config, chain: ChainClient): Promise<Finding[]> {
  const { OPERATOR_PRIVATE_KEY: operator, PROVER_PRIVATE_KEY: prover } = config;
  const contracts = completeContracts(config);
  const funds = Object.entries({ operator, prover }).map(([name, key]) => {
    const check = `${name}'s key`;
    return key === undefined ? [] : attempt(check, async () => {
      const { address } = accountOf(key);
      const balance = await chain.reader.getBalance({ address });
      const text = `${address} has ${formatEther(balance)} coins`;
      return [found(check, balance > 0n ? "ok" : "note", text)];
    });
  });
  const proves = prover ?? operator;
  const stake = contracts && proves
    ? attempt("stake", () => staked(accountOf(proves).address, contracts, chain))
    : [];
  return (await Promise.all([...funds, stake])).flat();
}

async function staked(
  prover: Address,
  { znodeRegistrar }: Contracts,
  { reader }: ChainClient,
): Promise<Finding[]> {
  await assertNotStakeOwner(reader, znodeRegistrar, prover);
  return await isEligible(reader, znodeRegistrar, prover)
    ? [found("stake", "ok", `${prover} proves for a staked znode`)]
    : [
      found("stake", "note", `${prover} is of no staked, unpaused znode: as znode it gets no work`),
    ];
}

function projectFiles({ PROJECT_FILE_DIRECTORY: directory }: Config): Promise<Finding[]> {
  const check = "project files";
  return attempt(check, async () => {
    if (directory === undefined) return [];
    const names = (await readdir(directory)).filter((name) => /^\d+$/.test(name));
    const text = `${directory} has ${names.length || "no"} files named by a project's id`;
    return [found(check, names.length > 0 ? "ok" : "note", text)];
  });
}

function database({ DATABASE_DSN: dsn }: Config): Promise<Finding[]> {
  const check = "database";
  return attempt(check, async () => {
    if (dsn === undefined) return [found(check, "ok", "embedded, in the data directory")];
    try {
      const opened = await openPostgres({ dsn, connections: 1, log: createLog("silent") });
      await opened.close();
    } catch (error) {
      return [found(check, "wrong", `DATABASE_DSN: ${databaseProblem(error)}`)];
    }
    return [found(check, "ok", "DATABASE_DSN is a PostgreSQL that can be used")];
  });
}

/** The empty block, whose CID holds it: every gateway and Kubo has it. */
const emptyBlock = CID.parse("bafkqaaa");

function ipfs({ IPFS_ENDPOINT: endpoint }: Config): Promise<Finding[]> {
  const check = "IPFS";
  return attempt(check, async () => {
    if (endpoint === undefined) return [found(check, "ok", "the embedded node alone")];
    try {
      await new Endpoint(endpoint).ask("block", emptyBlock, {
        ...{ maxBytes: 1024, timeoutMs, allow: anyAddress, verify: () => Promise.resolve() },
      });
      return [found(check, "ok", "IPFS_ENDPOINT gives blocks")];
    } catch (error) {
      const text = errorText(error);
      const answered = /\bstatus (?!401|403|5)\d/.test(text);
      // Some serve only what they hold themselves.
      return [found(check, answered ? "note" : "wrong", `IPFS_ENDPOINT: ${text}`)];
    }
  });
}

function remoteProver({ RISC0_PROVER_ENDPOINT: endpoint }: Config): Promise<Finding[]> {
  const check = "remote prover";
  return attempt(check, async () => {
    if (endpoint === undefined) return [];
    const { status } = await safeFetch(endpoint, {
      ...{ maxBytes: 65536, timeoutMs, allow: anyAddress, maxRedirects: 0 },
    });
    const text = `RISC0_PROVER_ENDPOINT answers (status ${status}); its key was not tried`;
    return [found(check, status < 500 ? "ok" : "wrong", text)];
  });
}
