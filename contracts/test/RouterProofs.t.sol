// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Submission} from "../src/Task.sol";
import {W3bstreamRouter} from "../src/W3bstreamRouter.sol";
import {IProofVerifier} from "../src/interfaces/IProofVerifier.sol";
import {CountingReceiver, HostileReceiver, ReentrantReceiver} from "./utils/Receivers.sol";
import {RouterBase} from "./utils/RouterBase.sol";
import {RawVerifier, ShortStatement} from "./utils/Verifiers.sol";

/// What the router makes of verifiers and receivers that nobody vouches for.
contract RouterProofsTest is RouterBase {
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
}
