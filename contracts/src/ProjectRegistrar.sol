// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IProjectRegistrar} from "./interfaces/IProjectRegistrar.sol";

/// Projects as tokens: where a project's config is, its SHA-256, who operates it, whether it is
/// paused. Functions, events and revert texts are Sprout's.
/// Operators stay when the token is sold; `OperatorAdded` lists whom the new owner may remove.
contract ProjectRegistrar is ERC721, IProjectRegistrar {
    struct Project {
        string uri;
        bytes32 hash;
        bool paused;
    }

    event ProjectUpserted(uint64 indexed projectId, string uri, bytes32 hash);
    event ProjectPaused(uint64 indexed projectId);
    event ProjectUnpaused(uint64 indexed projectId);
    event OperatorAdded(uint64 indexed projectId, address indexed operator);
    event OperatorRemoved(uint64 indexed projectId, address indexed operator);

    /// Number of projects; ids run from 1.
    uint64 public projectCount;
    mapping(uint64 projectId => Project) public projects;
    mapping(uint64 projectId => mapping(address account => bool)) private _operators;

    constructor() ERC721("ProjectToken", "PTK") {}

    modifier onlyProjectOperator(uint64 projectId) {
        require(canOperateProject(msg.sender, projectId), "Not authorized to operate this project");
        _;
    }

    modifier onlyProjectOwner(uint64 projectId) {
        require(ownerOf(projectId) == msg.sender, "Only the owner can perform this action");
        _;
    }

    /// @inheritdoc ERC721
    function ownerOf(uint256 projectId)
        public
        view
        override(ERC721, IProjectRegistrar)
        returns (address)
    {
        return super.ownerOf(projectId);
    }

    /// @inheritdoc IProjectRegistrar
    /// @dev False for an unknown project.
    function canOperateProject(address operator, uint64 projectId) public view returns (bool) {
        address owner = _ownerOf(projectId);
        return owner != address(0) && (owner == operator || _operators[projectId][operator]);
    }

    /// Mints a project to the caller. `hash` is the SHA-256 of the config behind `uri`.
    function createProject(string calldata uri, bytes32 hash) external returns (uint64 projectId) {
        projectId = ++projectCount;
        _mint(msg.sender, projectId);
        _upsert(projectId, uri, hash);
    }

    /// Points the project to another config. Tasks signed for the old one stay valid.
    function updateProject(uint64 projectId, string calldata uri, bytes32 hash)
        external
        onlyProjectOperator(projectId)
    {
        _upsert(projectId, uri, hash);
    }

    /// Stops new tasks at the enodes; signed tasks drain.
    function pauseProject(uint64 projectId) external onlyProjectOperator(projectId) {
        require(!projects[projectId].paused, "Project is already paused");
        projects[projectId].paused = true;
        emit ProjectPaused(projectId);
    }

    /// Takes a pause back.
    function unpauseProject(uint64 projectId) external onlyProjectOperator(projectId) {
        require(projects[projectId].paused, "Project is not paused");
        projects[projectId].paused = false;
        emit ProjectUnpaused(projectId);
    }

    /// Lets `operator` sign the project's tasks and update or pause it.
    function addOperator(uint64 projectId, address operator) external onlyProjectOwner(projectId) {
        _operators[projectId][operator] = true;
        emit OperatorAdded(projectId, operator);
    }

    /// Takes an operator's rights; tasks it signed and nobody submitted become worthless.
    function removeOperator(uint64 projectId, address operator)
        external
        onlyProjectOwner(projectId)
    {
        _operators[projectId][operator] = false;
        emit OperatorRemoved(projectId, operator);
    }

    function _upsert(uint64 projectId, string calldata uri, bytes32 hash) private {
        require(bytes(uri).length != 0, "Empty uri value");
        projects[projectId].uri = uri;
        projects[projectId].hash = hash;
        emit ProjectUpserted(projectId, uri, hash);
    }
}
