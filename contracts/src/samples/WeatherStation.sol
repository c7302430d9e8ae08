// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IResultReceiver} from "../interfaces/IResultReceiver.sol";

/// Sample dApp: keeps mean, least and greatest of the readings of each task of one project, proved
/// without showing the readings.
contract WeatherStation is IResultReceiver {
    /// Temperatures in tenths of a degree.
    struct Summary {
        int16 mean;
        int16 min;
        int16 max;
        uint16 count;
        address prover;
        bytes32 inputCommitment;
    }

    event Summarised(
        bytes32 indexed taskId,
        int16 mean,
        int16 min,
        int16 max,
        uint16 count,
        bytes32 inputCommitment
    );

    error NotRouter(address caller);
    error ForeignProject(uint64 projectId);
    error ForeignProgram(bytes32 programId);
    error AlreadyStored(bytes32 taskId);
    error MalformedValues();

    address public immutable router;
    uint64 public immutable projectId;
    bytes32 public immutable programId;

    /// Number of tasks stored.
    uint256 public total;
    mapping(bytes32 taskId => Summary) private _summaries;

    constructor(address router_, uint64 projectId_, bytes32 programId_) {
        router = router_;
        projectId = projectId_;
        programId = programId_;
    }

    /// What was proved for a task; a count of 0 means nothing was.
    function summary(bytes32 taskId) external view returns (Summary memory) {
        return _summaries[taskId];
    }

    /// @inheritdoc IResultReceiver
    /// @dev Seven words: mean, min, max (each plus 32768), count, input commitment, and two that are
    /// the router's concern.
    function onResult(
        bytes32 taskId,
        uint64 projectId_,
        bytes32 programId_,
        address prover,
        bytes calldata publicValues
    ) external {
        if (msg.sender != router) revert NotRouter(msg.sender);
        if (projectId_ != projectId) revert ForeignProject(projectId_);
        if (programId_ != programId) revert ForeignProgram(programId_);
        if (_summaries[taskId].count != 0) revert AlreadyStored(taskId);
        if (publicValues.length != 7 * 32) revert MalformedValues();

        uint256[7] memory words = abi.decode(publicValues, (uint256[7]));
        if (words[3] == 0 || words[3] > type(uint16).max) revert MalformedValues();
        Summary memory s = Summary({
            mean: _tenths(words[0]),
            min: _tenths(words[1]),
            max: _tenths(words[2]),
            count: uint16(words[3]),
            prover: prover,
            inputCommitment: bytes32(words[4])
        });
        _summaries[taskId] = s;
        ++total;
        emit Summarised(taskId, s.mean, s.min, s.max, s.count, s.inputCommitment);
    }

    function _tenths(uint256 word) private pure returns (int16) {
        if (word > type(uint16).max) revert MalformedValues();
        return int16(int256(word) - 32768);
    }
}
