// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ZkWasmStatement} from "../ZkWasmStatement.sol";
import {IResultReceiver} from "../interfaces/IResultReceiver.sol";

/// Sample dApp: keeps what was proved of the runs of one project's zkWasm program.
contract ProvenRuns is IResultReceiver {
    struct Run {
        uint64[] inputs;
        /// Without those that commit to the input.
        uint64[] outputs;
        address prover;
    }

    event Proven(bytes32 indexed taskId, address indexed prover, uint64[] inputs, uint64[] outputs);

    error NotRouter(address caller);
    error ForeignProject(uint64 projectId);
    error ForeignProgram(bytes32 programId);
    error AlreadyStored(bytes32 taskId);

    address public immutable router;
    uint64 public immutable projectId;
    bytes32 public immutable programId;
    /// How many outputs commit to the input.
    uint256 public immutable commitment;

    /// Number of runs.
    uint256 public total;
    /// Task of the last one.
    bytes32 public latest;
    mapping(bytes32 taskId => Run) private _runs;

    constructor(address router_, uint64 projectId_, bytes32 programId_, bool commits) {
        router = router_;
        projectId = projectId_;
        programId = programId_;
        commitment = commits ? 4 : 0;
    }

    /// What was proved for a task; a prover of zero means nothing was.
    function run(bytes32 taskId) external view returns (Run memory) {
        return _runs[taskId];
    }

    /// @inheritdoc IResultReceiver
    function onResult(
        bytes32 taskId,
        uint64 projectId_,
        bytes32 programId_,
        address prover,
        bytes calldata publicValues
    ) external {
        if (msg.sender != router) revert NotRouter(msg.sender);
        if (projectId_ != projectId) revert ForeignProject(projectId_);
        if (programId_ != programId) revert ForeignProgram(programId_);
        if (_runs[taskId].prover != address(0)) revert AlreadyStored(taskId);

        uint64[] memory inputs = ZkWasmStatement.inputs(publicValues);
        uint64[] memory outputs = ZkWasmStatement.outputs(publicValues, commitment);
        _runs[taskId] = Run(inputs, outputs, prover);
        latest = taskId;
        ++total;
        emit Proven(taskId, prover, inputs, outputs);
    }
}
