// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// What the router asks of the registrar of projects.
interface IProjectRegistrar {
    /// Owner of the project's token; reverts for an unknown project.
    function ownerOf(uint256 projectId) external view returns (address);

    /// True for the project's owner and operators.
    function canOperateProject(address operator, uint64 projectId) external view returns (bool);
}
