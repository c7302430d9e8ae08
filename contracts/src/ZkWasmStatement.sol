// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// Reads the public values of zkWasm proofs: what a receiver is given that the router calls.
library ZkWasmStatement {
    /// They don't have the form that `wasm/zkwasm/src/abi.rs` gives them.
    error MalformedStatement();

    /// Form, status, image id, binding, and the numbers of inputs and of outputs.
    uint256 private constant HEAD = 74;

    /// The run's public inputs.
    function inputs(bytes calldata publicValues) internal pure returns (uint64[] memory) {
        (uint256 count,) = _counts(publicValues);
        return _numbers(publicValues, 0, count);
    }

    /// The run's outputs.
    /// @param skipped how many are left out at the start: 4 where those commit to the input
    function outputs(bytes calldata publicValues, uint256 skipped)
        internal
        pure
        returns (uint64[] memory)
    {
        (uint256 before, uint256 count) = _counts(publicValues);
        if (count < skipped) revert MalformedStatement();
        return _numbers(publicValues, before + skipped, count - skipped);
    }

    function _counts(bytes calldata publicValues)
        private
        pure
        returns (uint256 numInputs, uint256 numOutputs)
    {
        if (publicValues.length < HEAD || publicValues[0] != 0x01) revert MalformedStatement();
        numInputs = uint32(bytes4(publicValues[66:70]));
        numOutputs = uint32(bytes4(publicValues[70:74]));
        if (publicValues.length != HEAD + (numInputs + numOutputs) * 8) {
            revert MalformedStatement();
        }
    }

    function _numbers(bytes calldata publicValues, uint256 first, uint256 count)
        private
        pure
        returns (uint64[] memory numbers)
    {
        numbers = new uint64[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 offset = HEAD + (first + i) * 8;
            numbers[i] = uint64(bytes8(publicValues[offset:offset + 8]));
        }
    }
}
