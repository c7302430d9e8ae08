// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// What the router tells a pool of rewards.
interface IRewardPool {
    /// `prover` had the task's result accepted, for which a submission spent `gasUsed`. Only the
    /// router calls it. It moves no coins or tokens, and does nothing for a task without an escrow.
    function pay(bytes32 taskId, address prover, uint256 gasUsed) external;
}
