// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {RewardPool} from "../src/RewardPool.sol";
import {Submission} from "../src/Task.sol";
import {RewardBase} from "./utils/RewardBase.sol";
import {FeeToken, PlainToken} from "./utils/Tokens.sol";

/// Few tasks, escrowed, accepted and refunded in any order, some of them in batches.
contract RewardHandler is RewardBase {
    uint256 public constant TASKS = 6;

    bool private immutable _native;
    PlainToken private _coin;
    uint256 public arrived;
    uint256 public takenBack;
    uint256 public withdrawn;
    uint256 public escrowed;
    uint256 public paid;
    uint256 public refunded;
    /// Funded tasks that were accepted and paid less than their fee, or more than their maximum.
    uint256 public wrong;

    constructor(bool native) {
        _native = native;
        setUp();
    }

    function token() internal override returns (address) {
        if (_native) return address(0);
        _coin = new FeeToken();
        return address(_coin);
    }

    function parts() external view returns (RewardPool, address) {
        return (pool, prover);
    }

    function outstanding() public view returns (uint256 sum) {
        for (uint256 i = 0; i < TASKS; ++i) {
            (,, uint128 most,,) = pool.escrows(idOf(i));
            sum += most;
        }
    }

    function balance(address who) public view returns (uint256) {
        return _native ? who.balance : _coin.balanceOf(who);
    }

    function deposit(uint256 amount) external {
        amount = bound(amount, 10, 5 ether);
        uint256 before = balance(address(pool));
        if (_native) {
            vm.deal(stranger, amount);
        } else {
            _coin.mint(stranger, amount);
            vm.prank(stranger);
            _coin.approve(address(pool), amount);
        }
        vm.prank(stranger);
        pool.deposit{value: _native ? amount : 0}(1, amount);
        arrived += balance(address(pool)) - before;
    }

    function takeBack(uint256 amount) external {
        uint256 most = pool.depositOf(1);
        if (most == 0) return;
        amount = bound(amount, 1, most);
        vm.prank(owner);
        pool.withdrawDeposit(1, amount);
        takenBack += amount;
    }

    function fund(uint256 seed, uint256 most, uint256 fee, uint256 term) external {
        RewardPool.Item memory i = item(seed % TASKS);
        i.maxFee = uint128(bound(most, 0, 2 ether));
        i.fee = uint128(bound(fee, 0, uint256(i.maxFee) * 2));
        i.deadline = uint64(block.timestamp + bound(term, 0, 1 days));
        RewardPool.Item[] memory items = new RewardPool.Item[](1);
        items[0] = i;
        vm.prank(operator);
        try pool.escrow(items) {
            escrowed += i.maxFee;
        } catch {}
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 1 days));
    }

    function giveBack(uint256 seed) external {
        bytes32[] memory ids = new bytes32[](1);
        ids[0] = idOf(seed % TASKS);
        uint256 before = pool.depositOf(1);
        try pool.refund(ids) {
            refunded += pool.depositOf(1) - before;
        } catch {}
    }

    function submitTwo(uint256 seed, uint256 price, bool batch) external {
        vm.txGasPrice(bound(price, 0, 1000 gwei));
        uint256 first = seed % TASKS;
        uint256 second = (seed / TASKS) % TASKS;
        uint256 credit = pool.credits(prover);
        uint256 deposit_ = pool.depositOf(1);
        uint256 open = outstanding();
        uint256 fees = _fee(first) + (second == first ? 0 : _fee(second));
        Submission[] memory items = new Submission[](2);
        items[0] = submission(first);
        items[1] = submission(second);
        bool[] memory done = new bool[](2);
        if (batch) {
            done = router.submitBatch(items);
        } else {
            try router.submit(
                items[0].task,
                items[0].operatorSig,
                items[0].prover,
                items[0].publicValues,
                items[0].proof
            ) {
                done[0] = true;
            } catch {}
            fees = done[0] ? fees - (second == first ? 0 : _fee(second)) : 0;
        }
        uint256 got = pool.credits(prover) - credit;
        paid += got;
        // What leaves escrow is paid or goes back; funded tasks get their fees at least.
        uint256 settled = open - outstanding();
        if (got + pool.depositOf(1) - deposit_ != settled || got < fees) ++wrong;
    }

    function _fee(uint256 nonce) private view returns (uint256) {
        (,,, uint128 fee,) = pool.escrows(idOf(nonce));
        return fee;
    }

    /// A task that is certainly funded, accepted and paid; answers how much.
    function certain() external returns (uint256) {
        this.deposit(5 ether);
        RewardPool.Item memory i = item(TASKS);
        i.maxFee = i.fee = 1 gwei;
        escrow(i);
        uint256 before = pool.credits(prover);
        accept(TASKS);
        return pool.credits(prover) - before;
    }

    function withdraw() external {
        uint256 credit = pool.credits(prover);
        vm.prank(prover);
        try pool.withdraw() {
            withdrawn += credit;
        } catch {}
    }
}

abstract contract RewardInvariants is RewardBase {
    RewardHandler private handler;

    function native() internal pure virtual returns (bool);

    function setUp() public override {
        handler = new RewardHandler(native());
        (pool, prover) = handler.parts();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](7);
        selectors[0] = RewardHandler.deposit.selector;
        selectors[1] = RewardHandler.takeBack.selector;
        selectors[2] = RewardHandler.fund.selector;
        selectors[3] = RewardHandler.wait.selector;
        selectors[4] = RewardHandler.giveBack.selector;
        selectors[5] = RewardHandler.submitTwo.selector;
        selectors[6] = RewardHandler.withdraw.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), selectors);
    }

    function invariant_what_is_escrowed_is_paid_returned_or_outstanding() public view {
        uint256 held = pool.depositOf(1) + pool.credits(prover) + handler.outstanding();
        vm.assertEq(handler.balance(address(pool)), held, "solvent");
        vm.assertEq(
            handler.arrived(), held + handler.takenBack() + handler.withdrawn(), "conserved"
        );
        vm.assertEq(handler.paid(), pool.credits(prover) + handler.withdrawn(), "paid");
        vm.assertEq(handler.wrong(), 0, "wrong payments");
        vm.assertTrue(
            handler.escrowed() >= handler.outstanding() + handler.refunded() + handler.paid(),
            "more came out of escrow than went in"
        );
    }

    /// The handler does reach a payment, so the invariant says something.
    function afterInvariant() public {
        vm.assertTrue(handler.certain() > 0, "paid");
    }
}

contract NativeRewardInvariants is RewardInvariants {
    function native() internal pure override returns (bool) {
        return true;
    }
}

contract TokenRewardInvariants is RewardInvariants {
    function native() internal pure override returns (bool) {
        return false;
    }
}
