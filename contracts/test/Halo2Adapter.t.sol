// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IProofVerifier} from "../src/interfaces/IProofVerifier.sol";
import {Halo2Adapter} from "../src/verifiers/Halo2Adapter.sol";
import {UnsafeTestSetup} from "../src/verifiers/UnsafeTestSetup.sol";
import {UnsafeTestSetupHalo2Adapter} from "../src/verifiers/UnsafeTestSetupHalo2Adapter.sol";
import {TestBase} from "./utils/TestBase.sol";
import {BurningFallback, FallbackVerifier, KeccakVerifier} from "./utils/Verifiers.sol";

contract Halo2AdapterTest is TestBase {
    bytes32 private constant PROGRAM = keccak256("program");
    uint256 private constant FIELD =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    FallbackVerifier private generated;
    Halo2Adapter private adapter;

    function setUp() public {
        generated = new FallbackVerifier();
        adapter = new Halo2Adapter(address(generated), PROGRAM, shape());
    }

    function shape() private pure returns (Halo2Adapter.Layout memory) {
        return Halo2Adapter.Layout({
            words: 7,
            inputCommitment: 4,
            bindingHi: 5,
            bindingLo: 6,
            proofBytes: 32,
            verifyGas: 500_000
        });
    }

    function values() private pure returns (uint256[7] memory) {
        return [uint256(32_800), 32_700, 32_900, 16, uint256(keccak256("c")) >> 8, 7, 9];
    }

    function prove(bytes memory publicValues) private pure returns (bytes memory) {
        return abi.encode(keccak256(publicValues));
    }

    function test_takes_a_good_proof() public view {
        bytes memory publicValues = abi.encode(values());
        vm.assertTrue(adapter.verify(PROGRAM, publicValues, prove(publicValues)), "refused");
    }

    function test_states_commitment_and_binding() public view {
        (IProofVerifier.Binding kind, bytes32 commitment, bytes32 binding) =
            adapter.statement(abi.encode(values()));
        vm.assertTrue(kind == IProofVerifier.Binding.Data, "kind");
        vm.assertEq(commitment, bytes32(uint256(keccak256("c")) >> 8), "commitment");
        vm.assertEq(binding, bytes32(uint256(7) << 128 | 9), "binding");
    }

    function testFuzz_states_the_binding_its_limbs_make(bytes32 binding) public view {
        uint256[7] memory words = values();
        words[5] = uint256(binding) >> 128;
        words[6] = uint256(uint128(uint256(binding)));
        (,, bytes32 stated) = adapter.statement(abi.encode(words));
        vm.assertEq(stated, binding, "binding");
    }

    function test_refuses_another_program() public view {
        bytes memory publicValues = abi.encode(values());
        vm.assertTrue(
            !adapter.verify(keccak256("other"), publicValues, prove(publicValues)), "taken"
        );
    }

    function test_refuses_a_bad_proof() public view {
        vm.assertTrue(!adapter.verify(PROGRAM, abi.encode(values()), abi.encode(1)), "taken");
    }

    function testFuzz_refuses_any_other_proof(bytes32 proof, bytes memory long) public view {
        bytes memory publicValues = abi.encode(values());
        vm.assume(proof != keccak256(publicValues));
        vm.assertTrue(!adapter.verify(PROGRAM, publicValues, abi.encode(proof)), "word taken");
        vm.assume(long.length != 32);
        vm.assertTrue(!adapter.verify(PROGRAM, publicValues, long), "length taken");
    }

    function test_refuses_bytes_after_the_proof() public {
        bytes memory publicValues = abi.encode(values());
        bytes memory longer = abi.encodePacked(publicValues, bytes32(0));
        // The generated verifier alone would take these.
        bytes memory proof = abi.encodePacked(bytes32(0), keccak256(longer));
        (bool ok,) = address(generated).call(abi.encodePacked(publicValues, proof));
        vm.assertTrue(ok, "precondition");
        vm.assertTrue(!adapter.verify(PROGRAM, publicValues, proof), "taken");
    }

    function testFuzz_values_of_another_length_are_refused_not_reverted(bytes memory publicValues)
        public
        view
    {
        vm.assume(publicValues.length != 7 * 32);
        vm.assertTrue(!adapter.verify(PROGRAM, publicValues, prove(publicValues)), "taken");
        (IProofVerifier.Binding kind, bytes32 commitment, bytes32 binding) =
            adapter.statement(publicValues);
        vm.assertTrue(kind == IProofVerifier.Binding.None, "kind");
        vm.assertEq(commitment, 0, "commitment");
        vm.assertEq(binding, 0, "binding");
    }

    function test_a_word_moved_between_values_and_proof_is_refused() public view {
        bytes memory publicValues = abi.encode(values());
        bytes memory proof = prove(publicValues);
        bytes memory shorter = new bytes(6 * 32);
        for (uint256 i = 0; i < shorter.length; ++i) {
            shorter[i] = publicValues[i];
        }
        bytes memory moved = abi.encodePacked(values()[6], proof);
        vm.assertTrue(!adapter.verify(PROGRAM, shorter, moved), "taken");
        bytes memory longer = abi.encodePacked(publicValues, proof);
        vm.assertTrue(!adapter.verify(PROGRAM, longer, ""), "taken");
    }

    function testFuzz_refuses_words_outside_the_field(uint256 index, uint256 word) public view {
        uint256[7] memory words = values();
        words[index % 7] = bound(word, FIELD, type(uint256).max);
        bytes memory publicValues = abi.encode(words);
        vm.assertTrue(!adapter.verify(PROGRAM, publicValues, prove(publicValues)), "taken");
        (IProofVerifier.Binding kind,,) = adapter.statement(publicValues);
        vm.assertTrue(kind == IProofVerifier.Binding.None, "kind");
    }

    function test_the_greatest_word_is_the_greatest_field_element() public view {
        uint256[7] memory words = values();
        words[4] = FIELD - 1;
        bytes memory publicValues = abi.encode(words);
        vm.assertTrue(adapter.verify(PROGRAM, publicValues, prove(publicValues)), "refused");
        words[4] = FIELD;
        publicValues = abi.encode(words);
        vm.assertTrue(!adapter.verify(PROGRAM, publicValues, prove(publicValues)), "taken");
    }

    function testFuzz_refuses_binding_limbs_above_128_bits(bool hi, uint256 word) public view {
        uint256[7] memory words = values();
        words[hi ? 5 : 6] = bound(word, 1 << 128, FIELD - 1);
        bytes memory publicValues = abi.encode(words);
        vm.assertTrue(!adapter.verify(PROGRAM, publicValues, prove(publicValues)), "taken");
        (IProofVerifier.Binding kind,,) = adapter.statement(publicValues);
        vm.assertTrue(kind == IProofVerifier.Binding.None, "kind");
    }

    function test_refuses_when_the_verifier_has_no_code() public {
        bytes memory publicValues = abi.encode(values());
        vm.etch(address(generated), "");
        vm.assertTrue(!adapter.verify(PROGRAM, publicValues, prove(publicValues)), "taken");
    }

    function test_refuses_a_verifier_that_answers() public {
        // Its fallback would return data; a verifier of the other convention may mean `false`.
        bytes memory publicValues = abi.encode(values());
        vm.etch(address(generated), hex"60206000f3");
        vm.assertTrue(!adapter.verify(PROGRAM, publicValues, prove(publicValues)), "taken");
    }

    function test_a_burning_verifier_costs_its_limit_and_no_more() public {
        Halo2Adapter burning = new Halo2Adapter(address(new BurningFallback()), PROGRAM, shape());
        bytes memory publicValues = abi.encode(values());
        uint256 before = gasleft();
        vm.assertTrue(!burning.verify(PROGRAM, publicValues, prove(publicValues)), "taken");
        vm.assertTrue(before - gasleft() < 600_000, "gas");
    }

    function testFuzz_too_little_gas_is_told_from_a_bad_proof(uint256 gas) public {
        Halo2Adapter burning = new Halo2Adapter(address(new BurningFallback()), PROGRAM, shape());
        bytes memory publicValues = abi.encode(values());
        bytes memory input =
            abi.encodeCall(burning.verify, (PROGRAM, publicValues, prove(publicValues)));
        gas = bound(gas, 30_000, 500_000);
        (bool ok, bytes memory ret) = address(burning).staticcall{gas: gas}(input);
        vm.assertTrue(!ok, "called a proof bad that it had no gas for");
        vm.assertEq(ret, abi.encodeWithSelector(IProofVerifier.NotEnoughGas.selector), "reason");
    }

    function test_a_good_proof_needs_no_more_gas_than_it_uses() public view {
        bytes memory publicValues = abi.encode(values());
        (bool ok, bytes memory ret) = address(adapter).staticcall{gas: 60_000}(
            abi.encodeCall(adapter.verify, (PROGRAM, publicValues, prove(publicValues)))
        );
        vm.assertTrue(ok && abi.decode(ret, (bool)), "refused");
    }

    function test_refuses_impossible_layouts() public {
        vm.expectRevert(abi.encodeWithSelector(Halo2Adapter.NoCode.selector, account("nobody")));
        new Halo2Adapter(account("nobody"), PROGRAM, shape());
        for (uint256 i = 0; i < 5; ++i) {
            Halo2Adapter.Layout memory l = shape();
            if (i == 0) l.inputCommitment = 7;
            else if (i == 1) l.bindingHi = 7;
            else if (i == 2) l.bindingLo = 7;
            else if (i == 3) l.proofBytes = 0;
            else l.verifyGas = 0;
            vm.expectRevert(Halo2Adapter.BadLayout.selector);
            new Halo2Adapter(address(generated), PROGRAM, l);
        }
        vm.assertEq(adapter.expectedLayout().proofBytes, 32, "layout");
    }

    function test_unsafe_test_setup_works_on_the_test_chain() public {
        UnsafeTestSetupHalo2Adapter unsafe =
            new UnsafeTestSetupHalo2Adapter(address(generated), PROGRAM, shape());
        bytes memory publicValues = abi.encode(values());
        vm.assertTrue(unsafe.verify(PROGRAM, publicValues, prove(publicValues)), "refused");
        (IProofVerifier.Binding kind,,) = unsafe.statement(publicValues);
        vm.assertTrue(kind == IProofVerifier.Binding.Data, "kind");
    }

    function testFuzz_unsafe_test_setup_reverts_on_every_other_chain(uint64 chain) public {
        vm.assume(chain != 31337 && chain != 0);
        UnsafeTestSetupHalo2Adapter unsafe =
            new UnsafeTestSetupHalo2Adapter(address(generated), PROGRAM, shape());
        bytes memory publicValues = abi.encode(values());
        bytes memory proof = prove(publicValues);
        vm.chainId(chain);
        bytes memory why = abi.encodeWithSelector(
            UnsafeTestSetup.UnsafeTestSetupOutsideTestChain.selector, uint256(chain)
        );
        vm.expectRevert(why);
        new UnsafeTestSetupHalo2Adapter(address(generated), PROGRAM, shape());
        vm.expectRevert(why);
        unsafe.verify(PROGRAM, publicValues, proof);
        vm.expectRevert(why);
        unsafe.statement(publicValues);
    }
}
