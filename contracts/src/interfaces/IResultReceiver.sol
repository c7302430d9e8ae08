// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// A dApp that takes the results of a project's tasks.
interface IResultReceiver {
    /// Called once for each accepted task. An implementation must check that `msg.sender` is the
    /// router it trusts and that it wants results of this project and program: any project's owner
    /// may name any receiver. A revert takes the acceptance back.
    function onResult(
        bytes32 taskId,
        uint64 projectId,
        bytes32 programId,
        address prover,
        bytes calldata publicValues
    ) external;
}
