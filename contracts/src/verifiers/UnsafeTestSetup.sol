// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// Keeps contracts that rest on a test setup off every chain but a local test chain.
abstract contract UnsafeTestSetup {
    error UnsafeTestSetupOutsideTestChain(uint256 chainId);

    uint256 private constant TEST_CHAIN = 31337;

    modifier onlyTestChain() {
        if (block.chainid != TEST_CHAIN) revert UnsafeTestSetupOutsideTestChain(block.chainid);
        _;
    }
}
