// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ZNodeRegistrar} from "../src/ZNodeRegistrar.sol";
import {TestBase} from "./utils/TestBase.sol";

/// An owner whose `receive` withdraws again, or refuses the payment.
contract AwkwardOwner {
    ZNodeRegistrar private immutable _registrar;
    bool public refuse;
    bool public failedAgain;

    constructor(ZNodeRegistrar registrar) {
        _registrar = registrar;
    }

    function setRefuse(bool refuse_) external {
        refuse = refuse_;
    }

    function open(string calldata did) external payable {
        uint64 id = _registrar.createZNode(did);
        _registrar.stake{value: msg.value}(id);
    }

    function unstake(uint64 id, uint256 amount) external {
        _registrar.unstake(id, amount);
    }

    function withdraw(uint64 id) external {
        _registrar.withdraw(id);
    }

    receive() external payable {
        require(!refuse);
        try _registrar.withdraw(1) {}
        catch {
            failedAgain = true;
        }
    }
}

contract ZNodeRegistrarTest is TestBase {
    bytes private constant NOT_OPERATOR = "Not authorized to operate this znode";
    bytes private constant NOT_OWNER = "Only the owner can perform this action";
    string private constant DID = "did:key:one";
    uint256 private constant MIN = 1 ether;
    uint256 private constant DELAY = 7 days;

    ZNodeRegistrar private registrar;
    address private admin = account("admin");
    address private owner = account("owner");
    address private prover = account("prover");
    address private stranger = account("stranger");
    address private slasher = account("slasher");

    function setUp() public {
        registrar = new ZNodeRegistrar(MIN, DELAY, admin);
        vm.deal(owner, 100 ether);
        vm.deal(stranger, 100 ether);
        vm.startPrank(owner);
        registrar.createZNode(DID);
        registrar.addOperator(DID, prover);
        vm.stopPrank();
    }

    function refuses(address caller, bytes memory why) private {
        vm.expectRevert(abi.encodeWithSignature("Error(string)", string(why)));
        vm.prank(caller);
    }

    function stakeMin() private {
        vm.prank(owner);
        registrar.stake{value: MIN}(1);
    }

    function test_names_the_token_as_the_original() public view {
        vm.assertEq(registrar.name(), "ZNodeToken", "name");
        vm.assertEq(registrar.symbol(), "ZTK", "symbol");
    }

    function test_creates_a_znode_without_operator_or_stake() public {
        vm.expectEmit(address(registrar));
        emit ZNodeRegistrar.ZNodeUpserted("did:key:two");
        vm.prank(stranger);
        vm.assertEq(registrar.createZNode("did:key:two"), 2, "id");
        vm.assertEq(registrar.ownerOf(2), stranger, "owner");
        vm.assertEq(registrar.znodeDIDs("did:key:two"), 2, "by did");
        vm.assertEq(registrar.znodeCount(), 2, "count");
        (string memory did, bool paused) = registrar.znodes(2);
        vm.assertEq(did, "did:key:two", "did");
        vm.assertTrue(!paused, "paused");
        vm.assertEq(registrar.znodeOf(stranger), 0, "the owner proves for it");
        vm.assertEq(registrar.stakeOf(2), 0, "stake");
        vm.assertTrue(!registrar.isEligible(stranger), "eligible");
    }

    function test_refuses_an_empty_or_taken_did() public {
        refuses(owner, "Empty DID value");
        registrar.createZNode("");
        refuses(stranger, "The DID value has already been registered");
        registrar.createZNode(DID);
    }

    function test_only_the_owner_names_operators() public {
        refuses(stranger, NOT_OWNER);
        registrar.addOperator(DID, stranger);
        refuses(prover, NOT_OWNER);
        registrar.removeOperator(DID, prover);
        vm.expectPartialRevert(bytes4(keccak256("ERC721NonexistentToken(uint256)")));
        vm.prank(owner);
        registrar.addOperator("did:key:unknown", stranger);
        vm.expectRevert(ZNodeRegistrar.ZeroAddress.selector);
        vm.prank(owner);
        registrar.addOperator(DID, address(0));

        vm.expectEmit(address(registrar));
        emit ZNodeRegistrar.OperatorRemoved(DID, prover);
        vm.expectEmit(address(registrar));
        emit ZNodeRegistrar.OperatorBound(prover, 0);
        vm.prank(owner);
        registrar.removeOperator(DID, prover);
        vm.assertTrue(!registrar.canOperateZNode(prover, DID), "operates");
        vm.assertEq(registrar.znodeOf(prover), 0, "znode");
    }

    function test_a_prover_added_elsewhere_stays_until_it_chooses() public {
        vm.startPrank(stranger);
        registrar.createZNode("did:key:two");
        registrar.addOperator("did:key:two", prover);
        vm.stopPrank();
        vm.assertEq(registrar.znodeOf(prover), 1, "taken away");
        vm.assertTrue(registrar.canOperateZNode(prover, "did:key:two"), "not added");

        vm.expectEmit(address(registrar));
        emit ZNodeRegistrar.OperatorBound(prover, 2);
        vm.prank(prover);
        registrar.chooseZNode("did:key:two");
        vm.assertEq(registrar.znodeOf(prover), 2, "not moved");

        vm.prank(owner);
        registrar.removeOperator(DID, prover);
        vm.assertEq(registrar.znodeOf(prover), 2, "moved by the znode it left");
    }

    function test_a_prover_grabbed_early_gets_to_its_own_znode() public {
        address fresh = account("fresh");
        vm.startPrank(stranger);
        registrar.createZNode("did:key:grab");
        registrar.addOperator("did:key:grab", fresh);
        vm.stopPrank();
        vm.prank(owner);
        registrar.addOperator(DID, fresh);
        vm.prank(fresh);
        registrar.chooseZNode(DID);
        vm.assertEq(registrar.znodeOf(fresh), 1, "znode");
    }

    function test_nobody_chooses_a_znode_that_did_not_add_it() public {
        vm.expectRevert(
            abi.encodeWithSelector(ZNodeRegistrar.NotAnOperator.selector, uint64(1), stranger)
        );
        vm.prank(stranger);
        registrar.chooseZNode(DID);
        vm.expectPartialRevert(ZNodeRegistrar.NotAnOperator.selector);
        vm.prank(prover);
        registrar.chooseZNode("did:key:unknown");
    }

    function test_nobody_operates_an_unknown_znode() public view {
        vm.assertTrue(!registrar.canOperateZNode(owner, "x"), "owner of another");
        vm.assertTrue(!registrar.canOperateZNode(address(0), "x"), "zero");
    }

    function test_eligible_is_registered_staked_and_not_paused() public {
        vm.assertTrue(!registrar.isEligible(prover), "without stake");
        vm.prank(owner);
        registrar.stake{value: MIN - 1}(1);
        vm.assertTrue(!registrar.isEligible(prover), "below the minimum");
        vm.prank(owner);
        registrar.stake{value: 1}(1);
        vm.assertTrue(registrar.isEligible(prover), "at the minimum");
        vm.assertTrue(!registrar.isEligible(owner), "the owner is no prover");
        vm.assertTrue(!registrar.isEligible(stranger), "unregistered");
        vm.assertTrue(!registrar.isEligible(address(0)), "zero");

        vm.prank(prover);
        registrar.pauseZNode(DID);
        vm.assertTrue(!registrar.isEligible(prover), "paused");
        vm.prank(owner);
        registrar.unpauseZNode(DID);
        vm.assertTrue(registrar.isEligible(prover), "unpaused");

        vm.prank(owner);
        registrar.unstake(1, 1);
        vm.assertTrue(!registrar.isEligible(prover), "unstaking below the minimum");
        vm.prank(owner);
        registrar.stake{value: 1}(1);
        vm.assertTrue(registrar.isEligible(prover), "staked again");
        vm.prank(owner);
        registrar.removeOperator(DID, prover);
        vm.assertTrue(!registrar.isEligible(prover), "removed");
    }

    function test_pauses_once_and_unpauses_once() public {
        refuses(stranger, NOT_OPERATOR);
        registrar.pauseZNode(DID);
        refuses(owner, "ZNode is not paused");
        registrar.unpauseZNode(DID);
        vm.expectEmit(address(registrar));
        emit ZNodeRegistrar.ZNodePaused(DID);
        vm.prank(owner);
        registrar.pauseZNode(DID);
        refuses(owner, "ZNode is already paused");
        registrar.pauseZNode(DID);
        refuses(stranger, NOT_OPERATOR);
        registrar.unpauseZNode(DID);
        vm.expectEmit(address(registrar));
        emit ZNodeRegistrar.ZNodeUnpaused(DID);
        vm.prank(prover);
        registrar.unpauseZNode(DID);
    }

    function test_anyone_stakes_for_a_znode_that_exists() public {
        vm.expectEmit(address(registrar));
        emit ZNodeRegistrar.Staked(1, 2 ether, 2 ether);
        vm.prank(stranger);
        registrar.stake{value: 2 ether}(1);
        vm.assertEq(registrar.stakeOf(1), 2 ether, "stake");
        vm.expectRevert(abi.encodeWithSelector(ZNodeRegistrar.UnknownZNode.selector, uint64(7)));
        vm.prank(stranger);
        registrar.stake{value: 1}(7);
        vm.expectRevert(ZNodeRegistrar.ZeroAmount.selector);
        vm.prank(stranger);
        registrar.stake(1);
    }

    function test_stake_comes_back_after_the_delay_only() public {
        stakeMin();
        vm.warp(1000);
        vm.expectEmit(address(registrar));
        emit ZNodeRegistrar.Unstaking(1, MIN, 0, 1000 + DELAY);
        vm.prank(owner);
        registrar.unstake(1, MIN);
        (uint256 amount, uint256 releaseAt) = registrar.pendingOf(1);
        vm.assertEq(amount, MIN, "pending");
        vm.assertEq(releaseAt, 1000 + DELAY, "release");

        vm.warp(999 + DELAY);
        vm.expectRevert(abi.encodeWithSelector(ZNodeRegistrar.StakeLocked.selector, 1000 + DELAY));
        vm.prank(owner);
        registrar.withdraw(1);

        vm.warp(1000 + DELAY);
        uint256 before = owner.balance;
        vm.expectEmit(address(registrar));
        emit ZNodeRegistrar.Withdrawn(1, owner, MIN);
        vm.prank(owner);
        registrar.withdraw(1);
        vm.assertEq(owner.balance - before, MIN, "paid");
        vm.expectRevert(ZNodeRegistrar.NothingToWithdraw.selector);
        vm.prank(owner);
        registrar.withdraw(1);
    }

    function test_a_later_unstake_restarts_the_delay() public {
        stakeMin();
        vm.warp(1000);
        vm.prank(owner);
        registrar.unstake(1, 1);
        vm.warp(1000 + DELAY - 1);
        vm.prank(owner);
        registrar.unstake(1, 1);
        vm.warp(1000 + DELAY);
        vm.expectPartialRevert(ZNodeRegistrar.StakeLocked.selector);
        vm.prank(owner);
        registrar.withdraw(1);
    }

    function test_only_the_owner_takes_stake_back() public {
        stakeMin();
        bytes memory refusal =
            abi.encodeWithSelector(ZNodeRegistrar.NotZNodeOwner.selector, uint64(1), prover);
        vm.expectRevert(refusal);
        vm.prank(prover);
        registrar.unstake(1, 1);
        vm.expectRevert(refusal);
        vm.prank(prover);
        registrar.withdraw(1);
        vm.expectRevert(abi.encodeWithSelector(ZNodeRegistrar.InsufficientStake.selector, MIN));
        vm.prank(owner);
        registrar.unstake(1, MIN + 1);
        vm.expectRevert(ZNodeRegistrar.ZeroAmount.selector);
        vm.prank(owner);
        registrar.unstake(1, 0);
    }

    function test_a_transfer_moves_the_stake() public {
        stakeMin();
        vm.prank(owner);
        registrar.unstake(1, MIN);
        vm.prank(owner);
        registrar.transferFrom(owner, stranger, 1);
        vm.warp(block.timestamp + DELAY);
        vm.expectPartialRevert(ZNodeRegistrar.NotZNodeOwner.selector);
        vm.prank(owner);
        registrar.withdraw(1);
        uint256 before = stranger.balance;
        vm.prank(stranger);
        registrar.withdraw(1);
        vm.assertEq(stranger.balance - before, MIN, "paid");
        refuses(owner, NOT_OWNER);
        registrar.addOperator(DID, owner);
    }

    function test_a_reentrant_owner_withdraws_once() public {
        ZNodeRegistrar fresh = new ZNodeRegistrar(MIN, 0, admin);
        AwkwardOwner awkward = new AwkwardOwner(fresh);
        awkward.open{value: 2 ether}("did:key:awkward");
        vm.deal(address(fresh), 5 ether);
        awkward.unstake(1, 1 ether);
        awkward.withdraw(1);
        vm.assertTrue(awkward.failedAgain(), "re-entered");
        vm.assertEq(address(awkward).balance, 1 ether, "paid once");
    }

    function test_a_refused_payment_reverts_the_withdrawal() public {
        ZNodeRegistrar fresh = new ZNodeRegistrar(MIN, 0, admin);
        AwkwardOwner awkward = new AwkwardOwner(fresh);
        awkward.open{value: 1 ether}("did:key:awkward");
        awkward.setRefuse(true);
        awkward.unstake(1, 1 ether);
        vm.expectRevert(ZNodeRegistrar.TransferFailed.selector);
        awkward.withdraw(1);
        (uint256 pending,) = fresh.pendingOf(1);
        vm.assertEq(pending, 1 ether, "pending");
    }

    function test_the_admin_sets_the_slasher_once() public {
        vm.expectRevert(ZNodeRegistrar.NotAdmin.selector);
        vm.prank(owner);
        registrar.setSlasher(slasher);
        vm.expectRevert(ZNodeRegistrar.ZeroAddress.selector);
        vm.prank(admin);
        registrar.setSlasher(address(0));
        vm.expectEmit(address(registrar));
        emit ZNodeRegistrar.SlasherSet(slasher);
        vm.prank(admin);
        registrar.setSlasher(slasher);
        vm.expectRevert(ZNodeRegistrar.SlasherAlreadySet.selector);
        vm.prank(admin);
        registrar.setSlasher(stranger);
    }

    function test_nobody_slashes_before_a_slasher_is_set_nor_but_the_slasher() public {
        stakeMin();
        vm.expectRevert(ZNodeRegistrar.NotSlasher.selector);
        vm.prank(admin);
        registrar.slash(1, 1);
        vm.expectRevert(ZNodeRegistrar.NotSlasher.selector);
        registrar.slash(1, 1);
        vm.prank(admin);
        registrar.setSlasher(slasher);
        vm.expectRevert(ZNodeRegistrar.NotSlasher.selector);
        vm.prank(owner);
        registrar.slash(1, 1);
    }

    function test_unstaking_does_not_escape_a_slash() public {
        stakeMin();
        vm.prank(admin);
        registrar.setSlasher(slasher);
        vm.prank(owner);
        registrar.unstake(1, MIN / 4);
        vm.prank(slasher);
        uint256 taken = registrar.slash(1, MIN);
        vm.assertEq(taken, MIN, "taken");
        vm.assertEq(slasher.balance, MIN, "paid");
        vm.assertEq(registrar.stakeOf(1), 0, "active");
        (uint256 pending,) = registrar.pendingOf(1);
        vm.assertEq(pending, 0, "pending");
        vm.assertTrue(!registrar.isEligible(prover), "eligible");
    }

    function testFuzz_a_slash_takes_active_stake_first(
        uint256 staked,
        uint256 asked,
        uint256 slashed
    ) public {
        staked = bound(staked, 1, 50 ether);
        asked = bound(asked, 1, staked);
        slashed = bound(slashed, 0, 60 ether);
        vm.prank(admin);
        registrar.setSlasher(slasher);
        vm.startPrank(owner);
        registrar.stake{value: staked}(1);
        registrar.unstake(1, asked);
        vm.stopPrank();
        vm.prank(slasher);
        uint256 taken = registrar.slash(1, slashed);
        uint256 active = staked - asked;
        vm.assertEq(taken, slashed < staked ? slashed : staked, "taken");
        vm.assertEq(registrar.stakeOf(1), slashed < active ? active - slashed : 0, "active");
        (uint256 pending,) = registrar.pendingOf(1);
        vm.assertEq(pending + registrar.stakeOf(1) + taken, staked, "conserved");
        vm.assertEq(address(registrar).balance, staked - taken, "balance");
    }
}
