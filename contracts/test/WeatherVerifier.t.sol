// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IProofVerifier} from "../src/interfaces/IProofVerifier.sol";
import {Halo2Adapter} from "../src/verifiers/Halo2Adapter.sol";
import {TestBase} from "./utils/TestBase.sol";

/// The generated verifier of the weather circuit, behind its adapter, on real proofs.
contract WeatherVerifierTest is TestBase {
    uint256 private constant FIELD =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    string private json;
    address private generated;
    Halo2Adapter private adapter;
    bytes32 private programId;
    bytes private publicValues;
    bytes private proof;

    function setUp() public {
        json = vm.readFile("test/vectors/halo2-weather.json");
        programId = vm.parseJsonBytes32(json, ".programId");
        publicValues = vm.parseJsonBytes(json, ".publicValues");
        proof = vm.parseJsonBytes(json, ".proof");
        generated = create(creationCode());
        adapter = new Halo2Adapter(
            generated,
            programId,
            Halo2Adapter.Layout({
                words: 7,
                inputCommitment: 4,
                bindingHi: 5,
                bindingLo: 6,
                proofBytes: proof.length,
                verifyGas: 1_000_000
            })
        );
    }

    function creationCode() private view returns (bytes memory) {
        bool unsafe = vm.exists("src/generated/UnsafeTestSetupWeatherVerifier.sol");
        return vm.getCode(
            unsafe
                ? "UnsafeTestSetupWeatherVerifier.sol:UnsafeTestSetupWeatherVerifier"
                : "WeatherVerifier.sol:WeatherVerifier"
        );
    }

    function create(bytes memory code) private returns (address deployed) {
        assembly {
            deployed := create(0, add(code, 0x20), mload(code))
        }
    }

    function refuses(bytes memory values, bytes memory proof_, string memory what) private view {
        vm.assertTrue(!adapter.verify(programId, values, proof_), what);
    }

    function test_takes_a_real_proof() public {
        vm.assertTrue(adapter.verify(programId, publicValues, proof), "refused");
        vm.snapshotGasLastCall("verifier", "weather, through the adapter");
        vm.assertTrue(generated.code.length <= 24576, "larger than EIP-170 allows");
    }

    function test_takes_real_proofs_of_other_counts() public view {
        for (uint256 i = 0; i < 3; ++i) {
            string memory base = string.concat(".others[", vm.toString(i), "]");
            bytes memory values = vm.parseJsonBytes(json, string.concat(base, ".publicValues"));
            bytes memory other = vm.parseJsonBytes(json, string.concat(base, ".proof"));
            vm.assertTrue(adapter.verify(programId, values, other), "refused");
            refuses(publicValues, other, "another's proof");
            refuses(values, proof, "another's values");
        }
    }

    function test_states_commitment_and_binding() public view {
        (IProofVerifier.Binding kind, bytes32 commitment, bytes32 binding) =
            adapter.statement(publicValues);
        vm.assertTrue(kind == IProofVerifier.Binding.Data, "kind");
        vm.assertEq(commitment, vm.parseJsonBytes32(json, ".inputCommitment"), "commitment");
        bytes32 taskId = vm.parseJsonBytes32(json, ".taskId");
        address prover = vm.parseJsonAddress(json, ".prover");
        vm.assertEq(binding, vm.parseJsonBytes32(json, ".binding"), "binding");
        vm.assertEq(binding, keccak256(abi.encodePacked(taskId, prover)), "task and prover");
    }

    function test_refuses_a_bit_flipped_in_any_word() public view {
        for (uint256 last = 31; last < publicValues.length; last += 32) {
            bytes memory values = publicValues;
            values[last] ^= 0x01;
            refuses(values, proof, "values");
        }
        for (uint256 last = 31; last < proof.length; last += 32) {
            bytes memory other = proof;
            other[last] ^= 0x01;
            refuses(publicValues, other, "proof");
        }
    }

    function testFuzz_refuses_any_byte_changed(uint256 position, uint8 flip) public view {
        vm.assume(flip != 0);
        bytes memory values = publicValues;
        bytes memory other = proof;
        position = bound(position, 0, values.length + other.length - 1);
        if (position < values.length) values[position] ^= bytes1(flip);
        else other[position - values.length] ^= bytes1(flip);
        refuses(values, other, "taken");
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

    function testFuzz_refuses_random_bytes(bytes32 seed) public view {
        bytes memory other = new bytes(proof.length);
        for (uint256 i = 0; i < other.length / 32; ++i) {
            bytes32 word = keccak256(abi.encode(seed, i));
            assembly {
                mstore(add(add(other, 0x20), mul(i, 32)), word)
            }
        }
        refuses(publicValues, other, "taken");
    }

    function test_refuses_the_zero_proof_and_cut_or_longer_ones() public view {
        refuses(publicValues, new bytes(proof.length), "zeros");
        refuses(publicValues, "", "nothing");
        refuses(publicValues, abi.encodePacked(proof, bytes1(0)), "longer");
        bytes memory cut = proof;
        uint256 length = cut.length - 32;
        assembly {
            mstore(cut, length)
        }
        refuses(publicValues, cut, "cut");
        refuses("", proof, "no values");
    }

    /// The verifier reduces instances, so it alone takes the alias; the adapter must not.
    function test_refuses_aliases_of_public_values() public {
        for (uint256 i = 0; i < 7; ++i) {
            bytes memory values = publicValues;
            uint256 word;
            assembly {
                word := mload(add(add(values, 0x20), mul(i, 32)))
            }
            word += FIELD;
            assembly {
                mstore(add(add(values, 0x20), mul(i, 32)), word)
            }
            (bool ok,) = generated.call(abi.encodePacked(values, proof));
            vm.assertTrue(ok, "precondition: the verifier reduces");
            refuses(values, proof, "alias");
        }
    }

    function test_a_test_setup_works_on_no_other_chain() public {
        if (!vm.exists("src/generated/UnsafeTestSetupWeatherVerifier.sol")) return;
        vm.chainId(1);
        refuses(publicValues, proof, "verified");
        vm.assertEq(create(creationCode()), address(0), "deployed");
    }
}
