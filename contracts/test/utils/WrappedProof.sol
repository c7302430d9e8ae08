// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IProofVerifier} from "../../src/interfaces/IProofVerifier.sol";
import {UnsafeTestSetupZkWasmAdapter} from "../../src/verifiers/UnsafeTestSetupZkWasmAdapter.sol";
import {ZkWasmAdapter} from "../../src/verifiers/ZkWasmAdapter.sol";
import {TestBase} from "./TestBase.sol";

/// A real proof of class small, of a run that does not commit to its input, and its verifier.
abstract contract WrappedProof is TestBase {
    uint256 internal constant VERIFY_GAS = 1_000_000;
    string private constant VERIFIER = "UnsafeTestSetupZkWasmSmallVerifier";

    address internal generated;
    bytes32 internal imageId;
    uint8 internal class;
    bytes internal publicValues;
    bytes internal proof;
    bytes32 internal statedBinding;

    function loadProof() internal {
        string memory json = vm.readFile("test/vectors/zkwasm-wrap-small.json");
        publicValues = vm.parseJsonBytes(json, ".publicValues");
        proof = vm.parseJsonBytes(json, ".proof");
        imageId = vm.parseJsonBytes32(json, ".imageId");
        statedBinding = vm.parseJsonBytes32(json, ".binding");
        class = uint8(vm.parseJsonUint(json, ".class"));
        generated = createVerifier();
    }

    /// Zero where it refuses to be.
    function createVerifier() internal returns (address deployed) {
        bytes memory code = vm.getCode(string.concat(VERIFIER, ".sol:", VERIFIER));
        assembly {
            deployed := create(0, add(code, 0x20), mload(code))
        }
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
