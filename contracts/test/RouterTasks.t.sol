// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Submission, Task} from "../src/Task.sol";
import {W3bstreamRouter} from "../src/W3bstreamRouter.sol";
import {IProofVerifier} from "../src/interfaces/IProofVerifier.sol";
import {RouterBase} from "./utils/RouterBase.sol";

/// Which tasks, signatures and provers the router takes.
contract RouterTasksTest is RouterBase {
    function test_accepts_a_signed_proved_task_from_any_relayer() public {
        Submission memory s = right(1);
        bytes32 id = router.taskId(s.task);
        vm.expectEmit(address(router));
        emit W3bstreamRouter.Accepted(id, 1, prover, PROGRAM, s.publicValues);
        submit(s);
        vm.snapshotGasLastCall("router", "submit without verification, counting receiver");
        vm.assertTrue(router.accepted(id), "accepted");
        vm.assertEq(receiver.calls(id), 1, "receiver called");
        vm.assertEq(receiver.prover(), prover, "credited");
        vm.assertEq(receiver.publicValues(), s.publicValues, "values");
    }

    function test_accepts_the_owners_own_signature() public {
        address keyed = vm.addr(STRANGER_KEY);
        vm.prank(owner);
        projects.transferFrom(owner, keyed, 1);
        Submission memory s = right(1);
        s.operatorSig = signature(STRANGER_KEY, router.taskId(s.task));
        submit(s);
        vm.assertTrue(router.accepted(router.taskId(s.task)), "accepted");
    }

    function testFuzz_accepts_whatever_the_operator_signed(Task memory task, bytes memory values)
        public
    {
        task.projectId = 1;
        task.programId = PROGRAM;
        Submission memory s;
        s.task = task;
        s.prover = prover;
        s.publicValues = values;
        s.proof = abi.encode(keccak256(values));
        s.operatorSig = signature(OPERATOR_KEY, router.taskId(task));
        stateData(s);
        submit(s);
        vm.assertTrue(router.accepted(router.taskId(task)), "accepted");
    }

    function test_a_paused_projects_signed_tasks_drain() public {
        vm.prank(owner);
        projects.pauseProject(1);
        submit(right(1));
    }

    function test_unsigned_task() public {
        Submission memory s = right(1);
        s.operatorSig = "";
        refused(s, notOperator(address(0)));
        s.operatorSig = new bytes(65);
        refused(s, notOperator(address(0)));
    }

    function test_unsigned_task_though_the_zero_address_is_an_operator() public {
        vm.prank(owner);
        projects.addOperator(1, address(0));
        Submission memory s = right(1);
        s.operatorSig = new bytes(65);
        refused(s, notOperator(address(0)));
    }

    function test_wrong_signer() public {
        Submission memory s = right(1);
        s.operatorSig = signature(STRANGER_KEY, router.taskId(s.task));
        refused(s, notOperator(vm.addr(STRANGER_KEY)));
    }

    function test_operator_of_another_project() public {
        vm.startPrank(stranger);
        projects.createProject("ipfs://other", 0);
        projects.addOperator(2, vm.addr(STRANGER_KEY));
        vm.stopPrank();
        Submission memory s = right(1);
        s.operatorSig = signature(STRANGER_KEY, router.taskId(s.task));
        refused(s, notOperator(vm.addr(STRANGER_KEY)));
    }

    function test_signer_removed_as_operator() public {
        Submission memory s = right(1);
        vm.prank(owner);
        projects.removeOperator(1, operator);
        refused(s, notOperator(operator));
    }

    function test_owner_rights_move_with_the_token() public {
        address newOwner = account("new owner");
        vm.prank(owner);
        projects.transferFrom(owner, newOwner, 1);
        vm.expectRevert(
            abi.encodeWithSelector(W3bstreamRouter.NotProjectOwner.selector, uint64(1), owner)
        );
        vm.prank(owner);
        router.setRoute(1, PROGRAM, address(verifier), address(receiver), true);
        vm.prank(newOwner);
        router.setRoute(1, PROGRAM, address(verifier), address(receiver), true);
    }

    function test_short_and_long_signatures() public {
        Submission memory s = right(1);
        (uint8 v, bytes32 r, bytes32 sig) = vm.sign(OPERATOR_KEY, router.taskId(s.task));
        s.operatorSig = abi.encodePacked(r, sig);
        refused(s, notOperator(address(0)));
        // ERC-2098: the same signature in 64 bytes.
        s.operatorSig = abi.encodePacked(r, bytes32(uint256(sig) | uint256(v - 27) << 255));
        refused(s, notOperator(address(0)));
        s.operatorSig = abi.encodePacked(r, sig, v, uint8(0));
        refused(s, notOperator(address(0)));
    }

    function test_malleable_signature() public {
        Submission memory s = right(1);
        (uint8 v, bytes32 r, bytes32 sig) = vm.sign(OPERATOR_KEY, router.taskId(s.task));
        bytes32 high = bytes32(N - uint256(sig));
        uint8 flipped = v == 27 ? 28 : 27;
        // The precompile itself takes it.
        vm.assertEq(ecrecover(router.taskId(s.task), flipped, r, high), operator, "recovers");
        s.operatorSig = abi.encodePacked(r, high, flipped);
        refused(s, notOperator(address(0)));
    }

    function test_recovery_id_in_place_of_v() public {
        Submission memory s = right(1);
        (uint8 v, bytes32 r, bytes32 sig) = vm.sign(OPERATOR_KEY, router.taskId(s.task));
        s.operatorSig = abi.encodePacked(r, sig, v - 27);
        refused(s, notOperator(address(0)));
    }

    function testFuzz_no_other_bytes_than_the_signature_pass(uint256 position, uint8 flip) public {
        vm.assume(flip != 0);
        Submission memory s = right(1);
        position = bound(position, 0, 64);
        s.operatorSig[position] ^= bytes1(flip);
        vm.expectPartialRevert(W3bstreamRouter.NotOperator.selector);
        submit(s);
    }

    function testFuzz_a_changed_task_is_not_the_signed_one(uint8 field, bytes32 change) public {
        vm.assume(change != 0);
        Submission memory s = right(1);
        if (field % 4 == 0) s.task.version = string(abi.encodePacked(s.task.version, change));
        else if (field % 4 == 1) s.task.messagesRoot ^= change;
        else if (field % 4 == 2) s.task.inputCommitment ^= change;
        else s.task.nonce ^= uint256(change);
        vm.expectPartialRevert(W3bstreamRouter.NotOperator.selector);
        submit(s);
    }

    function test_a_signature_for_another_router_or_chain() public {
        W3bstreamRouter other =
            new W3bstreamRouter(address(projects), address(znodes), address(this));
        Submission memory s = right(1);
        s.operatorSig = signature(OPERATOR_KEY, other.taskId(s.task));
        vm.expectPartialRevert(W3bstreamRouter.NotOperator.selector);
        submit(s);

        s = right(1);
        vm.chainId(2);
        stateData(s);
        vm.expectPartialRevert(W3bstreamRouter.NotOperator.selector);
        submit(s);
    }

    function test_reused_task() public {
        Submission memory s = right(1);
        submit(s);
        bytes memory why =
            abi.encodeWithSelector(W3bstreamRouter.TaskUsed.selector, router.taskId(s.task));
        refused(s, why);
        // Nor with another prover, other values, or a refused signature.
        s.publicValues = "other";
        s.proof = abi.encode(keccak256("other"));
        s.prover = stranger;
        s.operatorSig = "";
        refused(s, why);
    }

    function notEligible(address who) private pure returns (bytes memory) {
        return abi.encodeWithSelector(W3bstreamRouter.ProverNotEligible.selector, who);
    }

    function test_swapped_prover() public {
        Submission memory s = right(1);
        address other = account("other prover");
        vm.prank(owner);
        znodes.addOperator(DID, other);
        s.prover = other;
        refused(s, bare(W3bstreamRouter.BindingMismatch.selector));
    }

    function test_unregistered_prover() public {
        Submission memory s = right(1);
        s.prover = stranger;
        stateData(s);
        refused(s, notEligible(stranger));
        s.prover = address(0);
        stateData(s);
        refused(s, notEligible(address(0)));
    }

    function test_paused_prover() public {
        Submission memory s = right(1);
        vm.prank(owner);
        znodes.pauseZNode(DID);
        refused(s, notEligible(prover));
    }

    function test_unstaking_prover() public {
        Submission memory s = right(1);
        vm.prank(owner);
        znodes.unstake(1, 1);
        refused(s, notEligible(prover));
    }

    function test_the_first_failed_check_is_named() public {
        Submission memory s = right(1);
        s.operatorSig = "";
        s.prover = stranger;
        s.proof = "";
        verifier.state(IProofVerifier.Binding.None, 0, 0);
        refused(s, notOperator(address(0)));
        s.operatorSig = signature(OPERATOR_KEY, router.taskId(s.task));
        refused(s, notEligible(stranger));
        s.prover = prover;
        refused(s, bare(W3bstreamRouter.InvalidProof.selector));
        s.proof = abi.encode(keccak256(s.publicValues));
        refused(s, bare(W3bstreamRouter.UnboundNotAllowed.selector));
    }
}
