// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// Keeps what was proved last of a weather station's readings, without having seen one.
contract Station {
    error NotRouter(address caller);
    error ForeignProject(uint64 projectId);
    error ForeignProgram(bytes32 programId);
    error MalformedValues();

    /// Emitted for each task; temperatures in tenths of a degree.
    event Summarised(bytes32 indexed taskId, int16 mean, int16 min, int16 max, uint16 count);

    /// Mean from which on it is hot, in tenths of a degree.
    int16 private constant HOT = 300;

    address public immutable router;
    uint64 public immutable projectId;
    bytes32 public immutable programId;

    /// Tasks so far, and of the last one: mean in tenths of a degree, whether that is hot, and number
    /// of readings.
    uint256 public tasks;
    int16 public mean;
    bool public hot;
    uint16 public count;

    constructor(address router_, uint64 projectId_, bytes32 programId_) {
        router = router_;
        projectId = projectId_;
        programId = programId_;
    }

    /// What the router calls once it has checked a proof; once a task.
    /// Seven words: mean, min, max (each plus 32768), count, and three that the router checked.
    function onResult(
        bytes32 taskId,
        uint64 projectId_,
        bytes32 programId_,
        address,
        bytes calldata publicValues
    ) external {
        if (msg.sender != router) revert NotRouter(msg.sender);
        if (projectId_ != projectId) revert ForeignProject(projectId_);
        if (programId_ != programId) revert ForeignProgram(programId_);
        if (publicValues.length != 7 * 32) revert MalformedValues();
        uint256[7] memory words = abi.decode(publicValues, (uint256[7]));
        if (words[3] == 0 || words[3] > type(uint16).max) revert MalformedValues();
        ++tasks;
        mean = _tenths(words[0]);
        hot = mean >= HOT;
        count = uint16(words[3]);
        emit Summarised(taskId, mean, _tenths(words[1]), _tenths(words[2]), count);
    }

    function _tenths(uint256 word) private pure returns (int16) {
        if (word > type(uint16).max) revert MalformedValues();
        return int16(int256(word) - 32768);
    }
}
