// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {RewardPool} from "../src/RewardPool.sol";
import {Submission, Task} from "../src/Task.sol";
import {W3bstreamRouter} from "../src/W3bstreamRouter.sol";
import {IProofVerifier} from "../src/interfaces/IProofVerifier.sol";
import {IResultReceiver} from "../src/interfaces/IResultReceiver.sol";
import {IRewardPool} from "../src/interfaces/IRewardPool.sol";
import {RewardBase} from "./utils/RewardBase.sol";
import {RouterBase} from "./utils/RouterBase.sol";

/// Tries to take the reward back while the result is accepted.
contract GraspingReceiver is IResultReceiver {
    RewardPool private immutable _pool;
    bool public tried;

    constructor(RewardPool pool) {
        _pool = pool;
    }

    function onResult(bytes32 taskId, uint64, bytes32, address, bytes calldata) external {
        bytes32[] memory ids = new bytes32[](1);
        ids[0] = taskId;
        tried = true;
        try _pool.refund(ids) {
            revert("refunded");
        } catch {}
    }
}

/// A prover that refuses coins, or withdraws again when it gets them.
contract AwkwardProver {
    RewardPool private immutable _pool;
    bool public refuse = true;
    bool public failedAgain;

    constructor(RewardPool pool) {
        _pool = pool;
    }

    function accept() external {
        refuse = false;
    }

    function withdraw() external {
        _pool.withdraw();
    }

    receive() external payable {
        require(!refuse);
        try _pool.withdraw() {}
        catch {
            failedAgain = true;
        }
    }
}

/// A pool that goes wrong.
contract BadPool is IRewardPool {
    uint8 private immutable _mode;

    constructor(uint8 mode) {
        _mode = mode;
    }

    function pay(bytes32, address, uint256) external view {
        uint8 mode = _mode;
        assembly ("memory-safe") {
            switch mode
            case 0 { revert(0, 0) }
            case 1 { invalid() }
            case 2 { revert(0, 1000000) }
            default { return(0, 1000000) }
        }
    }
}

contract RewardPoolTest is RewardBase {
    function setUp() public override {
        super.setUp();
        vm.deal(stranger, DEPOSIT);
        vm.prank(stranger);
        pool.deposit{value: DEPOSIT}(1, DEPOSIT);
    }

    function test_pays_gas_and_fee_when_the_router_accepts() public {
        escrow(item(1));
        vm.assertEq(pool.depositOf(1), DEPOSIT - MAX_FEE, "escrowed");
        Submission memory s = submission(1);
        vm.prank(relayer);
        uint256 before = gasleft();
        router.submit(s.task, s.operatorSig, s.prover, s.publicValues, s.proof);
        uint256 spent = before - gasleft() + 21_000;
        uint256 paid = pool.credits(prover);
        vm.assertTrue(paid > FEE, "more than the fee");
        uint256 gas = (paid - FEE) / BASE_FEE;
        // No more than was spent (the test's own calldata is not in its measure), and most of it.
        vm.assertTrue(gas < spent + 5_000, "too much");
        vm.assertTrue(gas > spent * 8 / 10, "too little");
        vm.assertEq(pool.depositOf(1), DEPOSIT - paid, "the rest is back");
        vm.assertTrue(!isEscrowed(1), "escrow");
        vm.prank(prover);
        pool.withdraw();
        vm.assertEq(prover.balance, paid, "withdrawn");
        vm.expectRevert(RewardPool.NothingToWithdraw.selector);
        vm.prank(prover);
        pool.withdraw();
    }

    function test_never_pays_above_the_maximum() public {
        RewardPool.Item memory i = item(1);
        i.fee = i.maxFee;
        escrow(i);
        vm.expectEmit(address(pool));
        emit RewardPool.Paid(idOf(1), 1, prover, MAX_FEE, 0);
        accept(1);
        vm.assertEq(pool.credits(prover), MAX_FEE, "paid");
        vm.assertEq(pool.depositOf(1), DEPOSIT - MAX_FEE, "deposit");
    }

    function gasPaid(uint256 nonce, uint256 price) private returns (uint256) {
        vm.txGasPrice(price);
        escrow(item(nonce));
        uint256 before = pool.credits(prover);
        accept(nonce);
        return pool.credits(prover) - before - FEE;
    }

    function test_a_submitter_is_not_repaid_any_price_it_chooses() public {
        gasPaid(1, BASE_FEE);
        uint256 most = gasPaid(2, 2 * BASE_FEE + 2 gwei);
        uint256 greedy = gasPaid(3, 100_000 gwei);
        vm.assertTrue(greedy <= most && greedy > most * 9 / 10, "repaid");
        vm.assertTrue(gasPaid(4, 1 gwei) < most / 20, "a low price is repaid as it is");
    }

    function test_each_item_of_a_batch_is_paid() public {
        Submission[] memory items = new Submission[](3);
        for (uint256 i = 0; i < 3; ++i) {
            escrow(item(i));
            items[i] = submission(i);
        }
        items[1].proof = "bad";
        router.submitBatch(items);
        vm.assertTrue(!isEscrowed(0) && isEscrowed(1) && !isEscrowed(2), "escrows");
        uint256 paid = pool.credits(prover);
        vm.assertTrue(paid > 2 * FEE, "paid");
        vm.assertEq(pool.depositOf(1), DEPOSIT - MAX_FEE - paid, "deposit");
    }

    function test_an_unfunded_task_is_accepted_unpaid() public {
        accept(1);
        vm.assertTrue(router.accepted(idOf(1)), "accepted");
        vm.assertEq(pool.credits(prover), 0, "credit");
        vm.expectRevert(abi.encodeWithSelector(RewardPool.AlreadyAccepted.selector, idOf(1)));
        escrow(item(1));
    }

    function test_a_task_is_escrowed_once() public {
        escrow(item(1));
        vm.expectRevert(abi.encodeWithSelector(RewardPool.AlreadyEscrowed.selector, idOf(1)));
        escrow(item(1));
        RewardPool.Item[] memory twice = new RewardPool.Item[](2);
        twice[0] = twice[1] = item(2);
        vm.expectRevert(abi.encodeWithSelector(RewardPool.AlreadyEscrowed.selector, idOf(2)));
        vm.prank(operator);
        pool.escrow(twice);
        vm.assertEq(pool.depositOf(1), DEPOSIT - MAX_FEE, "deposit");
    }

    function test_only_operators_of_the_tasks_project_escrow() public {
        RewardPool.Item[] memory items = new RewardPool.Item[](1);
        items[0] = item(1);
        bytes memory why =
            abi.encodeWithSelector(RewardPool.NotProjectOperator.selector, uint64(1), stranger);
        vm.expectRevert(why);
        vm.prank(stranger);
        pool.escrow(items);
        // For a project of one's own the same task has another id.
        vm.prank(stranger);
        uint64 own = projects.createProject("ipfs://own", 0);
        items[0].task.projectId = own;
        items[0].maxFee = items[0].fee = 0;
        vm.prank(stranger);
        pool.escrow(items);
        vm.assertTrue(!isEscrowed(1), "another's task");
    }

    function refused(RewardPool.Item memory i, bytes memory why) private {
        vm.expectRevert(why);
        escrow(i);
    }

    function test_refuses_an_escrow_that_makes_no_sense() public {
        bytes32 id = idOf(1);
        RewardPool.Item memory i = item(1);
        i.fee = i.maxFee + 1;
        refused(i, abi.encodeWithSelector(RewardPool.FeeAboveMaximum.selector, id));
        i = item(1);
        i.gasRate = 1;
        refused(i, abi.encodeWithSelector(RewardPool.BadGasRate.selector, id));
        i = item(1);
        i.deadline = uint64(block.timestamp);
        refused(i, abi.encodeWithSelector(RewardPool.BadDeadline.selector, id));
        i.deadline = uint64(block.timestamp + 90 days + 1);
        refused(i, abi.encodeWithSelector(RewardPool.BadDeadline.selector, id));
        i = item(1);
        i.maxFee = uint128(DEPOSIT + 1);
        bytes4 poor = RewardPool.InsufficientDeposit.selector;
        refused(i, abi.encodeWithSelector(poor, uint64(1), DEPOSIT));
        RewardPool other = new RewardPool(address(router), address(0));
        RewardPool.Item[] memory none = new RewardPool.Item[](0);
        vm.expectRevert(RewardPool.NotThePoolOfTheRouter.selector);
        other.escrow(none);
    }

    function test_a_task_that_is_not_accepted_in_time_is_refunded() public {
        bytes32 id = idOf(1);
        escrow(item(1));
        uint64 until = deadline();
        bytes4 notOver = RewardPool.NotOver.selector;
        vm.warp(until - 1);
        vm.expectRevert(abi.encodeWithSelector(notOver, id, uint256(until)));
        refund(id);
        vm.warp(until);
        vm.expectEmit(address(pool));
        emit RewardPool.Refunded(id, 1, MAX_FEE);
        refund(id);
        vm.assertEq(pool.depositOf(1), DEPOSIT, "deposit");
        vm.expectRevert(abi.encodeWithSelector(RewardPool.NoEscrow.selector, id));
        refund(id);
        // It can be funded anew, and is paid then; a late acceptance before a refund is paid too.
        escrow(item(1));
        vm.warp(deadline());
        accept(1);
        vm.assertTrue(pool.credits(prover) > FEE, "paid");
        vm.expectRevert(abi.encodeWithSelector(RewardPool.NoEscrow.selector, id));
        refund(id);
    }

    function test_a_receiver_cannot_take_the_reward_away() public {
        GraspingReceiver grasping = new GraspingReceiver(pool);
        setRoute(address(verifier), address(grasping), true);
        escrow(item(1));
        vm.warp(deadline());
        accept(1);
        vm.assertTrue(grasping.tried(), "tried");
        vm.assertTrue(pool.credits(prover) > FEE, "paid");
    }

    function test_only_the_owner_takes_a_deposit_back() public {
        bytes4 notOwner = RewardPool.NotProjectOwner.selector;
        vm.expectRevert(abi.encodeWithSelector(notOwner, uint64(1), operator));
        vm.prank(operator);
        pool.withdrawDeposit(1, 1);
        escrow(item(1));
        uint256 left = DEPOSIT - MAX_FEE;
        vm.expectRevert(
            abi.encodeWithSelector(RewardPool.InsufficientDeposit.selector, uint64(1), left)
        );
        vm.prank(owner);
        pool.withdrawDeposit(1, DEPOSIT);
        uint256 before = owner.balance;
        vm.prank(owner);
        pool.withdrawDeposit(1, left);
        vm.assertEq(owner.balance - before, left, "back");
        vm.expectRevert(RewardPool.ZeroAmount.selector);
        vm.prank(owner);
        pool.withdrawDeposit(1, 0);
    }

    function test_a_deposit_is_what_is_sent_for_a_project_that_exists() public {
        vm.deal(stranger, 10);
        vm.expectRevert(abi.encodeWithSelector(RewardPool.WrongValue.selector, uint256(1)));
        vm.prank(stranger);
        pool.deposit{value: 1}(1, 2);
        vm.expectRevert(RewardPool.ZeroAmount.selector);
        pool.deposit(1, 0);
        vm.expectRevert(abi.encodeWithSelector(RewardPool.UnknownProject.selector, uint64(9)));
        vm.prank(stranger);
        pool.deposit{value: 1}(9, 1);
    }

    function test_only_the_router_pays() public {
        escrow(item(1));
        bytes32 id = idOf(1);
        vm.expectRevert(RewardPool.OnlyRouter.selector);
        vm.prank(operator);
        pool.pay(id, operator, 1);
    }

    function test_a_prover_that_cannot_be_paid_keeps_its_credit() public {
        AwkwardProver awkward = new AwkwardProver(pool);
        vm.prank(owner);
        znodes.addOperator(DID, address(awkward));
        escrow(item(1));
        Submission memory s = submission(1);
        s.prover = address(awkward);
        submit(s);
        uint256 credit = pool.credits(address(awkward));
        vm.expectRevert(RewardPool.TransferFailed.selector);
        awkward.withdraw();
        vm.assertEq(pool.credits(address(awkward)), credit, "credit");
        awkward.accept();
        awkward.withdraw();
        vm.assertEq(address(awkward).balance, credit, "paid");
        vm.assertTrue(awkward.failedAgain(), "withdrew twice");
    }

    /// With too little gas for the payment the submission fails: a relayer can't make a prover's
    /// work accepted and unpaid.
    function test_an_accepted_funded_task_is_paid_whatever_gas_is_sent() public {
        escrow(item(1));
        Submission memory s = submission(1);
        bytes memory data = abi.encodeCall(
            router.submit, (s.task, s.operatorSig, s.prover, s.publicValues, s.proof)
        );
        uint256 starved;
        for (uint256 gas = 100_000; gas < 500_000; gas += 1_500) {
            vm.prank(relayer);
            (bool ok, bytes memory why) = address(router).call{gas: gas}(data);
            vm.assertTrue(router.accepted(idOf(1)) == ok, "accepted");
            vm.assertTrue((pool.credits(prover) > 0) == ok, "paid");
            if (why.length == 4 && bytes4(why) == IProofVerifier.NotEnoughGas.selector) ++starved;
            if (ok) break;
        }
        vm.assertTrue(router.accepted(idOf(1)), "never accepted");
        vm.assertTrue(starved > 5, "the check of the gas was not reached");
    }

    function test_gas_of_a_paid_submission() public {
        escrow(item(1));
        vm.snapshotGasLastCall("rewards", "escrow of one task");
        Submission memory s = submission(1);
        vm.prank(relayer);
        router.submit(s.task, s.operatorSig, s.prover, s.publicValues, s.proof);
        vm.snapshotGasLastCall("rewards", "paid submit without verification, counting receiver");
    }
}

contract RouterRewardPoolTest is RouterBase {
    function setUp() public override {
        super.setUp();
        setRoute(address(verifier), address(receiver), true);
        verifier.state(IProofVerifier.Binding.None, 0, 0);
    }

    function test_the_admin_sets_the_pool_once() public {
        RewardPool pool = new RewardPool(address(router), address(0));
        vm.expectRevert(W3bstreamRouter.NotAdmin.selector);
        vm.prank(stranger);
        router.setRewardPool(address(pool));
        vm.expectRevert(abi.encodeWithSelector(W3bstreamRouter.NoCode.selector, stranger));
        router.setRewardPool(stranger);
        vm.expectEmit(address(router));
        emit W3bstreamRouter.RewardPoolSet(address(pool));
        router.setRewardPool(address(pool));
        vm.expectRevert(W3bstreamRouter.RewardPoolAlreadySet.selector);
        router.setRewardPool(address(pool));
    }

    function test_a_pool_that_fails_stops_no_acceptance() public {
        for (uint8 mode = 0; mode < 4; ++mode) {
            setUp();
            router.setRewardPool(address(new BadPool(mode)));
            Submission memory s = submission(mode);
            uint256 before = gasleft();
            submit(s);
            vm.assertTrue(before - gasleft() < 450_000, "the pool took the submission's gas");
            vm.assertTrue(router.accepted(router.taskId(s.task)), "accepted");
        }
    }

    function test_a_pool_needs_a_router_and_a_token_with_code() public {
        vm.expectRevert(abi.encodeWithSelector(RewardPool.NoCode.selector, stranger));
        new RewardPool(stranger, address(0));
        vm.expectRevert(abi.encodeWithSelector(RewardPool.NoCode.selector, stranger));
        new RewardPool(address(router), stranger);
    }
}
