// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// What every proof system's verifier looks like to the router.
interface IProofVerifier {
    /// How far public values say which work they are about. `Data`: they carry the commitment to
    /// the task's data and the binding to task and prover. `Tag`: they may carry one of them.
    /// `None`: they carry neither.
    enum Binding {
        None,
        Tag,
        Data
    }

    /// A verification ended for lack of gas, so it says nothing about the proof.
    error NotEnoughGas();

    /// True iff `proof` proves `publicValues` for `programId`. Malformed input gives false.
    /// Reverts only with `NotEnoughGas`.
    function verify(bytes32 programId, bytes calldata publicValues, bytes calldata proof)
        external
        view
        returns (bool);

    /// What `publicValues` claim to be about; what they don't state is zero.
    function statement(bytes calldata publicValues)
        external
        view
        returns (Binding kind, bytes32 inputCommitment, bytes32 binding);
}
