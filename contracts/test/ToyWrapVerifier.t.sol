// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {UnsafeTestSetupToyWrapVerifier} from "./generated/UnsafeTestSetupToyWrapVerifier.sol";
import {TestBase} from "./utils/TestBase.sol";

/// The generated verifier of a small machine's STARK, wrapped by wasm/wrap, on a real proof.
contract ToyWrapVerifierTest is TestBase {
    address private verifier;
    bytes private publicValues;
    bytes private proof;

    function setUp() public {
        string memory json = vm.readFile("test/vectors/wrap-toy.json");
        publicValues = vm.parseJsonBytes(json, ".publicValues");
        proof = vm.parseJsonBytes(json, ".proof");
        verifier = address(new UnsafeTestSetupToyWrapVerifier());
    }

    function deploy() external returns (address) {
        return address(new UnsafeTestSetupToyWrapVerifier());
    }

    function takes(bytes memory values, bytes memory proof_) private returns (bool taken) {
        // A precompile that is given no point takes all gas.
        (taken,) = verifier.call{gas: 1_000_000}(abi.encodePacked(values, proof_));
    }

    function test_takes_a_real_proof() public {
        vm.assertTrue(takes(publicValues, proof), "refused");
        vm.snapshotGasLastCall("verifier", "a small machine's STARK, wrapped");
        vm.assertTrue(verifier.code.length <= 24576, "larger than EIP-170 allows");
    }

    function test_refuses_a_bit_flipped_in_any_word() public {
        for (uint256 last = 31; last < publicValues.length; last += 32) {
            bytes memory values = publicValues;
            values[last] ^= 0x01;
            vm.assertTrue(!takes(values, proof), "values");
        }
        for (uint256 last = 31; last < proof.length; last += 32) {
            bytes memory other = proof;
            other[last] ^= 0x01;
            vm.assertTrue(!takes(publicValues, other), "proof");
        }
    }

    function test_refuses_cut_and_empty_proofs() public {
        bytes memory cut = proof;
        uint256 length = cut.length - 32;
        assembly {
            mstore(cut, length)
        }
        vm.assertTrue(!takes(publicValues, cut), "cut");
        vm.assertTrue(!takes(publicValues, ""), "nothing");
        vm.assertTrue(!takes("", proof), "no values");
    }

    function test_works_on_no_other_chain() public {
        vm.chainId(1);
        vm.assertTrue(!takes(publicValues, proof), "verified");
        try this.deploy() returns (address) {
            vm.assertTrue(false, "deployed");
        } catch Error(string memory reason) {
            vm.assertEq(reason, "unsafe test setup", "reason");
        }
    }
}
