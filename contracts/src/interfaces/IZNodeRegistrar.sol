// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// What the router asks of the registrar of znodes.
interface IZNodeRegistrar {
    /// True if `operator` may prove tasks now.
    function isEligible(address operator) external view returns (bool);
}
