// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Route, Submission, Task} from "../src/Task.sol";
import {W3bstreamRouter} from "../src/W3bstreamRouter.sol";
import {IProofVerifier} from "../src/interfaces/IProofVerifier.sol";
import {WeatherStation} from "../src/samples/WeatherStation.sol";
import {CountingReceiver, HostileReceiver, ReentrantReceiver} from "./utils/Receivers.sol";
import {RouterBase} from "./utils/RouterBase.sol";
import {KeccakVerifier, RawVerifier, ShortStatement} from "./utils/Verifiers.sol";

contract W3bstreamRouterTest is RouterBase {
    function notOperator(address signer) private pure returns (bytes memory) {
        return abi.encodeWithSelector(W3bstreamRouter.NotOperator.selector, signer);
    }

    function bare(bytes4 selector) private pure returns (bytes memory) {
        return abi.encodeWithSelector(selector);
    }

    function right(uint256 nonce) private returns (Submission memory s) {
        s = submission(nonce);
        stateData(s);
    }

    // --- what is accepted

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

    // --- task and signature

    function test_unsigned_task() public {
        Submission memory s = right(1);
        s.operatorSig = "";
        refused(s, notOperator(address(0)));
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
        W3bstreamRouter other = new W3bstreamRouter(address(projects), address(znodes));
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

    // --- prover

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

    // --- proof and statement

    function test_invalid_proof() public {
        Submission memory s = right(1);
        s.proof[0] ^= 0x01;
        refused(s, bare(W3bstreamRouter.InvalidProof.selector));
        s.proof = "";
        refused(s, bare(W3bstreamRouter.InvalidProof.selector));
    }

    function test_tampered_values() public {
        Submission memory s = right(1);
        s.publicValues[31] ^= 0x01;
        refused(s, bare(W3bstreamRouter.InvalidProof.selector));
    }

    function test_other_data() public {
        Submission memory s = right(1);
        verifier.state(
            IProofVerifier.Binding.Data,
            keccak256("other input"),
            router.binding(router.taskId(s.task), prover)
        );
        refused(s, bare(W3bstreamRouter.CommitmentMismatch.selector));
        // A proof of data can't leave it open either.
        verifier.state(
            IProofVerifier.Binding.Data, 0, router.binding(router.taskId(s.task), prover)
        );
        refused(s, bare(W3bstreamRouter.CommitmentMismatch.selector));
    }

    function test_proof_of_another_task() public {
        Submission memory s = right(1);
        Submission memory other = right(2);
        stateData(other);
        refused(s, bare(W3bstreamRouter.BindingMismatch.selector));
        verifier.state(IProofVerifier.Binding.Data, COMMITMENT, 0);
        refused(s, bare(W3bstreamRouter.BindingMismatch.selector));
    }

    function test_data_binding_is_checked_on_unbound_routes_too() public {
        setRoute(address(verifier), address(receiver), true);
        Submission memory s = right(1);
        verifier.state(IProofVerifier.Binding.Data, COMMITMENT, keccak256("other"));
        refused(s, bare(W3bstreamRouter.BindingMismatch.selector));
    }

    function test_unbound_proof_where_not_allowed() public {
        Submission memory s = right(1);
        verifier.state(IProofVerifier.Binding.None, 0, 0);
        refused(s, bare(W3bstreamRouter.UnboundNotAllowed.selector));
        verifier.state(IProofVerifier.Binding.Tag, 0, 0);
        refused(s, bare(W3bstreamRouter.UnboundNotAllowed.selector));
        // Not even with the right tag.
        bytes32 tag = router.binding(router.taskId(s.task), prover);
        verifier.state(IProofVerifier.Binding.Tag, COMMITMENT, tag);
        refused(s, bare(W3bstreamRouter.UnboundNotAllowed.selector));
    }

    function test_unbound_proof_where_allowed() public {
        setRoute(address(verifier), address(receiver), true);
        verifier.state(IProofVerifier.Binding.None, 0, 0);
        submit(submission(1));
        verifier.state(IProofVerifier.Binding.Tag, 0, 0);
        submit(submission(2));
        Submission memory s = submission(3);
        bytes32 tag = router.binding(router.taskId(s.task), prover);
        verifier.state(IProofVerifier.Binding.Tag, 0, tag);
        submit(s);
    }

    function test_a_stated_tag_must_be_this_tasks() public {
        setRoute(address(verifier), address(receiver), true);
        verifier.state(IProofVerifier.Binding.Tag, 0, keccak256("other task"));
        refused(submission(1), bare(W3bstreamRouter.BindingMismatch.selector));
        verifier.state(IProofVerifier.Binding.Tag, keccak256("other data"), 0);
        refused(submission(1), bare(W3bstreamRouter.CommitmentMismatch.selector));
        verifier.state(IProofVerifier.Binding.None, 0, keccak256("other task"));
        refused(submission(1), bare(W3bstreamRouter.BindingMismatch.selector));
    }

    function test_verifier_without_code() public {
        Submission memory s = right(1);
        vm.etch(address(verifier), "");
        refused(s, bare(W3bstreamRouter.InvalidProof.selector));
    }

    function refusedBy(RawVerifier.Mode mode, bytes4 why) private {
        setRoute(address(new RawVerifier(mode)), address(receiver), false);
        Submission memory s = submission(1);
        vm.expectRevert(why);
        router.submit{gas: 3_000_000}(s.task, s.operatorSig, s.prover, s.publicValues, s.proof);
    }

    function test_verifier_that_reverts() public {
        refusedBy(RawVerifier.Mode.Revert, W3bstreamRouter.InvalidProof.selector);
    }

    function test_verifier_that_burns_all_gas() public {
        refusedBy(RawVerifier.Mode.BurnGas, W3bstreamRouter.InvalidProof.selector);
    }

    function test_verifier_that_answers_nothing_two_or_too_much() public {
        refusedBy(RawVerifier.Mode.Nothing, W3bstreamRouter.InvalidProof.selector);
        refusedBy(RawVerifier.Mode.Two, W3bstreamRouter.InvalidProof.selector);
    }

    function test_verifier_that_reverts_with_a_megabyte() public {
        refusedBy(RawVerifier.Mode.Bomb, W3bstreamRouter.InvalidProof.selector);
    }

    function test_verifier_short_of_gas_is_no_invalid_proof() public {
        refusedBy(RawVerifier.Mode.NotEnoughGas, IProofVerifier.NotEnoughGas.selector);
    }

    function test_statement_of_the_wrong_length() public {
        setRoute(address(new ShortStatement()), address(receiver), true);
        refused(submission(1), bare(W3bstreamRouter.InvalidProof.selector));
        // Longer answers are cut to a word or three words and still must be right.
        setRoute(address(new RawVerifier(RawVerifier.Mode.Long)), address(receiver), true);
        refused(submission(1), bare(W3bstreamRouter.InvalidProof.selector));
    }

    // --- receiver

    function test_receivers_revert_reverts_all() public {
        Submission memory s = right(1);
        bytes32 id = router.taskId(s.task);
        receiver.setRefuse(true);
        bytes memory reason = abi.encodeWithSelector(CountingReceiver.Refused.selector, id);
        refused(s, abi.encodeWithSelector(W3bstreamRouter.ReceiverFailed.selector, reason));
        receiver.setRefuse(false);
        submit(s);
        vm.assertEq(receiver.calls(id), 1, "receiver called");
    }

    function test_receivers_long_reason_is_cut() public {
        setRoute(address(verifier), address(new HostileReceiver(false)), false);
        Submission memory s = right(1);
        vm.expectRevert(
            abi.encodeWithSelector(W3bstreamRouter.ReceiverFailed.selector, new bytes(1024))
        );
        submit(s);
    }

    function reenters(bool asBatch, bool other, bool swallow) private {
        ReentrantReceiver reentrant = new ReentrantReceiver(router);
        setRoute(address(verifier), address(reentrant), true);
        verifier.state(IProofVerifier.Binding.None, 0, 0);
        Submission memory s = submission(1);
        Submission memory again = submission(other ? 2 : 1);
        reentrant.arm(again, asBatch, swallow);
        bytes memory guard = abi.encodeWithSignature("ReentrancyGuardReentrantCall()");
        if (swallow) {
            submit(s);
            vm.assertTrue(reentrant.entered(), "entered");
            vm.assertEq(reentrant.failure(), guard, "stopped by the guard");
            vm.assertTrue(router.accepted(router.taskId(s.task)), "accepted");
        } else {
            vm.expectRevert(abi.encodeWithSelector(W3bstreamRouter.ReceiverFailed.selector, guard));
            submit(s);
            vm.assertTrue(!router.accepted(router.taskId(s.task)), "accepted");
        }
        if (other) vm.assertTrue(!router.accepted(router.taskId(again.task)), "accepted again");
    }

    function test_reentrancy_into_submit() public {
        reenters(false, false, false);
        reenters(false, true, false);
        reenters(false, true, true);
    }

    function test_reentrancy_into_submit_of_the_same_task() public {
        reenters(false, false, true);
    }

    function test_reentrancy_into_submitBatch() public {
        reenters(true, false, false);
        reenters(true, true, false);
        reenters(true, true, true);
    }

    // --- routes

    function test_no_route() public {
        Submission memory s = right(1);
        vm.prank(owner);
        router.removeRoute(1, PROGRAM);
        bytes memory why =
            abi.encodeWithSelector(W3bstreamRouter.NoRoute.selector, uint64(1), PROGRAM);
        refused(s, why);
        vm.expectRevert(why);
        vm.prank(owner);
        router.removeRoute(1, PROGRAM);
    }

    function test_sets_and_removes_a_route() public {
        bytes32 program = keccak256("second");
        vm.expectEmit(address(router));
        emit W3bstreamRouter.RouteSet(1, program, address(verifier), address(receiver), true);
        vm.prank(owner);
        router.setRoute(1, program, address(verifier), address(receiver), true);
        Route memory r = router.route(1, program);
        vm.assertEq(r.verifier, address(verifier), "verifier");
        vm.assertEq(r.receiver, address(receiver), "receiver");
        vm.assertTrue(r.allowUnbound, "unbound");
        vm.expectEmit(address(router));
        emit W3bstreamRouter.RouteRemoved(1, program);
        vm.prank(owner);
        router.removeRoute(1, program);
        vm.assertEq(router.route(1, program).verifier, address(0), "removed");
        vm.assertEq(router.route(1, PROGRAM).verifier, address(verifier), "the other stays");
    }

    function test_only_the_owner_routes() public {
        bytes memory why =
            abi.encodeWithSelector(W3bstreamRouter.NotProjectOwner.selector, uint64(1), operator);
        vm.expectRevert(why);
        vm.prank(operator);
        router.setRoute(1, PROGRAM, address(verifier), address(receiver), true);
        vm.expectRevert(why);
        vm.prank(operator);
        router.removeRoute(1, PROGRAM);
    }

    function test_routes_and_routers_need_contracts() public {
        bytes memory why = abi.encodeWithSelector(W3bstreamRouter.NoCode.selector, stranger);
        vm.expectRevert(why);
        vm.prank(owner);
        router.setRoute(1, PROGRAM, stranger, address(receiver), true);
        vm.expectRevert(why);
        vm.prank(owner);
        router.setRoute(1, PROGRAM, address(verifier), stranger, true);
        vm.expectRevert(why);
        new W3bstreamRouter(stranger, address(znodes));
        vm.expectRevert(why);
        new W3bstreamRouter(address(projects), stranger);
    }

    // --- batches

    function batch(uint256 count) private returns (Submission[] memory items) {
        setRoute(address(verifier), address(receiver), true);
        verifier.state(IProofVerifier.Binding.None, 0, 0);
        items = new Submission[](count);
        for (uint256 i = 0; i < count; ++i) {
            items[i] = submission(i);
        }
    }

    function test_batch_with_one_bad_item() public {
        Submission[] memory items = batch(3);
        items[1].operatorSig = "";
        bytes32 id = router.taskId(items[1].task);
        vm.expectEmit(address(router));
        emit W3bstreamRouter.Rejected(id, notOperator(address(0)));
        bool[] memory results = router.submitBatch(items);
        vm.assertTrue(results[0] && !results[1] && results[2], "results");
        vm.assertTrue(router.accepted(router.taskId(items[0].task)), "first");
        vm.assertTrue(!router.accepted(id), "bad");
        vm.assertTrue(router.accepted(router.taskId(items[2].task)), "last");
    }

    function test_batch_takes_a_repeated_task_once() public {
        Submission[] memory items = batch(2);
        items[1] = items[0];
        bool[] memory results = router.submitBatch(items);
        vm.assertTrue(results[0] && !results[1], "results");
        vm.assertEq(receiver.calls(router.taskId(items[0].task)), 1, "receiver called");
    }

    function test_batch_takes_a_refusing_receivers_effects_back() public {
        Submission[] memory items = batch(2);
        receiver.setRefuse(true);
        bool[] memory results = router.submitBatch(items);
        vm.assertTrue(!results[0] && !results[1], "results");
        vm.assertEq(receiver.calls(router.taskId(items[0].task)), 0, "receiver called");
        vm.assertTrue(!router.accepted(router.taskId(items[0].task)), "accepted");
    }

    function test_batch_item_that_burns_gas_does_not_starve_the_rest() public {
        Submission[] memory items = batch(3);
        bytes32 burning = keccak256("burning");
        address burner = address(new HostileReceiver(true));
        vm.prank(owner);
        router.setRoute(1, burning, address(verifier), burner, true);
        items[0].task.programId = burning;
        items[0].operatorSig = signature(OPERATOR_KEY, router.taskId(items[0].task));
        bool[] memory results = router.submitBatch{gas: 3_000_000}(items);
        vm.assertTrue(!results[0] && results[1] && results[2], "results");
    }

    function test_foreign_receiver_in_a_batch() public {
        Submission[] memory items = batch(2);
        WeatherStation station = new WeatherStation(address(router), 2, PROGRAM);
        setRoute(address(verifier), address(station), true);
        bool[] memory results = router.submitBatch(items);
        vm.assertTrue(!results[0] && !results[1], "results");
        vm.assertEq(station.total(), 0, "stored");
    }

    function test_empty_batch() public {
        vm.assertEq(router.submitBatch(new Submission[](0)).length, 0, "results");
    }

    function test_submitItem_is_only_for_the_router() public {
        Submission memory s = right(1);
        vm.expectRevert(W3bstreamRouter.OnlySelf.selector);
        router.submitItem(s);
    }

    // --- the order of checks

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
