// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ZkWasmStatement} from "./ZkWasmStatement.sol";

/// Keeps what was proved of a meter's readings, without having seen one.
contract Meter {
    error NotRouter(address caller);
    error ForeignProject(uint64 projectId);
    error ForeignProgram(bytes32 programId);
    error NoClaim();

    /// Emitted for each task.
    event Proved(bytes32 indexed taskId, int64 sum, uint64 readings);

    /// How many outputs commit to the input, before those that are the program's.
    uint256 private constant COMMITMENT = 4;

    address public immutable router;
    uint64 public immutable projectId;
    bytes32 public immutable programId;

    /// The last sum, the greatest, and how many readings made the last.
    int64 public latest;
    int64 public greatest = type(int64).min;
    uint64 public readings;

    constructor(address router_, uint64 projectId_, bytes32 programId_) {
        router = router_;
        projectId = projectId_;
        programId = programId_;
    }

    /// What the router calls once it has checked a proof; once a task.
    function onResult(
        bytes32 taskId,
        uint64 projectId_,
        bytes32 programId_,
        address,
        bytes calldata publicValues
    ) external {
        if (msg.sender != router) revert NotRouter(msg.sender);
        if (projectId_ != projectId) revert ForeignProject(projectId_);
        if (programId_ != programId) revert ForeignProgram(programId_);
        uint64[] memory inputs = ZkWasmStatement.inputs(publicValues);
        uint64[] memory outputs = ZkWasmStatement.outputs(publicValues, COMMITMENT);
        if (inputs.length != 1 || outputs.length != 1) revert NoClaim();
        latest = int64(inputs[0]);
        if (latest > greatest) greatest = latest;
        readings = outputs[0];
        emit Proved(taskId, latest, readings);
    }
}
