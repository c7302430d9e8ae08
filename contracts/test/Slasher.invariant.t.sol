// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Slasher} from "../src/Slasher.sol";
import {ZNodeRegistrar} from "../src/ZNodeRegistrar.sol";
import {Report, SlasherBase} from "./utils/EvidenceBase.sol";

/// Owners, provers and reporters at random; reports with evidence of a fault, and without.
contract SlasherHandler is SlasherBase {
    uint256 public constant ZNODES = 3;
    uint256 public constant KEYS = 3;

    uint256 public deposited;
    uint256 public withdrawn;
    uint256 public paid;
    uint256 public slashes;
    /// Slashes without a fault, of znodes that were not liable, or of more than a penalty.
    uint256 public wrong;
    address[3] private _reporters;
    /// Znodes that a prover was ever bound to, and until when they answer for it.
    mapping(address prover => mapping(uint64 znodeId => uint256)) private _liable;
    mapping(bytes32 fault => uint256) private _taken;

    constructor() {
        setUp();
        deposited = STAKE;
        for (uint256 i = 0; i < 3; ++i) {
            _reporters[i] = account(string.concat("reporter", vm.toString(i)));
        }
        vm.startPrank(owner);
        for (uint64 id = 2; id <= ZNODES; ++id) {
            registrar.createZNode(_did(id));
        }
        vm.stopPrank();
        _liable[prover][1] = type(uint256).max;
    }

    function contracts() external view returns (ZNodeRegistrar, Slasher) {
        return (registrar, slasher);
    }

    function credits() external view returns (uint256 sum) {
        for (uint256 i = 0; i < 3; ++i) {
            sum += slasher.credits(_reporters[i]);
        }
    }

    function _did(uint64 id) private pure returns (string memory) {
        return id == 1 ? DID : vm.toString(id);
    }

    function _znode(uint256 seed) private pure returns (uint64) {
        return uint64(seed % ZNODES + 1);
    }

    function _key(uint256 seed) private pure returns (uint256) {
        return KEY + seed % KEYS;
    }

    function stake(uint256 seed, uint256 amount) external {
        amount = bound(amount, 1, 5 ether);
        vm.deal(owner, amount);
        vm.prank(owner);
        registrar.stake{value: amount}(_znode(seed));
        deposited += amount;
    }

    function unstake(uint256 seed, uint256 amount) external {
        uint64 id = _znode(seed);
        uint256 active = registrar.stakeOf(id);
        if (active == 0) return;
        vm.prank(owner);
        registrar.unstake(id, bound(amount, 1, active));
    }

    function withdraw(uint256 seed) external {
        uint64 id = _znode(seed);
        (uint256 amount, uint256 releaseAt) = registrar.pendingOf(id);
        if (amount == 0 || block.timestamp < releaseAt) return;
        uint256 before = owner.balance;
        vm.prank(owner);
        registrar.withdraw(id);
        withdrawn += owner.balance - before;
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 2 * DELAY));
    }

    function choose(uint256 seed, uint256 who) external {
        uint64 id = _znode(seed);
        address by = vm.addr(_key(who));
        _leave(by);
        vm.prank(owner);
        registrar.addOperator(_did(id), by);
        vm.prank(by);
        registrar.chooseZNode(_did(id));
        _liable[by][id] = type(uint256).max;
    }

    function remove(uint256 seed, uint256 who) external {
        uint64 id = _znode(seed);
        address by = vm.addr(_key(who));
        if (registrar.znodeOf(by) == id) _leave(by);
        vm.prank(owner);
        registrar.removeOperator(_did(id), by);
    }

    function _leave(address by) private {
        uint64 before = registrar.znodeOf(by);
        if (before != 0) _liable[by][before] = block.timestamp + DELAY;
    }

    function reportValues(uint256 seed, uint256 who, uint256 task, bool differ, uint256 by)
        external
    {
        Report memory r = reportOf(
            _key(who), bytes32(task % 3), uint64(task % 2), true, address(verifier)
        );
        if (!differ) {
            r.other.publicValuesHash = r.claim.publicValuesHash;
            sign(r, _key(who));
        }
        vm.prank(_reporters[by % 3]);
        try slasher.reportEquivocation(_znode(seed), r.claim, r.claimed, r.other, r.otherwise) {
            _judge(_znode(seed), r, differ);
        } catch {}
    }

    function reportProof(
        uint256 seed,
        uint256 who,
        uint256 task,
        bool good,
        uint256 by,
        uint256 gas
    ) external {
        Report memory r = reportOf(
            _key(who), bytes32(task % 3), uint64(task % 2), good, address(verifier)
        );
        vm.prank(_reporters[by % 3]);
        try slasher.reportInvalidProof{gas: bound(gas, 100_000, 1_000_000)}(
            _znode(seed), r.acceptance, r.accepted, r.claim, r.claimed, r.publicValues, r.proof
        ) {
            _judge(_znode(seed), r, !good);
        } catch {}
    }

    function _judge(uint64 id, Report memory r, bool faulty) private {
        ++slashes;
        address by = r.claim.prover;
        uint256 taken = slasher.takenFor(by, r.claim.taskId, r.claim.epoch);
        bytes32 fault = keccak256(abi.encode(by, r.claim.taskId, r.claim.epoch));
        bool right = faulty && block.timestamp < _liable[by][id] && taken > _taken[fault]
            && taken <= PENALTY;
        _taken[fault] = taken;
        if (!right) ++wrong;
    }

    function pay(uint256 by) external {
        address to = _reporters[by % 3];
        uint256 before = to.balance;
        vm.prank(to);
        try slasher.withdraw() {
            paid += to.balance - before;
        } catch {}
    }

    /// A fault that is certainly slashed.
    function certain() external {
        this.choose(0, 0);
        this.stake(0, 5 ether);
        Report memory r = reportOf(KEY, keccak256("certain"), 9, false, address(verifier));
        vm.prank(_reporters[0]);
        slasher.reportInvalidProof(
            1, r.acceptance, r.accepted, r.claim, r.claimed, r.publicValues, r.proof
        );
        _judge(1, r, true);
    }
}

contract SlasherInvariants is SlasherBase {
    SlasherHandler private handler;

    function setUp() public override {
        handler = new SlasherHandler();
        (registrar, slasher) = handler.contracts();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](9);
        selectors[0] = SlasherHandler.stake.selector;
        selectors[1] = SlasherHandler.unstake.selector;
        selectors[2] = SlasherHandler.withdraw.selector;
        selectors[3] = SlasherHandler.wait.selector;
        selectors[4] = SlasherHandler.choose.selector;
        selectors[5] = SlasherHandler.remove.selector;
        selectors[6] = SlasherHandler.reportValues.selector;
        selectors[7] = SlasherHandler.reportProof.selector;
        selectors[8] = SlasherHandler.pay.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), selectors);
    }

    function invariant_stake_is_conserved() public view {
        uint256 held;
        for (uint64 id = 1; id <= handler.ZNODES(); ++id) {
            (uint256 pending,) = registrar.pendingOf(id);
            held += registrar.stakeOf(id) + pending;
        }
        vm.assertEq(address(registrar).balance, held, "held");
        vm.assertEq(address(slasher).balance, handler.credits(), "credits");
        uint256 out = handler.withdrawn() + handler.paid() + BURN.balance;
        vm.assertEq(handler.deposited(), held + handler.credits() + out, "conserved");
    }

    function invariant_only_provable_faults_of_liable_znodes_slash() public view {
        vm.assertEq(handler.wrong(), 0, "wrong slashes");
    }

    /// The handler does reach a slash, so the invariants above say something.
    function afterInvariant() public {
        uint256 before = handler.slashes();
        handler.certain();
        vm.assertEq(handler.slashes(), before + 1, "slashed");
        vm.assertEq(handler.wrong(), 0, "wrong");
        handler.pay(0);
    }
}
