// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IProofVerifier} from "../src/interfaces/IProofVerifier.sol";
import {UnsafeTestSetup} from "../src/verifiers/UnsafeTestSetup.sol";
import {UnsafeTestSetupZkWasmAdapter} from "../src/verifiers/UnsafeTestSetupZkWasmAdapter.sol";
import {ZkWasmAdapter} from "../src/verifiers/ZkWasmAdapter.sol";
import {TestBase} from "./utils/TestBase.sol";
import {BurningFallback, FallbackVerifier} from "./utils/Verifiers.sol";

contract ZkWasmAdapterTest is TestBase {
    bytes32 private constant PROGRAM = keccak256("program");
    bytes32 private constant IMAGE = bytes32(uint256(0x1234));
    bytes32 private constant BINDING =
        0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f;
    uint256 private constant FIELD =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    FallbackVerifier private generated;
    ZkWasmAdapter private adapter;

    function setUp() public {
        generated = new FallbackVerifier();
        adapter = adapterOf(address(generated), IMAGE, IProofVerifier.Binding.Data);
    }

    function adapterOf(address verifier, bytes32 image, IProofVerifier.Binding kind)
        private
        returns (ZkWasmAdapter)
    {
        return new ZkWasmAdapter(verifier, PROGRAM, image, 12, kind, 32, 500_000);
    }

    /// A statement with inputs that count up from 1, and outputs from 2^63.
    function values(uint256 inputs, uint256 outputs) private pure returns (bytes memory made) {
        made = abi.encodePacked(uint8(1), uint8(0), IMAGE, BINDING, uint32(inputs), uint32(outputs));
        for (uint64 i = 0; i < inputs; ++i) {
            made = abi.encodePacked(made, i + 1);
        }
        for (uint64 i = 0; i < outputs; ++i) {
            made = abi.encodePacked(made, uint64(1 << 63) + i);
        }
    }

    function prove(bytes memory publicValues) private view returns (bytes memory) {
        return abi.encode(keccak256(abi.encodePacked(adapter.words(publicValues))));
    }

    function taken(bytes memory publicValues, bytes memory proof) private view returns (bool) {
        return adapter.verify(PROGRAM, publicValues, proof);
    }

    /// The crate `zkwasm` has the same in its tests.
    function test_words_are_those_of_the_prover() public view {
        bytes memory publicValues = abi.encodePacked(
            uint8(1), uint8(0), IMAGE, BINDING, uint32(2), uint32(4), uint64(1), type(uint64).max
        );
        publicValues = abi.encodePacked(publicValues, uint64(2), uint64(3), uint64(4), uint64(5));
        uint256[15] memory words = adapter.words(publicValues);
        vm.assertEq(words[0], 0x040200_0c08, "what it is");
        vm.assertEq(words[1], 0x1234, "image id");
        vm.assertEq(words[2], 0x000102030405060708090a0b0c0d0e0f, "binding");
        vm.assertEq(words[3], 0x101112131415161718191a1b1c1d1e1f, "binding");
        vm.assertEq(words[4], 1 | uint256(type(uint64).max) << 64 | 2 << 128, "numbers");
        vm.assertEq(words[5], 3 | 4 << 64 | 5 << 128, "numbers");
        for (uint256 i = 6; i < 15; ++i) {
            vm.assertEq(words[i], 0, "nothing more");
        }
    }

    function testFuzz_takes_a_good_proof(uint256 inputs, uint256 outputs) public view {
        inputs = bound(inputs, 0, 29);
        outputs = bound(outputs, 4, 33 - inputs);
        bytes memory publicValues = values(inputs, outputs);
        vm.assertTrue(taken(publicValues, prove(publicValues)), "refused");
    }

    function test_states_commitment_and_binding() public {
        bytes memory publicValues = values(2, 5);
        (IProofVerifier.Binding kind, bytes32 commitment, bytes32 binding) =
            adapter.statement(publicValues);
        vm.assertTrue(kind == IProofVerifier.Binding.Data, "kind");
        bytes32 first = 0x8000000000000000800000000000000180000000000000028000000000000003;
        vm.assertEq(commitment, first, "commitment");
        vm.assertEq(binding, BINDING, "binding");
        adapter = adapterOf(address(generated), IMAGE, IProofVerifier.Binding.Tag);
        (kind, commitment, binding) = adapter.statement(values(2, 0));
        vm.assertTrue(kind == IProofVerifier.Binding.Tag, "kind");
        vm.assertEq(commitment, 0, "commitment");
        vm.assertEq(binding, BINDING, "binding");
    }

    /// No two statements have the same words.
    function testFuzz_any_other_byte_needs_another_proof(uint256 index, uint8 change) public view {
        bytes memory publicValues = values(3, 6);
        bytes memory proof = prove(publicValues);
        change = uint8(bound(change, 1, 255));
        index = bound(index, 0, publicValues.length - 1);
        publicValues[index] = bytes1(uint8(publicValues[index]) ^ change);
        vm.assertTrue(!taken(publicValues, proof), "taken");
    }

    function test_numbers_moved_between_inputs_and_outputs_need_another_proof() public view {
        bytes memory publicValues = values(3, 6);
        bytes memory proof = prove(publicValues);
        (publicValues[69], publicValues[73]) = (bytes1(uint8(2)), bytes1(uint8(7)));
        vm.assertTrue(!taken(publicValues, proof), "taken");
    }

    function testFuzz_refuses_another_form(bytes memory publicValues) public view {
        vm.assertTrue(!taken(publicValues, abi.encode(1)), "taken");
        (IProofVerifier.Binding kind,,) = adapter.statement(publicValues);
        vm.assertTrue(kind == IProofVerifier.Binding.None, "kind");
    }

    function test_refuses_what_is_not_a_result_or_does_not_fit() public view {
        bytes memory trapped = values(0, 4);
        trapped[1] = 0x01;
        bytes memory longer = abi.encodePacked(values(0, 4), uint8(0));
        bytes memory counted = values(0, 4);
        counted[66] = 0xff;
        bytes[5] memory bad = [trapped, longer, counted, values(0, 3), values(0, 34)];
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.assertTrue(!taken(bad[i], abi.encode(1)), "taken");
            (IProofVerifier.Binding kind,,) = adapter.statement(bad[i]);
            vm.assertTrue(kind == IProofVerifier.Binding.None, "kind");
        }
        // The words themselves suit the proof.
        vm.assertTrue(!taken(values(0, 3), prove(values(0, 3))), "no commitment");
        vm.assertTrue(!taken(trapped, prove(trapped)), "trapped");
    }

    function testFuzz_refuses_another_program_or_proof(bytes32 program, bytes memory proof)
        public
        view
    {
        bytes memory publicValues = values(1, 4);
        bytes memory good = prove(publicValues);
        vm.assume(program != PROGRAM && keccak256(proof) != keccak256(good));
        vm.assertTrue(!adapter.verify(program, publicValues, good), "program");
        vm.assertTrue(!taken(publicValues, proof), "proof");
        vm.assertTrue(!taken(publicValues, abi.encodePacked(good, uint8(0))), "longer");
    }

    function test_a_verifier_that_burns_its_gas_refuses() public {
        adapter = adapterOf(address(new BurningFallback()), IMAGE, IProofVerifier.Binding.Data);
        vm.assertTrue(!taken(values(0, 4), abi.encode(1)), "taken");
    }

    function test_what_can_not_be_is_refused_when_deployed() public {
        vm.expectRevert(abi.encodeWithSelector(ZkWasmAdapter.NoCode.selector, address(1)));
        adapterOf(address(1), IMAGE, IProofVerifier.Binding.Data);
        vm.expectRevert(ZkWasmAdapter.BadImageId.selector);
        adapterOf(address(generated), bytes32(FIELD), IProofVerifier.Binding.Data);
        vm.expectRevert(ZkWasmAdapter.BadBinding.selector);
        adapterOf(address(generated), IMAGE, IProofVerifier.Binding.None);
    }

    function unsafeAdapter() private returns (ZkWasmAdapter) {
        IProofVerifier.Binding kind = IProofVerifier.Binding.Data;
        return
            new UnsafeTestSetupZkWasmAdapter(
                address(generated), PROGRAM, IMAGE, 12, kind, 32, 500_000
            );
    }

    function test_unsafe_test_setup_works_on_the_test_chain() public {
        adapter = unsafeAdapter();
        bytes memory publicValues = values(0, 4);
        vm.assertTrue(taken(publicValues, prove(publicValues)), "refused");
        (IProofVerifier.Binding kind,,) = adapter.statement(publicValues);
        vm.assertTrue(kind == IProofVerifier.Binding.Data, "kind");
    }

    function testFuzz_unsafe_test_setup_reverts_on_every_other_chain(uint64 chain) public {
        vm.assume(chain != 31337 && chain != 0);
        adapter = unsafeAdapter();
        bytes memory publicValues = values(0, 4);
        bytes memory proof = prove(publicValues);
        vm.chainId(chain);
        bytes memory why = abi.encodeWithSelector(
            UnsafeTestSetup.UnsafeTestSetupOutsideTestChain.selector, uint256(chain)
        );
        vm.expectRevert(why);
        unsafeAdapter();
        vm.expectRevert(why);
        adapter.verify(PROGRAM, publicValues, proof);
        vm.expectRevert(why);
        adapter.statement(publicValues);
    }
}
