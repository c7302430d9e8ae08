/** An ERC-20 token for tests: the one of the contracts' own tests. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type Address, encodeFunctionData, type Hex, parseAbi } from "viem";
import type { Sender } from "../../src/chain/clients.ts";
import { deployContract } from "../../src/chain/deploy_contract.ts";
import { transact } from "../../src/chain/transact.ts";

const contracts = join(import.meta.dirname, "../../contracts");
const abi = parseAbi(["function mint(address to, uint256 amount)"]);

function compile(): Hex {
  const solc = createRequire(import.meta.url)("solc");
  const file = "test/utils/Tokens.sol";
  const input = {
    language: "Solidity",
    sources: { [file]: { content: readFileSync(join(contracts, file), "utf8") } },
    settings: { outputSelection: { [file]: { PlainToken: ["evm.bytecode.object"] } } },
  };
  const find = (path: string) => ({
    contents: readFileSync(join(contracts, "../node_modules", path), "utf8"),
  });
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: find }));
  return `0x${output.contracts[file].PlainToken.evm.bytecode.object}`;
}

/** Deploys a token and gives `amount` of it to an account. */
export async function deployToken(sender: Sender, to: Address, amount: bigint): Promise<Address> {
  const contract = { abi, bytecode: compile() };
  const { address } = await deployContract(sender, "PlainToken", contract, {});
  const data = encodeFunctionData({ abi, functionName: "mint", args: [to, amount] });
  await transact(sender, { to: address, data, what: "minting" });
  return address;
}
