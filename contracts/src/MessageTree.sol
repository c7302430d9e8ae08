// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// The Merkle tree over a task's messages whose root is `Task.messagesRoot`. A node without a
/// neighbour moves up unchanged; the number of leaves is part of the root.
library MessageTree {
    error NoLeaves();

    struct Message {
        bytes32 salt;
        bytes16 id;
        uint64 projectId;
        string version;
        string clientId;
        bytes data;
    }

    /// Hash of one message. The salt keeps short data from being guessed.
    function leaf(Message memory message) internal pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                bytes1(0x00),
                message.salt,
                message.id,
                message.projectId,
                keccak256(bytes(message.version)),
                keccak256(bytes(message.clientId)),
                keccak256(message.data)
            )
        );
    }

    /// Hash of two neighbours.
    function node(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(bytes1(0x01), left, right));
    }

    /// Root of a tree of `leafCount` leaves with `top` at its top.
    function seal(uint64 leafCount, bytes32 top) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(bytes1(0x02), leafCount, top));
    }

    /// Root of the given leaves. Overwrites the array.
    function root(bytes32[] memory leaves) internal pure returns (bytes32) {
        uint256 width = leaves.length;
        if (width == 0) revert NoLeaves();
        for (; width > 1; width = (width + 1) / 2) {
            for (uint256 i = 0; i < width; i += 2) {
                leaves[i / 2] = i + 1 < width ? node(leaves[i], leaves[i + 1]) : leaves[i];
            }
        }
        return seal(uint64(leaves.length), leaves[0]);
    }

    /// True iff `leafHash` is leaf number `index` of the `leafCount` leaves under `expectedRoot`.
    /// `siblings` go from the leaf up and skip levels where the node has no neighbour.
    function verifyProof(
        bytes32 expectedRoot,
        uint64 leafCount,
        uint64 index,
        bytes32 leafHash,
        bytes32[] memory siblings
    ) internal pure returns (bool) {
        if (index >= leafCount) return false;
        bytes32 hash = leafHash;
        uint256 used = 0;
        uint256 position = index;
        for (uint256 width = leafCount; width > 1; width = (width + 1) / 2) {
            bool alone = position % 2 == 0 && position + 1 == width;
            if (!alone) {
                if (used == siblings.length) return false;
                bytes32 sibling = siblings[used++];
                hash = position % 2 == 0 ? node(hash, sibling) : node(sibling, hash);
            }
            position /= 2;
        }
        return used == siblings.length && seal(leafCount, hash) == expectedRoot;
    }
}
