// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Evidence} from "../src/Evidence.sol";
import {Slasher} from "../src/Slasher.sol";
import {Report, SlasherBase} from "./utils/EvidenceBase.sol";

/// Refuses the payment, or withdraws again in it.
contract AwkwardReporter {
    Slasher private immutable _slasher;
    bool public refuse = true;
    bool public failedAgain;

    constructor(Slasher slasher) {
        _slasher = slasher;
    }

    function accept() external {
        refuse = false;
    }

    function withdraw() external {
        _slasher.withdraw();
    }

    receive() external payable {
        require(!refuse);
        try _slasher.withdraw() {}
        catch {
            failedAgain = true;
        }
    }
}

contract SlasherTest is SlasherBase {
    function refused(Report memory r, bytes memory why) private {
        uint256 before = registrar.stakeOf(1);
        vm.expectRevert(why);
        equivocation(r);
        vm.assertEq(registrar.stakeOf(1), before, "stake");
    }

    function test_two_results_for_one_task_cost_a_penalty() public {
        Report memory r = report(true);
        vm.expectEmit(address(slasher));
        emit Slasher.FaultProven(1, prover, TASK, 1, 1, PENALTY, reporter);
        equivocation(r);
        uint256 reward = PENALTY * REPORTER_BPS / 10_000;
        vm.assertEq(registrar.stakeOf(1), STAKE - PENALTY, "stake");
        vm.assertEq(slasher.credits(reporter), reward, "reward");
        vm.assertEq(BURN.balance, PENALTY - reward, "burned");
        vm.assertEq(address(slasher).balance, reward, "held");
        vm.assertEq(slasher.takenFor(prover, TASK, 1), PENALTY, "taken");

        vm.prank(reporter);
        slasher.withdraw();
        vm.assertEq(reporter.balance, reward, "paid");
        vm.expectRevert(Slasher.NothingToWithdraw.selector);
        vm.prank(reporter);
        slasher.withdraw();
    }

    function test_other_proof_bytes_alone_are_no_fault() public {
        Report memory r = report(true);
        r.other.publicValuesHash = r.claim.publicValuesHash;
        r.other.proofHash = keccak256("proven again");
        sign(r, KEY);
        refused(r, abi.encodeWithSelector(Slasher.SamePublicValues.selector));
    }

    function test_a_fault_costs_once_by_whatever_evidence() public {
        equivocation(report(false));
        bytes memory why =
            abi.encodeWithSelector(Slasher.AlreadySlashed.selector, prover, TASK, uint64(1));
        refused(report(false), why);
        vm.expectRevert(why);
        invalidProof(report(false));
        // Swapped, and of yet other values.
        Report memory r = report(false);
        (r.claim, r.other) = (r.other, r.claim);
        (r.claimed, r.otherwise) = (r.otherwise, r.claimed);
        refused(r, why);
        r.claim.publicValuesHash = keccak256("third");
        sign(r, KEY);
        refused(r, why);
        // Another epoch is another fault.
        equivocation(reportOf(KEY, TASK, 2, true, address(verifier)));
        vm.assertEq(registrar.stakeOf(1), STAKE - 2 * PENALTY, "stake");
    }

    function test_claims_must_be_of_one_task_epoch_and_prover() public {
        Report memory r = report(true);
        r.other.taskId = keccak256("another");
        sign(r, KEY);
        refused(r, abi.encodeWithSelector(Slasher.DifferentTask.selector));
        r = report(true);
        r.other.epoch = 2;
        sign(r, KEY);
        refused(r, abi.encodeWithSelector(Slasher.DifferentEpoch.selector));
        r = report(true);
        r.other.prover = stranger;
        sign(r, KEY);
        refused(r, abi.encodeWithSelector(Slasher.DifferentProver.selector));
    }

    function test_nobody_is_slashed_for_what_another_signed() public {
        Report memory r = report(true);
        sign(r, KEY + 1);
        refused(r, notStated(prover));
        r = report(true);
        // One of the two is enough to refuse.
        r.otherwise = stated(KEY + 1, claimHash(r.other), router);
        refused(r, notStated(prover));
        r = report(true);
        r.claim.prover = r.other.prover = address(0);
        sign(r, KEY);
        r.claimed.signature = r.otherwise.signature = "";
        refused(r, notStated(address(0)));
    }

    function test_only_frames_of_this_router_and_chain_count() public {
        Report memory r = report(true);
        r.claimed = stated(KEY, claimHash(r.claim), stranger);
        refused(r, notStated(prover));
        r = report(true);
        vm.chainId(1);
        refused(r, notStated(prover));
    }

    function testFuzz_changed_evidence_shows_nothing(uint256 seed, uint8 what) public {
        Report memory r = report(true);
        Evidence memory e = r.claimed;
        bytes32 flip = bytes32(1 << (seed % 256));
        if (what % 7 == 0) e.payloadHash ^= flip;
        else if (what % 7 == 1) e.root ^= flip;
        else if (what % 7 == 2) e.path[0] ^= flip;
        else if (what % 7 == 3) e.index = seed == 1 ? 0 : seed;
        else if (what % 7 == 4) e.count = seed == 2 ? 3 : seed;
        else if (what % 7 == 5) e.signature[seed % 64] ^= bytes1(uint8(1 << (seed >> 8) % 8));
        else r.claim.proofHash ^= flip;
        refused(r, notStated(prover));
    }

    function test_a_path_and_a_signature_have_one_form() public {
        Report memory r = report(true);
        bytes32[] memory path = r.claimed.path;
        r.claimed.path = new bytes32[](2);
        r.claimed.path[0] = path[0];
        refused(r, notStated(prover));
        r.claimed.path = new bytes32[](0);
        refused(r, notStated(prover));
        r.claimed.path = path;
        r.claimed.count = uint256(type(uint64).max) + 3;
        refused(r, notStated(prover));

        // The same signature with a high s, and without its last byte.
        r = report(true);
        bytes memory sig = r.claimed.signature;
        bytes32 s;
        assembly ("memory-safe") {
            s := mload(add(sig, 0x40))
        }
        bytes32 rr;
        assembly ("memory-safe") {
            rr := mload(add(sig, 0x20))
        }
        uint256 n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        uint8 v = uint8(sig[64]) == 27 ? 28 : 27;
        r.claimed.signature = abi.encodePacked(rr, n - uint256(s), v);
        refused(r, notStated(prover));
        r.claimed.signature = abi.encodePacked(rr, s);
        refused(r, notStated(prover));
    }

    function test_reporting_oneself_costs() public {
        uint256 before = registrar.stakeOf(1) + owner.balance + prover.balance;
        Report memory r = report(true);
        vm.prank(owner);
        slasher.reportEquivocation(1, r.claim, r.claimed, r.other, r.otherwise);
        vm.prank(owner);
        slasher.withdraw();
        uint256 left = registrar.stakeOf(1) + owner.balance + prover.balance;
        vm.assertTrue(before - left >= PENALTY / 2, "lost less than half");
    }

    function test_at_least_half_is_burned_in_any_deployment() public {
        vm.expectRevert(Slasher.BadParameters.selector);
        new Slasher(router, address(registrar), address(this), PENALTY, 5001);
        vm.expectRevert(Slasher.BadParameters.selector);
        new Slasher(router, address(registrar), address(this), 0, 0);
        vm.expectRevert(abi.encodeWithSelector(Slasher.NoCode.selector, stranger));
        new Slasher(stranger, address(registrar), address(this), 1, 0);
        vm.expectRevert(abi.encodeWithSelector(Slasher.NoCode.selector, stranger));
        new Slasher(router, stranger, address(this), 1, 0);
    }

    function test_stake_asked_back_is_slashed_until_it_is_gone() public {
        vm.prank(owner);
        registrar.unstake(1, STAKE);
        vm.warp(block.timestamp + DELAY - 1);
        equivocation(report(true));
        (uint256 pending,) = registrar.pendingOf(1);
        vm.assertEq(pending, STAKE - PENALTY, "pending");
        vm.warp(block.timestamp + 1);
        vm.prank(owner);
        registrar.withdraw(1);
        refusedFor(2, abi.encodeWithSelector(Slasher.NothingToSlash.selector, uint64(1)));
    }

    function refusedFor(uint64 epoch, bytes memory why) private {
        Report memory r = reportOf(KEY, TASK, epoch, true, address(verifier));
        vm.expectRevert(why);
        equivocation(r);
    }

    function test_removing_an_operator_does_not_save_the_stake() public {
        vm.prank(owner);
        registrar.removeOperator(DID, prover);
        uint256 until = block.timestamp + DELAY;
        vm.assertEq(registrar.liableUntil(prover, 1), until, "until");
        vm.warp(until - 1);
        equivocation(report(true));
        vm.assertEq(registrar.stakeOf(1), STAKE - PENALTY, "stake");
        vm.warp(until);
        refusedFor(2, abi.encodeWithSelector(Slasher.NotLiable.selector, prover, uint64(1)));
    }

    /// A znode of the prover's own, with `amount` wei at stake; the prover moves there.
    function moveTo(string memory did, uint256 amount) private returns (uint64 id) {
        vm.deal(stranger, amount);
        vm.startPrank(stranger);
        id = registrar.createZNode(did);
        registrar.addOperator(did, prover);
        if (amount > 0) registrar.stake{value: amount}(id);
        vm.stopPrank();
        vm.prank(prover);
        registrar.chooseZNode(did);
    }

    function test_moving_to_another_znode_does_not_save_the_stake() public {
        uint64 second = moveTo("did:key:two", 1 ether);
        vm.assertEq(registrar.znodeOf(prover), second, "moved");
        equivocation(report(true));
        vm.assertEq(registrar.stakeOf(1), STAKE - PENALTY, "stake of the first");
        vm.assertEq(registrar.stakeOf(second), 1 ether, "stake of the second");
    }

    function test_a_puny_znode_does_not_settle_the_penalty() public {
        uint64 puny = moveTo("did:key:puny", 3);
        equivocation(report(true), puny);
        vm.assertEq(slasher.takenFor(prover, TASK, 1), 3, "taken from the puny one");
        uint64 empty = moveTo("did:key:empty", 0);
        Report memory again = report(true);
        vm.expectRevert(abi.encodeWithSelector(Slasher.NothingToSlash.selector, empty));
        equivocation(again, empty);
        equivocation(report(true));
        vm.assertEq(registrar.stakeOf(1), STAKE - PENALTY + 3, "the rest");
        refusedFor(
            1, abi.encodeWithSelector(Slasher.AlreadySlashed.selector, prover, TASK, uint64(1))
        );
    }

    function test_a_znode_that_never_had_the_prover_is_not_liable() public {
        vm.deal(stranger, 1 ether);
        vm.startPrank(stranger);
        uint64 id = registrar.createZNode("did:key:theirs");
        registrar.stake{value: 1 ether}(id);
        // Added only: it proves for another.
        registrar.addOperator("did:key:theirs", prover);
        vm.stopPrank();
        vm.assertTrue(!registrar.isLiable(prover, id), "liable");
        Report memory r = report(true);
        vm.expectRevert(abi.encodeWithSelector(Slasher.NotLiable.selector, prover, id));
        equivocation(r, id);
        vm.expectRevert(abi.encodeWithSelector(Slasher.NotLiable.selector, prover, uint64(99)));
        equivocation(r, 99);
    }

    function test_an_operator_that_comes_back_is_liable_without_end() public {
        vm.startPrank(owner);
        registrar.removeOperator(DID, prover);
        registrar.addOperator(DID, prover);
        vm.stopPrank();
        vm.warp(block.timestamp + 1000 days);
        vm.assertTrue(registrar.isLiable(prover, 1), "liable");
        vm.prank(prover);
        registrar.chooseZNode(DID);
        vm.assertTrue(registrar.isLiable(prover, 1), "liable after choosing the same");
    }

    function test_only_slashed_stake_comes_in() public {
        vm.deal(stranger, 1);
        vm.prank(stranger);
        (bool ok,) = address(slasher).call{value: 1}("");
        vm.assertTrue(!ok, "took a gift");
    }

    function test_a_reporter_that_cannot_be_paid_keeps_its_credit() public {
        AwkwardReporter awkward = new AwkwardReporter(slasher);
        Report memory r = report(true);
        vm.prank(address(awkward));
        slasher.reportEquivocation(1, r.claim, r.claimed, r.other, r.otherwise);
        uint256 reward = slasher.credits(address(awkward));
        vm.expectRevert(Slasher.TransferFailed.selector);
        awkward.withdraw();
        vm.assertEq(slasher.credits(address(awkward)), reward, "credit");
        awkward.accept();
        awkward.withdraw();
        vm.assertEq(address(awkward).balance, reward, "paid once");
        vm.assertTrue(awkward.failedAgain(), "withdrew twice");
    }

    function test_only_the_admin_lists_verifiers() public {
        bytes32 codehash = address(registrar).codehash;
        vm.expectRevert(Slasher.NotAdmin.selector);
        vm.prank(stranger);
        slasher.listVerifier(codehash, PROGRAM, 1);
        vm.expectRevert(Slasher.BadParameters.selector);
        slasher.listVerifier(0, PROGRAM, 1);
        vm.expectRevert(Slasher.BadParameters.selector);
        slasher.listVerifier(keccak256(""), PROGRAM, 1);
        vm.expectEmit(address(slasher));
        emit Slasher.VerifierListed(codehash, PROGRAM, 5);
        slasher.listVerifier(codehash, PROGRAM, 5);
        vm.assertEq(slasher.gasLimitOf(codehash, PROGRAM), 5, "limit");
    }
}
