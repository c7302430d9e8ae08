// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// Calls to contracts that nobody vouches for. At most `max` bytes of what comes back are copied,
/// so a callee can't make its caller pay for memory.
library BoundedCall {
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
