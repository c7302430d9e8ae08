// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// Keeps what was proved last. No contract can check proofs of this kind (Stark) yet: an enode checks
/// them, and its operator's key, which this contract trusts, calls it then.
contract Tally {
    error NotOperator(address caller);
    error ForeignProject(uint64 projectId);
    error MalformedValues();

    address public immutable operator;
    uint64 public immutable projectId;

    /// Of the last task: numbers, how many of them were large, and their sum.
    uint64 public count;
    uint64 public large;
    uint64 public sum;

    constructor(address operator_, uint64 projectId_) {
        operator = operator_;
        projectId = projectId_;
    }

    /// A node finds the arguments by their names: the project's id, and the journal of the proof,
    /// which begins with commitment and binding, 32 bytes each.
    /// A call may come again after a crash, so it must be harmless then.
    function report(uint64 _projectId, bytes calldata _publicValues) external {
        if (msg.sender != operator) revert NotOperator(msg.sender);
        if (_projectId != projectId) revert ForeignProject(_projectId);
        if (_publicValues.length != 64 + 3 * 8) revert MalformedValues();
        count = uint64(bytes8(_publicValues[64:72]));
        large = uint64(bytes8(_publicValues[72:80]));
        sum = uint64(bytes8(_publicValues[80:88]));
    }
}
