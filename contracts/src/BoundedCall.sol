// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IProofVerifier} from "./interfaces/IProofVerifier.sol";

/// Calls to contracts that nobody vouches for. At most `max` bytes of what comes back are copied,
/// so a callee can't make its caller pay for memory.
library BoundedCall {
    /// Spent between the measurement of gas and the call.
    uint256 private constant CALL_OVERHEAD = 1000;
    /// The same where the callee may not have been called in the transaction.
    uint256 private constant COLD_CALL_OVERHEAD = 5000;

    /// True iff `to` takes `data` with at most `limit` gas and returns nothing, as verifiers do
    /// that revert for a bad proof. Reverts with `NotEnoughGas` where it may have refused for want
    /// of gas.
    function accepts(address to, bytes memory data, uint256 limit) internal view returns (bool) {
        // A call to an address without code succeeds and returns nothing, like a good proof.
        if (to.code.length == 0) return false;
        uint256 available = gasleft() - gasleft() / 64;
        bool ok;
        uint256 size;
        assembly ("memory-safe") {
            ok := staticcall(limit, to, add(data, 0x20), mload(data), 0, 0)
            size := returndatasize()
        }
        if (!ok && available < limit + CALL_OVERHEAD) revert IProofVerifier.NotEnoughGas();
        return ok && size == 0;
    }

    /// Calls `to` with at most `limit` gas and looks at nothing that comes back. False where the call
    /// failed and may have for want of gas; true where it did what it does with all of `limit`.
    function tryCall(address to, bytes memory data, uint256 limit) internal returns (bool) {
        uint256 available = gasleft() - gasleft() / 64;
        bool ok;
        assembly ("memory-safe") {
            ok := call(limit, to, 0, add(data, 0x20), mload(data), 0, 0)
        }
        return ok || available >= limit + COLD_CALL_OVERHEAD;
    }

    function staticCall(address to, bytes memory data, uint256 max)
        internal
        view
        returns (bool ok, bytes memory ret)
    {
        assembly ("memory-safe") {
            ok := staticcall(gas(), to, add(data, 0x20), mload(data), 0, 0)
        }
        ret = _returned(max);
    }

    function call(address to, bytes memory data, uint256 max)
        internal
        returns (bool ok, bytes memory ret)
    {
        assembly ("memory-safe") {
            ok := call(gas(), to, 0, add(data, 0x20), mload(data), 0, 0)
        }
        ret = _returned(max);
    }

    function _returned(uint256 max) private pure returns (bytes memory ret) {
        assembly ("memory-safe") {
            let size := returndatasize()
            if gt(size, max) { size := max }
            ret := mload(0x40)
            mstore(ret, size)
            returndatacopy(add(ret, 0x20), 0, size)
            mstore(0x40, and(add(add(ret, size), 0x3f), not(0x1f)))
        }
    }
}
