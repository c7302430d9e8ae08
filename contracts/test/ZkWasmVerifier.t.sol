// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IProofVerifier} from "../src/interfaces/IProofVerifier.sol";
import {ZkWasmAdapter} from "../src/verifiers/ZkWasmAdapter.sol";
import {WrappedClass, WrappedProof} from "./utils/WrappedProof.sol";

/// The generated verifier of a class, behind its adapter, on a real wrapped proof.
abstract contract ZkWasmVerifierTest is WrappedProof {
    bytes32 private constant PROGRAM = keccak256("program");

    ZkWasmAdapter private adapter;

    function setUpOf(WrappedClass memory class_) internal {
        loadProof(class_);
        adapter = ofImage(imageId);
    }

    function ofImage(bytes32 image) private returns (ZkWasmAdapter) {
        return adapterOf(PROGRAM, image, class, proven.kind, proof.length);
    }

    function refuses(bytes memory values, bytes memory proof_, string memory what) private view {
        vm.assertTrue(!adapter.verify(PROGRAM, values, proof_), what);
    }

    /// The verifier itself, without the adapter's checks before it.
    function takes(uint256[15] memory words, bytes memory proof_) private view returns (bool ok) {
        (ok,) = generated.staticcall{gas: VERIFY_GAS}(abi.encodePacked(words, proof_));
    }

    function test_takes_a_real_proof() public {
        vm.assertTrue(adapter.verify(PROGRAM, publicValues, proof), "refused");
        string memory what = string.concat("zkwasm, class ", proven.name, ", through the adapter");
        vm.snapshotGasLastCall("verifier", what);
        vm.assertTrue(generated.code.length <= 24_576, "larger than EIP-170 allows");
        vm.assertTrue(proof.length <= 6 * 1024, "proof");
        vm.assertTrue(takes(adapter.words(publicValues), proof), "the verifier alone");
    }

    function test_states_the_binding() public view {
        (IProofVerifier.Binding kind, bytes32 commitment, bytes32 stated) =
            adapter.statement(publicValues);
        vm.assertTrue(kind == proven.kind, "kind");
        if (kind == IProofVerifier.Binding.Tag) vm.assertEq(commitment, 0, "commitment");
        else vm.assertEq(commitment, inputCommitment(), "commitment");
        vm.assertEq(stated, statedBinding, "binding");
    }

    function test_refuses_a_bit_flipped_in_any_byte_of_the_public_values() public view {
        for (uint256 i = 0; i < publicValues.length; ++i) {
            bytes memory values = publicValues;
            values[i] ^= 0x01;
            refuses(values, proof, "taken");
        }
    }

    /// Class, status and counts; image id; binding; inputs and outputs, and where there are none.
    function test_the_circuit_fixes_every_word() public view {
        uint256[15] memory words = adapter.words(publicValues);
        for (uint256 i = 0; i < 15; ++i) {
            for (uint256 bit = 0; bit < 256; bit += 37) {
                words[i] ^= 1 << bit;
                vm.assertTrue(!takes(words, proof), "taken");
                words[i] ^= 1 << bit;
            }
        }
        vm.assertTrue(takes(words, proof), "refused");
    }

    function test_refuses_a_bit_flipped_in_any_word_of_the_proof() public view {
        for (uint256 last = 31; last < proof.length; last += 32) {
            bytes memory other = proof;
            other[last] ^= 0x01;
            refuses(publicValues, other, "taken");
        }
    }

    function testFuzz_refuses_any_byte_of_the_proof_changed(uint256 position, uint8 flip)
        public
        view
    {
        vm.assume(flip != 0);
        bytes memory other = proof;
        other[bound(position, 0, other.length - 1)] ^= bytes1(flip);
        refuses(publicValues, other, "taken");
    }

    function testFuzz_refuses_any_two_words_of_the_proof_exchanged(uint256 a, uint256 b)
        public
        view
    {
        bytes memory other = proof;
        a = bound(a, 0, other.length / 32 - 1);
        b = bound(b, 0, other.length / 32 - 1);
        bytes32 first;
        bytes32 second;
        assembly {
            let words := add(other, 0x20)
            first := mload(add(words, mul(a, 32)))
            second := mload(add(words, mul(b, 32)))
            mstore(add(words, mul(a, 32)), second)
            mstore(add(words, mul(b, 32)), first)
        }
        vm.assume(first != second);
        refuses(publicValues, other, "taken");
    }

    /// Of any length: the verifier alone, and by an adapter that expects it.
    function test_refuses_cut_longer_and_empty_proofs() public {
        bytes memory cut = proof;
        uint256 length = cut.length - 32;
        assembly {
            mstore(cut, length)
        }
        bytes[5] memory others =
            [cut, abi.encodePacked(proof, bytes1(0)), abi.encodePacked(proof, bytes32(0)), "", ""];
        others[4] = new bytes(proof.length);
        for (uint256 i = 0; i < others.length; ++i) {
            refuses(publicValues, others[i], "taken");
        }
        adapter = adapterOf(PROGRAM, imageId, class, proven.kind, cut.length);
        refuses(publicValues, cut, "cut");
    }

    /// What another program's runs say, with this proof, and this run for another program.
    function test_refuses_another_program_class_or_image() public {
        vm.assertTrue(!adapter.verify(keccak256("other"), publicValues, proof), "program");
        bytes32 image = bytes32(uint256(imageId) ^ 1);
        bytes memory values = publicValues;
        values[33] ^= 0x01;
        adapter = ofImage(image);
        refuses(publicValues, proof, "another image's adapter");
        refuses(values, proof, "another image's values");
        adapter = adapterOf(PROGRAM, imageId, class + 2, proven.kind, proof.length);
        refuses(publicValues, proof, "another class");
    }

    function test_a_test_setup_works_on_no_other_chain() public {
        uint256[15] memory words = adapter.words(publicValues);
        vm.chainId(1);
        vm.assertTrue(!takes(words, proof), "verified");
        vm.assertEq(createVerifier(), address(0), "deployed");
    }
}

contract ZkWasmSmallVerifierTest is ZkWasmVerifierTest {
    function setUp() public {
        setUpOf(small());
    }
}

contract ZkWasmMediumVerifierTest is ZkWasmVerifierTest {
    function setUp() public {
        setUpOf(medium());
    }
}
