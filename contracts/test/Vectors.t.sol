// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {MessageTree} from "../src/MessageTree.sol";
import {ProjectRegistrar} from "../src/ProjectRegistrar.sol";
import {Task} from "../src/Task.sol";
import {W3bstreamRouter} from "../src/W3bstreamRouter.sol";
import {TestBase} from "./utils/TestBase.sol";

/// What TypeScript computes, computed again from the same files.
contract VectorsTest is TestBase {
    string private constant FOLDER = "test/vectors/";

    function field(string memory base, string memory name) private pure returns (string memory) {
        return string.concat(base, ".", name);
    }

    function item(string memory list, uint256 index) private pure returns (string memory) {
        return string.concat(list, "[", vm.toString(index), "]");
    }

    function test_task_ids_and_bindings_are_those_of_typescript() public {
        string memory json = vm.readFile(string.concat(FOLDER, "task.json"));
        ProjectRegistrar any = new ProjectRegistrar();
        bytes memory code =
            address(new W3bstreamRouter(address(any), address(any), address(this))).code;
        uint256 cases = 0;
        for (; vm.keyExistsJson(json, item(".cases", cases)); ++cases) {
            string memory path = item(".cases", cases);
            address router = vm.parseJsonAddress(json, field(path, "router"));
            vm.etch(router, code);
            vm.chainId(vm.parseJsonUint(json, field(path, "chainId")));
            Task memory task = Task({
                projectId: uint64(vm.parseJsonUint(json, field(path, "projectId"))),
                version: vm.parseJsonString(json, field(path, "version")),
                programId: vm.parseJsonBytes32(json, field(path, "programId")),
                messagesRoot: vm.parseJsonBytes32(json, field(path, "messagesRoot")),
                inputCommitment: vm.parseJsonBytes32(json, field(path, "inputCommitment")),
                nonce: vm.parseJsonUint(json, field(path, "nonce"))
            });
            bytes32 id = W3bstreamRouter(router).taskId(task);
            vm.assertEq(id, vm.parseJsonBytes32(json, field(path, "taskId")), "task id");
            (address signer,,) =
                ECDSA.tryRecover(id, vm.parseJsonBytes(json, field(path, "operatorSig")));
            vm.assertEq(signer, vm.parseJsonAddress(json, field(path, "operator")), "signer");
            address prover = vm.parseJsonAddress(json, field(path, "prover"));
            vm.assertEq(
                W3bstreamRouter(router).binding(id, prover),
                vm.parseJsonBytes32(json, field(path, "binding")),
                "binding"
            );
        }
        vm.assertTrue(cases >= 3, "cases");
    }

    /// A contract needs no more than this to know what a prover stands by.
    function test_evidence_is_that_of_typescript() public view {
        string memory json = vm.readFile(string.concat(FOLDER, "task.json"));
        uint256 cases = 0;
        for (; vm.keyExistsJson(json, item(".cases", cases)); ++cases) {
            string memory path = item(".cases", cases);
            string memory evidence = field(path, "receiptClaim.evidence");
            bytes32 claim = claimHash(json, path);
            assertUnderRoot(json, evidence, claim);
            bytes32 digest = MessageHashUtils.toTypedDataHash(
                domainSeparator(json, path), envelopeHash(json, evidence)
            );
            (address signer,,) =
                ECDSA.tryRecover(digest, vm.parseJsonBytes(json, field(evidence, "signature")));
            vm.assertEq(signer, vm.parseJsonAddress(json, field(path, "prover")), "signer");
        }
        vm.assertTrue(cases >= 3, "cases");
    }

    function claimHash(string memory json, string memory path) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "ReceiptClaim(bytes32 taskId,uint64 epoch,address prover,bytes32 programId,bytes32 publicValuesHash,bytes32 proofHash)"
                ),
                vm.parseJsonBytes32(json, field(path, "taskId")),
                vm.parseJsonUint(json, field(path, "receiptClaim.epoch")),
                vm.parseJsonAddress(json, field(path, "prover")),
                vm.parseJsonBytes32(json, field(path, "programId")),
                vm.parseJsonBytes32(json, field(path, "receiptClaim.publicValuesHash")),
                vm.parseJsonBytes32(json, field(path, "receiptClaim.proofHash"))
            )
        );
    }

    function assertUnderRoot(string memory json, string memory evidence, bytes32 statement)
        private
        pure
    {
        bytes32 root = vm.parseJsonBytes32(json, field(evidence, "root"));
        bytes32[] memory path = vm.parseJsonBytes32Array(json, field(evidence, "path"));
        uint64 count = uint64(vm.parseJsonUint(json, field(evidence, "count")));
        uint64 index = uint64(vm.parseJsonUint(json, field(evidence, "index")));
        vm.assertTrue(MessageTree.verifyProof(root, count, index, statement, path), "path");
    }

    function envelopeHash(string memory json, string memory evidence)
        private
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                keccak256("Envelope(bytes payload,bytes32 statements)"),
                vm.parseJsonBytes32(json, field(evidence, "payloadHash")),
                vm.parseJsonBytes32(json, field(evidence, "root"))
            )
        );
    }

    function domainSeparator(string memory json, string memory path)
        private
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("W3bstream"),
                keccak256("1"),
                vm.parseJsonUint(json, field(path, "chainId")),
                vm.parseJsonAddress(json, field(path, "router"))
            )
        );
    }

    function message(string memory json, string memory path)
        private
        pure
        returns (MessageTree.Message memory)
    {
        return MessageTree.Message({
            salt: vm.parseJsonBytes32(json, field(path, "salt")),
            id: bytes16(vm.parseJsonBytes(json, field(path, "id"))),
            projectId: uint64(vm.parseJsonUint(json, field(path, "projectId"))),
            version: vm.parseJsonString(json, field(path, "version")),
            clientId: vm.parseJsonString(json, field(path, "clientId")),
            data: vm.parseJsonBytes(json, field(path, "data"))
        });
    }

    function test_message_trees_are_those_of_typescript() public view {
        string memory json = vm.readFile(string.concat(FOLDER, "merkle.json"));
        uint256 cases = 0;
        for (; vm.keyExistsJson(json, item(".cases", cases)); ++cases) {
            string memory path = item(".cases", cases);
            bytes32 root = vm.parseJsonBytes32(json, field(path, "root"));
            bytes32[] memory hashes = vm.parseJsonBytes32Array(json, field(path, "leafHashes"));
            uint64 count = uint64(hashes.length);
            for (uint64 i = 0; i < count; ++i) {
                MessageTree.Message memory m = message(json, item(field(path, "leaves"), i));
                vm.assertEq(MessageTree.leaf(m), hashes[i], "leaf");
                bytes32[] memory proof =
                    vm.parseJsonBytes32Array(json, item(field(path, "proofs"), i));
                vm.assertTrue(MessageTree.verifyProof(root, count, i, hashes[i], proof), "proof");
            }
            vm.assertTrue(
                !vm.keyExistsJson(json, item(field(path, "leaves"), count)), "leaves left over"
            );
            vm.assertEq(MessageTree.root(hashes), root, "root");
        }
        vm.assertTrue(cases >= 9, "cases");
    }
}
