// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {UnsafeTestSetup} from "./UnsafeTestSetup.sol";
import {ZkWasmAdapter} from "./ZkWasmAdapter.sol";

/// A ZkWasm adapter for a class's verifying key that was made with a test setup, whose secret is
/// public: anyone can forge a proof.
contract UnsafeTestSetupZkWasmAdapter is UnsafeTestSetup, ZkWasmAdapter {
    constructor(
        address verifier_,
        bytes32 programId_,
        bytes32 imageId_,
        uint8 class_,
        Binding bindingKind_,
        uint256 proofBytes_,
        uint256 verifyGas_
    )
        onlyTestChain
        ZkWasmAdapter(
            verifier_, programId_, imageId_, class_, bindingKind_, proofBytes_, verifyGas_
        )
    {}

    /// @inheritdoc ZkWasmAdapter
    function verify(bytes32 programId_, bytes calldata publicValues, bytes calldata proof)
        public
        view
        override
        onlyTestChain
        returns (bool)
    {
        return super.verify(programId_, publicValues, proof);
    }

    /// @inheritdoc ZkWasmAdapter
    function statement(bytes calldata publicValues)
        public
        view
        override
        onlyTestChain
        returns (Binding kind, bytes32 inputCommitment, bytes32 binding)
    {
        return super.statement(publicValues);
    }
}
