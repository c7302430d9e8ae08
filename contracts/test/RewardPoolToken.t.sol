// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {RewardPool} from "../src/RewardPool.sol";
import {RewardBase} from "./utils/RewardBase.sol";
import {FeeToken, HookToken, LyingToken, PlainToken} from "./utils/Tokens.sol";

abstract contract TokenPoolBase is RewardBase {
    PlainToken internal coin;
    address internal payer = account("payer");

    function deposit(uint256 amount) internal {
        coin.mint(payer, amount);
        vm.startPrank(payer);
        coin.approve(address(pool), amount);
        pool.deposit(1, amount);
        vm.stopPrank();
    }
}

contract TokenPoolTest is TokenPoolBase {
    function token() internal override returns (address) {
        coin = new PlainToken();
        return address(coin);
    }

    function test_gas_is_paid_at_the_escrows_rate() public {
        deposit(DEPOSIT);
        RewardPool.Item memory i = item(1);
        i.gasRate = 3e18;
        escrow(i);
        accept(1);
        uint256 paid = pool.credits(prover);
        RewardPool.Item memory free = item(2);
        free.gasRate = 0;
        escrow(free);
        accept(2);
        vm.assertEq(pool.credits(prover) - paid, FEE, "no gas");
        uint256 gas = (paid - FEE) / BASE_FEE / 3;
        vm.assertTrue(gas > 100_000 && gas < 400_000, "gas");
        vm.prank(prover);
        pool.withdraw();
        vm.assertEq(coin.balanceOf(prover), paid + FEE, "withdrawn");
        uint256 left = pool.depositOf(1);
        vm.prank(owner);
        pool.withdrawDeposit(1, left);
        vm.assertEq(coin.balanceOf(owner), left, "back");
        vm.assertEq(coin.balanceOf(address(pool)), 0, "all is out");
    }

    function test_takes_no_coins() public {
        vm.deal(payer, 1);
        vm.expectRevert(abi.encodeWithSelector(RewardPool.WrongValue.selector, uint256(1)));
        vm.prank(payer);
        pool.deposit{value: 1}(1, 1);
    }

    function testFuzz_an_extreme_rate_pays_the_maximum(uint128 rate, uint64 price) public {
        deposit(DEPOSIT);
        vm.fee(price);
        vm.txGasPrice(price);
        RewardPool.Item memory i = item(1);
        i.gasRate = rate;
        escrow(i);
        accept(1);
        uint256 paid = pool.credits(prover);
        vm.assertTrue(paid >= FEE && paid <= MAX_FEE, "paid");
        vm.assertEq(pool.depositOf(1) + paid, DEPOSIT, "conserved");
    }
}

contract FeeTokenPoolTest is TokenPoolBase {
    function token() internal override returns (address) {
        coin = new FeeToken();
        return address(coin);
    }

    function test_a_deposit_is_what_arrived() public {
        deposit(10 ether);
        vm.assertEq(pool.depositOf(1), 9 ether, "deposit");
        vm.prank(owner);
        pool.withdrawDeposit(1, 9 ether);
        vm.assertEq(coin.balanceOf(address(pool)), 0, "solvent");
    }
}

contract HookTokenPoolTest is TokenPoolBase {
    HookToken private hook;

    function token() internal override returns (address) {
        hook = new HookToken();
        coin = hook;
        return address(hook);
    }

    function test_a_token_cannot_deposit_twice_in_one_transfer() public {
        hook.mint(address(hook), 1 ether);
        vm.prank(address(hook));
        hook.approve(address(pool), 1 ether);
        coin.mint(payer, 2 ether);
        vm.prank(payer);
        coin.approve(address(pool), 2 ether);
        hook.arm(address(pool), abi.encodeCall(pool.deposit, (1, 1 ether)));
        vm.prank(payer);
        pool.deposit(1, 2 ether);
        vm.assertTrue(hook.called() && !hook.succeeded(), "reentered");
        vm.assertEq(pool.depositOf(1), 2 ether, "deposit");
        vm.assertEq(coin.balanceOf(address(pool)), 2 ether, "solvent");
    }

    function test_a_token_cannot_withdraw_in_a_withdrawal() public {
        deposit(DEPOSIT);
        escrow(item(1));
        accept(1);
        uint256 paid = pool.credits(prover);
        hook.arm(address(pool), abi.encodeCall(pool.withdraw, ()));
        vm.prank(prover);
        pool.withdraw();
        vm.assertTrue(hook.called() && !hook.succeeded(), "reentered");
        vm.assertEq(coin.balanceOf(prover), paid, "paid once");
    }
}

contract LyingTokenPoolTest is TokenPoolBase {
    function token() internal override returns (address) {
        coin = new LyingToken(false);
        return address(coin);
    }

    function test_a_transfer_that_moves_nothing_is_no_deposit() public {
        vm.expectRevert(RewardPool.ZeroAmount.selector);
        vm.prank(payer);
        pool.deposit(1, 1 ether);
        RewardPool admits = new RewardPool(address(router), address(new LyingToken(true)));
        vm.expectPartialRevert(bytes4(keccak256("SafeERC20FailedOperation(address)")));
        vm.prank(payer);
        admits.deposit(1, 1 ether);
    }
}
