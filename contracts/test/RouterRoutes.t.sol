// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Route, Submission} from "../src/Task.sol";
import {W3bstreamRouter} from "../src/W3bstreamRouter.sol";
import {IProofVerifier} from "../src/interfaces/IProofVerifier.sol";
import {WeatherStation} from "../src/samples/WeatherStation.sol";
import {HostileReceiver} from "./utils/Receivers.sol";
import {RouterBase} from "./utils/RouterBase.sol";

/// Routes and batches.
contract RouterRoutesTest is RouterBase {
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
        new W3bstreamRouter(stranger, address(znodes), address(this));
        vm.expectRevert(why);
        new W3bstreamRouter(address(projects), stranger, address(this));
    }

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
}
