import { createRequire } from "node:module";
import type { Abi, Hex } from "viem";

const source = `
// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

contract Target {
    error Closed(uint256 id);
    event Called(uint256 id, address sender);
    uint256 public count;
    bool public closed;
    bytes public last;
    mapping(uint256 => uint256) public seen;

    function close(bool value) external { closed = value; }
    function take(uint256 id) external {
        if (closed) revert Closed(id);
        seen[id]++;
        count++;
        emit Called(id, msg.sender);
    }
    function store(bytes calldata proof, uint256 projectId, address receiver, uint256 amount) external {
        last = abi.encode(proof, projectId, receiver, amount);
        count++;
    }
    function snark(bytes calldata _data_snark) external { last = _data_snark; }
    function fail(uint256 kind) external pure {
        if (kind == 0) revert("told so");
        if (kind == 1) assert(kind == 0);
        if (kind == 2) { uint256 zero = kind - 2; kind / zero; }
        revert();
    }
    function burn(uint256 id) external { while (true) seen[id]++; }
}

contract Mirror {
    address public trusted;
    bytes public last;
    uint256 public count;
    constructor(address trusted_) { trusted = trusted_; }
    function mirror(
        bytes32 taskId, bytes32 _programId, address prover, bytes calldata publicValues,
        bytes32 proofHash, uint256 homeChainId, bytes32 txHash
    ) external {
        require(msg.sender == trusted, "not trusted");
        last = abi.encode(taskId, _programId, prover, publicValues, proofHash, homeChainId, txHash);
        count++;
    }
    function greedy(bytes32 taskId, bytes calldata proof) external {}
}

contract Token {
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;
    constructor(address holder) { balanceOf[holder] = 1000; }
    function transfer(address to, uint256 amount) external returns (bool) {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
        return true;
    }
    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        return true;
    }
}

contract Believer {
    bool public valid = true;
    function set(bool value) external { valid = value; }
    function verify(bytes32, bytes calldata, bytes calldata) external view returns (bool) { return valid; }
    function statement(bytes calldata) external pure returns (uint256, bytes32, bytes32) { return (0, 0, 0); }
}

contract Receiver {
    uint256 public results;
    bool public refuse;
    function set(bool value) external { refuse = value; }
    function onResult(bytes32, uint64, bytes32, address, bytes calldata) external {
        require(!refuse, "not today");
        results++;
    }
}
`;

export interface Compiled {
  readonly abi: Abi;
  readonly bytecode: Hex;
}

let compiled: Record<string, Compiled> | undefined;

/** Contracts that the tests of outputs call. */
export function testContracts(): Record<
  "Target" | "Mirror" | "Token" | "Believer" | "Receiver",
  Compiled
> {
  compiled ??= compile();
  return compiled as ReturnType<typeof testContracts>;
}

function compile(): Record<string, Compiled> {
  const solc = createRequire(import.meta.url)("solc") as { compile(input: string): string };
  const output = JSON.parse(solc.compile(JSON.stringify({
    language: "Solidity",
    sources: { "t.sol": { content: source } },
    settings: {
      // Old enough for a chain without a base fee.
      evmVersion: "istanbul",
      optimizer: { enabled: true },
      outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } },
    },
  }))) as {
    errors?: { severity: string; formattedMessage: string }[];
    contracts: Record<string, Record<string, { abi: Abi; evm: { bytecode: { object: string } } }>>;
  };
  const error = output.errors?.find((e) => e.severity === "error");
  if (error) throw new Error(error.formattedMessage);
  const contracts = output.contracts["t.sol"] ?? {};
  return Object.fromEntries(
    Object.entries(contracts).map(([name, { abi, evm }]) => [name, {
      abi,
      bytecode: `0x${evm.bytecode.object}` as Hex,
    }]),
  );
}
