// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IProofVerifier} from "../../src/interfaces/IProofVerifier.sol";
import {UnsafeTestSetupZkWasmAdapter} from "../../src/verifiers/UnsafeTestSetupZkWasmAdapter.sol";
import {ZkWasmAdapter} from "../../src/verifiers/ZkWasmAdapter.sol";
import {TestBase} from "./TestBase.sol";

/// A class whose contract is committed, with a real proof.
struct WrappedClass {
    /// In names of files.
    string name;
    string verifier;
    /// Whether the run commits to its input.
    IProofVerifier.Binding kind;
}

/// A real proof of a class, and its verifier.
abstract contract WrappedProof is TestBase {
    uint256 internal constant VERIFY_GAS = 1_000_000;

    WrappedClass internal proven;
    address internal generated;
    bytes32 internal imageId;
    uint8 internal class;
    bytes internal publicValues;
    bytes internal proof;
    bytes32 internal statedBinding;

    /// The tenth number of Fibonacci.
    function small() internal pure returns (WrappedClass memory) {
        return
            WrappedClass("small", "UnsafeTestSetupZkWasmSmallVerifier", IProofVerifier.Binding.Tag);
    }

    /// What a meter's four readings are, to which it commits.
    function medium() internal pure returns (WrappedClass memory) {
        return
            WrappedClass(
                "medium", "UnsafeTestSetupZkWasmMediumVerifier", IProofVerifier.Binding.Data
            );
    }

    function loadProof(WrappedClass memory class_) internal {
        proven = class_;
        string memory json =
            vm.readFile(string.concat("test/vectors/zkwasm-wrap-", class_.name, ".json"));
        publicValues = vm.parseJsonBytes(json, ".publicValues");
        proof = vm.parseJsonBytes(json, ".proof");
        imageId = vm.parseJsonBytes32(json, ".imageId");
        statedBinding = vm.parseJsonBytes32(json, ".binding");
        class = uint8(vm.parseJsonUint(json, ".class"));
        generated = createVerifier();
    }

    /// Zero where it refuses to be.
    function createVerifier() internal returns (address deployed) {
        bytes memory code = vm.getCode(string.concat(proven.verifier, ".sol:", proven.verifier));
        assembly {
            deployed := create(0, add(code, 0x20), mload(code))
        }
    }

    /// Of the task that the proof is bound to.
    function inputCommitment() internal view returns (bytes32) {
        string memory json = vm.readFile("test/vectors/task.json");
        return vm.parseJsonBytes32(json, ".cases[0].inputCommitment");
    }

    function adapterOf(
        bytes32 program,
        bytes32 image,
        uint8 class_,
        IProofVerifier.Binding kind,
        uint256 proofBytes
    ) internal returns (ZkWasmAdapter) {
        return new UnsafeTestSetupZkWasmAdapter(
            generated, program, image, class_, kind, proofBytes, VERIFY_GAS
        );
    }
}
