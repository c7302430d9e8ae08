// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {MessageTree} from "../src/MessageTree.sol";
import {TestBase} from "./utils/TestBase.sol";

contract MessageTreeTest is TestBase {
    function leavesOf(uint256 seed, uint256 count) private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            leaves[i] = keccak256(abi.encode(seed, i));
        }
    }

    /// Siblings of a leaf, level by level, by a way of its own.
    function proofOf(bytes32[] memory leaves, uint256 index)
        private
        pure
        returns (bytes32[] memory proof)
    {
        bytes32[] memory found = new bytes32[](64);
        uint256 used = 0;
        uint256 width = leaves.length;
        for (; width > 1; index /= 2) {
            uint256 sibling = index ^ 1;
            if (sibling < width) found[used++] = leaves[sibling];
            bytes32[] memory above = new bytes32[]((width + 1) / 2);
            for (uint256 i = 0; i < above.length; ++i) {
                above[i] = 2 * i + 1 < width
                    ? MessageTree.node(leaves[2 * i], leaves[2 * i + 1])
                    : leaves[2 * i];
            }
            (leaves, width) = (above, above.length);
        }
        proof = new bytes32[](used);
        for (uint256 i = 0; i < used; ++i) {
            proof[i] = found[i];
        }
    }

    function longer(bytes32[] memory proof) private pure returns (bytes32[] memory more) {
        more = new bytes32[](proof.length + 1);
        for (uint256 i = 0; i < proof.length; ++i) {
            more[i] = proof[i];
        }
    }

    function root(bytes32[] memory leaves) external pure returns (bytes32) {
        return MessageTree.root(leaves);
    }

    function test_has_no_root_without_leaves() public {
        vm.expectRevert(MessageTree.NoLeaves.selector);
        this.root(new bytes32[](0));
    }

    function testFuzz_proves_each_leaf(uint256 seed, uint256 count, uint256 index) public pure {
        count = bound(count, 1, 70);
        index = bound(index, 0, count - 1);
        bytes32[] memory leaves = leavesOf(seed, count);
        bytes32 leaf = leaves[index];
        bytes32[] memory proof = proofOf(leaves, index);
        bytes32 top = MessageTree.root(leaves);
        vm.assertTrue(
            MessageTree.verifyProof(top, uint64(count), uint64(index), leaf, proof), "refused"
        );
    }

    function testFuzz_refuses_what_is_changed(
        uint256 seed,
        uint256 count,
        uint256 index,
        uint256 what,
        uint64 other
    ) public pure {
        count = bound(count, 2, 70);
        index = bound(index, 0, count - 1);
        bytes32[] memory leaves = leavesOf(seed, count);
        bytes32 leaf = leaves[index];
        bytes32[] memory proof = proofOf(leaves, index);
        bytes32 top = MessageTree.root(leaves);
        uint64 place = uint64(index);
        uint64 total = uint64(count);

        what = what % 6;
        if (what == 0) leaf ^= bytes32(uint256(1));
        else if (what == 1) top ^= bytes32(uint256(1));
        else if (what == 2) proof[other % proof.length] ^= bytes32(uint256(1));
        else if (what == 3 && other != place) place = other;
        else if (what == 4 && other != total) total = other;
        else proof = longer(proof);
        vm.assertTrue(!MessageTree.verifyProof(top, total, place, leaf, proof), "taken");
    }

    /// An inner node is no message: prefixes and the leaf count tell them apart.
    function test_an_inner_node_is_no_leaf() public pure {
        bytes32[] memory four = leavesOf(1, 4);
        bytes32 left = MessageTree.node(four[0], four[1]);
        bytes32 right = MessageTree.node(four[2], four[3]);
        bytes32 top = MessageTree.root(leavesOf(1, 4));
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = right;
        vm.assertTrue(!MessageTree.verifyProof(top, 2, 0, left, proof), "two leaves");
        vm.assertTrue(!MessageTree.verifyProof(top, 4, 0, left, proof), "four leaves");
    }

    /// The last leaf repeated makes another tree, not the same root.
    function test_a_promoted_leaf_is_not_a_doubled_one() public pure {
        bytes32[] memory three = leavesOf(1, 3);
        bytes32[] memory four = leavesOf(1, 4);
        four[3] = three[2];
        vm.assertTrue(MessageTree.root(three) != MessageTree.root(four), "roots");
    }

    function testFuzz_a_leaf_depends_on_each_field(uint256 what, bytes32 change) public pure {
        vm.assume(change != 0);
        MessageTree.Message memory m =
            MessageTree.Message(bytes32(uint256(1)), bytes16(uint128(2)), 3, "0.1", "did", "data");
        bytes32 before = MessageTree.leaf(m);
        what = what % 6;
        if (what == 0) m.salt ^= change;
        else if (what == 1) m.id ^= bytes16(uint128(uint256(change) % type(uint128).max + 1));
        else if (what == 2) m.projectId ^= uint64(uint256(change) % type(uint64).max + 1);
        else if (what == 3) m.version = string.concat(m.version, string(abi.encode(change)));
        else if (what == 4) m.clientId = string.concat(m.clientId, string(abi.encode(change)));
        else m.data = abi.encodePacked(m.data, change);
        vm.assertTrue(MessageTree.leaf(m) != before, "same leaf");
    }

    /// Text moved from one field to its neighbour is another leaf.
    function test_fields_do_not_run_into_each_other() public pure {
        MessageTree.Message memory a = MessageTree.Message(0, 0, 1, "0.1", "x", "yz");
        MessageTree.Message memory b = MessageTree.Message(0, 0, 1, "0.1", "xy", "z");
        MessageTree.Message memory c = MessageTree.Message(0, 0, 1, "0.1x", "", "yz");
        vm.assertTrue(MessageTree.leaf(a) != MessageTree.leaf(b), "sender and data");
        vm.assertTrue(MessageTree.leaf(a) != MessageTree.leaf(c), "version and sender");
    }
}
