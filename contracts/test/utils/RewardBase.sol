// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {RewardPool} from "../../src/RewardPool.sol";
import {Submission} from "../../src/Task.sol";
import {IProofVerifier} from "../../src/interfaces/IProofVerifier.sol";
import {RouterBase} from "./RouterBase.sol";

/// A router that takes unbound proofs, and a pool that pays for them.
abstract contract RewardBase is RouterBase {
    uint256 internal constant DEPOSIT = 10 ether;
    uint128 internal constant MAX_FEE = 1 ether;
    uint128 internal constant FEE = 0.01 ether;
    uint256 internal constant BASE_FEE = 10 gwei;

    RewardPool internal pool;

    function setUp() public virtual override {
        super.setUp();
        vm.warp(1_700_000_000);
        vm.fee(BASE_FEE);
        vm.txGasPrice(BASE_FEE);
        setRoute(address(verifier), address(receiver), true);
        verifier.state(IProofVerifier.Binding.None, 0, 0);
        pool = new RewardPool(address(router), token());
        router.setRewardPool(address(pool));
    }

    function token() internal virtual returns (address) {
        return address(0);
    }

    function deadline() internal view returns (uint64) {
        return uint64(block.timestamp + 1 hours);
    }

    function item(uint256 nonce) internal view returns (RewardPool.Item memory) {
        return RewardPool.Item(newTask(nonce), MAX_FEE, FEE, 1e18, deadline());
    }

    function idOf(uint256 nonce) internal view returns (bytes32) {
        return router.taskId(newTask(nonce));
    }

    function escrow(RewardPool.Item memory i) internal {
        RewardPool.Item[] memory items = new RewardPool.Item[](1);
        items[0] = i;
        vm.prank(operator);
        pool.escrow(items);
    }

    function refund(bytes32 taskId) internal {
        bytes32[] memory ids = new bytes32[](1);
        ids[0] = taskId;
        vm.prank(stranger);
        pool.refund(ids);
    }

    function isEscrowed(uint256 nonce) internal view returns (bool) {
        (, uint64 until,,,) = pool.escrows(idOf(nonce));
        return until != 0;
    }

    function accept(uint256 nonce) internal {
        Submission memory s = submission(nonce);
        submit(s);
    }
}
