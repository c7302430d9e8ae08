// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ZNodeRegistrar} from "../src/ZNodeRegistrar.sol";
import {TestBase} from "./utils/TestBase.sol";

/// Random owners, operators and a slasher; each call is one that must succeed.
contract StakeHandler is TestBase {
    uint256 public constant ZNODES = 3;
    uint256 private constant DELAY = 1 days;

    ZNodeRegistrar public immutable registrar;
    /// Wei that went in, and that came out again.
    uint256 public paidIn;
    uint256 public paidOut;
    address[4] private _accounts;

    constructor() {
        registrar = new ZNodeRegistrar(1 ether, DELAY, address(this));
        registrar.setSlasher(address(this));
        for (uint256 i = 0; i < 4; ++i) {
            _accounts[i] = account(string.concat("account", vm.toString(i)));
        }
        for (uint256 i = 0; i < ZNODES; ++i) {
            vm.prank(_accounts[i]);
            registrar.createZNode(vm.toString(i + 1));
        }
    }

    receive() external payable {}

    function accounts(uint256 i) external view returns (address) {
        return _accounts[i % 4];
    }

    function _znode(uint256 seed) private view returns (uint64 id, address owner) {
        id = uint64(seed % ZNODES + 1);
        owner = registrar.ownerOf(id);
    }

    function stake(uint256 who, uint256 seed, uint256 amount) external {
        (uint64 id,) = _znode(seed);
        amount = bound(amount, 1, 10 ether);
        address payer = _accounts[who % 4];
        vm.deal(payer, amount);
        vm.prank(payer);
        registrar.stake{value: amount}(id);
        paidIn += amount;
    }

    function unstake(uint256 seed, uint256 amount) external {
        (uint64 id, address owner) = _znode(seed);
        uint256 active = registrar.stakeOf(id);
        if (active == 0) return;
        vm.prank(owner);
        registrar.unstake(id, bound(amount, 1, active));
    }

    function withdraw(uint256 seed) external {
        (uint64 id, address owner) = _znode(seed);
        (uint256 amount, uint256 releaseAt) = registrar.pendingOf(id);
        if (amount == 0) return;
        if (block.timestamp < releaseAt) vm.warp(releaseAt);
        uint256 before = owner.balance;
        vm.prank(owner);
        registrar.withdraw(id);
        paidOut += owner.balance - before;
    }

    function slash(uint256 seed, uint256 amount) external {
        (uint64 id,) = _znode(seed);
        paidOut += registrar.slash(id, bound(amount, 0, 10 ether));
    }

    function transfer(uint256 seed, uint256 to) external {
        (uint64 id, address owner) = _znode(seed);
        vm.prank(owner);
        registrar.transferFrom(owner, _accounts[to % 4], id);
    }

    function addOperator(uint256 seed, uint256 who) external {
        (uint64 id, address owner) = _znode(seed);
        vm.prank(owner);
        registrar.addOperator(vm.toString(id), _accounts[who % 4]);
    }

    function removeOperator(uint256 seed, uint256 who) external {
        (uint64 id, address owner) = _znode(seed);
        vm.prank(owner);
        registrar.removeOperator(vm.toString(id), _accounts[who % 4]);
    }

    function choose(uint256 seed, uint256 who) external {
        (uint64 id, address owner) = _znode(seed);
        address prover = _accounts[who % 4];
        vm.prank(owner);
        registrar.addOperator(vm.toString(id), prover);
        vm.prank(prover);
        registrar.chooseZNode(vm.toString(id));
    }
}

contract ZNodeRegistrarInvariants is TestBase {
    StakeHandler private handler;
    ZNodeRegistrar private registrar;

    function setUp() public {
        handler = new StakeHandler();
        registrar = handler.registrar();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_the_balance_is_what_is_staked_and_pending() public view {
        uint256 sum;
        for (uint64 id = 1; id <= handler.ZNODES(); ++id) {
            (uint256 pending,) = registrar.pendingOf(id);
            sum += registrar.stakeOf(id) + pending;
        }
        vm.assertEq(address(registrar).balance, sum, "balance");
        vm.assertEq(handler.paidIn(), handler.paidOut() + sum, "conserved");
    }

    function invariant_a_prover_operates_the_znode_it_is_bound_to() public view {
        for (uint256 i = 0; i < 4; ++i) {
            address prover = handler.accounts(i);
            uint64 id = registrar.znodeOf(prover);
            bool eligible = id != 0 && registrar.stakeOf(id) >= registrar.minStake();
            if (id != 0) {
                vm.assertTrue(registrar.canOperateZNode(prover, vm.toString(id)), "bound");
            }
            vm.assertTrue(registrar.isEligible(prover) == eligible, "eligible");
        }
    }
}
