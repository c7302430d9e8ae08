// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Halo2Adapter} from "./Halo2Adapter.sol";
import {UnsafeTestSetup} from "./UnsafeTestSetup.sol";

/// A Halo2 adapter for verifying keys made with a test setup, whose secret is public: anyone can
/// forge a proof.
contract UnsafeTestSetupHalo2Adapter is UnsafeTestSetup, Halo2Adapter {
    constructor(address verifier_, bytes32 programId_, Layout memory layout_)
        onlyTestChain
        Halo2Adapter(verifier_, programId_, layout_)
    {}

    /// @inheritdoc Halo2Adapter
    function verify(bytes32 programId_, bytes calldata publicValues, bytes calldata proof)
        public
        view
        override
        onlyTestChain
        returns (bool)
    {
        return super.verify(programId_, publicValues, proof);
    }

    /// @inheritdoc Halo2Adapter
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
