// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Submission, Task} from "../src/Task.sol";
import {W3bstreamRouter} from "../src/W3bstreamRouter.sol";
import {IProofVerifier} from "../src/interfaces/IProofVerifier.sol";
import {ProvenRuns} from "../src/samples/ProvenRuns.sol";
import {RouterBase} from "./utils/RouterBase.sol";
import {WrappedClass, WrappedProof} from "./utils/WrappedProof.sol";

/// A real wrapped proof at the router, which has a task of `task.json`.
abstract contract ZkWasmRouterTest is RouterBase, WrappedProof {
    uint256 private constant MAX_CALLDATA = 48 * 1024;

    Submission internal item;
    ProvenRuns internal runs;

    function setUpOf(WrappedClass memory class_) internal {
        RouterBase.setUp();
        string memory json = vm.readFile("test/vectors/task.json");
        item.task = Task({
            projectId: uint64(vm.parseJsonUint(json, ".cases[0].projectId")),
            version: vm.parseJsonString(json, ".cases[0].version"),
            programId: vm.parseJsonBytes32(json, ".cases[0].programId"),
            messagesRoot: vm.parseJsonBytes32(json, ".cases[0].messagesRoot"),
            inputCommitment: vm.parseJsonBytes32(json, ".cases[0].inputCommitment"),
            nonce: vm.parseJsonUint(json, ".cases[0].nonce")
        });
        item.operatorSig = vm.parseJsonBytes(json, ".cases[0].operatorSig");
        item.prover = vm.parseJsonAddress(json, ".cases[0].prover");
        operator = vm.parseJsonAddress(json, ".cases[0].operator");
        // The task's id names its router.
        address place = vm.parseJsonAddress(json, ".cases[0].router");
        vm.etch(place, address(router).code);
        router = W3bstreamRouter(place);
        vm.startPrank(owner);
        projects.addOperator(1, operator);
        znodes.addOperator(DID, item.prover);
        vm.stopPrank();

        loadProof(class_);
        item.publicValues = publicValues;
        item.proof = proof;
        bool commits = proven.kind == IProofVerifier.Binding.Data;
        runs = new ProvenRuns(address(router), 1, item.task.programId, commits);
        routeTo(imageId, proven.kind, !commits);
    }

    /// What is proved of the run.
    function numbers() internal pure virtual returns (uint64[] memory, uint64[] memory);

    function routeTo(bytes32 image, IProofVerifier.Binding kind, bool allowUnbound) internal {
        address adapter = address(adapterOf(item.task.programId, image, class, kind, proof.length));
        vm.prank(owner);
        router.setRoute(1, item.task.programId, adapter, address(runs), allowUnbound);
    }

    function refusedAs(Submission memory s, bytes4 why) internal {
        vm.expectRevert(why);
        submit(s);
        vm.assertEq(runs.total(), 0, "stored");
    }

    function test_a_real_proof_reaches_the_receiver() public {
        bytes memory data = abi.encodeCall(
            router.submit, (item.task, item.operatorSig, item.prover, item.publicValues, item.proof)
        );
        vm.assertTrue(data.length <= MAX_CALLDATA, "calldata");
        bytes32 id = router.taskId(item.task);
        submit(item);
        string memory what = string.concat("submit of a zkWasm proof of class ", proven.name);
        vm.snapshotGasLastCall("router", string.concat(what, ", its run kept"));
        ProvenRuns.Run memory run = runs.run(id);
        vm.assertEq(runs.total(), 1, "stored");
        vm.assertEq(run.prover, item.prover, "prover");
        (uint64[] memory inputs, uint64[] memory outputs) = numbers();
        vm.assertEq(abi.encode(run.inputs), abi.encode(inputs), "inputs");
        vm.assertEq(abi.encode(run.outputs), abi.encode(outputs), "outputs");
        vm.expectRevert(abi.encodeWithSelector(W3bstreamRouter.TaskUsed.selector, id));
        submit(item);
    }

    /// Form, status, image id, binding, counts, input and output.
    function test_each_field_of_the_public_values_is_proven() public {
        for (uint256 i = 0; i < item.publicValues.length; ++i) {
            Submission memory s = item;
            s.publicValues[i] ^= 0x01;
            refusedAs(s, W3bstreamRouter.InvalidProof.selector);
        }
    }

    function testFuzz_a_changed_proof_is_refused(uint256 position, uint8 flip) public {
        vm.assume(flip != 0);
        Submission memory s = item;
        s.proof[bound(position, 0, s.proof.length - 1)] ^= bytes1(flip);
        refusedAs(s, W3bstreamRouter.InvalidProof.selector);
    }

    function test_another_tasks_receipt_is_refused() public {
        Submission memory s = item;
        s.task.nonce++;
        bytes32 id = router.taskId(s.task);
        vm.prank(owner);
        projects.addOperator(1, vm.addr(OPERATOR_KEY));
        s.operatorSig = signature(OPERATOR_KEY, id);
        refusedAs(s, W3bstreamRouter.BindingMismatch.selector);
    }

    function test_another_provers_receipt_is_refused() public {
        Submission memory s = item;
        s.prover = prover;
        refusedAs(s, W3bstreamRouter.BindingMismatch.selector);
    }

    /// Its program has another image id, or it has no such program.
    function test_another_projects_receipt_is_refused() public {
        routeTo(bytes32(uint256(imageId) ^ 1), proven.kind, true);
        refusedAs(item, W3bstreamRouter.InvalidProof.selector);
        Submission memory s = item;
        s.task.projectId = 2;
        vm.expectRevert(
            abi.encodeWithSelector(W3bstreamRouter.NoRoute.selector, uint64(2), item.task.programId)
        );
        submit(s);
    }
}

contract ZkWasmSmallRouterTest is ZkWasmRouterTest {
    function setUp() public override {
        setUpOf(small());
    }

    function numbers() internal pure override returns (uint64[] memory, uint64[] memory) {
        uint64[] memory inputs = new uint64[](1);
        uint64[] memory outputs = new uint64[](1);
        (inputs[0], outputs[0]) = (10, 55);
        return (inputs, outputs);
    }

    function test_a_program_that_does_not_commit_needs_the_owners_leave() public {
        routeTo(imageId, IProofVerifier.Binding.Tag, false);
        refusedAs(item, W3bstreamRouter.UnboundNotAllowed.selector);
        // Nor does its one output pass for a commitment.
        routeTo(imageId, IProofVerifier.Binding.Data, true);
        refusedAs(item, W3bstreamRouter.InvalidProof.selector);
    }
}

contract ZkWasmMediumRouterTest is ZkWasmRouterTest {
    function setUp() public override {
        setUpOf(medium());
    }

    /// Of four readings how many are normal, their sum, and which are not.
    function numbers() internal pure override returns (uint64[] memory, uint64[] memory) {
        uint64[] memory outputs = new uint64[](3);
        (outputs[0], outputs[1]) = (4, 215 + 218 + 221 + 219);
        return (new uint64[](0), outputs);
    }

    function test_a_run_of_other_data_is_refused() public {
        Submission memory s = item;
        s.task.inputCommitment = keccak256("other data");
        bytes32 id = router.taskId(s.task);
        vm.prank(owner);
        projects.addOperator(1, vm.addr(OPERATOR_KEY));
        s.operatorSig = signature(OPERATOR_KEY, id);
        refusedAs(s, W3bstreamRouter.CommitmentMismatch.selector);
    }
}
