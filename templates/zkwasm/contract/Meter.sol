// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// Keeps the sum that a message claims. Contracts check proofs of WebAssembly programs that have the
/// profile `wrap` alone; of others an enode checks them, and its operator's key, which this contract
/// trusts, calls it then.
contract Meter {
    error NotOperator(address caller);
    error ForeignProject(uint64 projectId);
    error NoClaim();

    address public immutable operator;
    uint64 public immutable projectId;

    int64 public latest;
    int64 public greatest = type(int64).min;

    constructor(address operator_, uint64 projectId_) {
        operator = operator_;
        projectId = projectId_;
    }

    /// A node finds the arguments by their names: the project's id, and a field of the message.
    /// A call may come again after a crash, so it must be harmless then.
    function claim(uint64 _projectId, int64[] calldata public_input) external {
        if (msg.sender != operator) revert NotOperator(msg.sender);
        if (_projectId != projectId) revert ForeignProject(_projectId);
        if (public_input.length != 1) revert NoClaim();
        latest = public_input[0];
        if (latest > greatest) greatest = latest;
    }
}
