// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Submission} from "../src/Task.sol";
import {W3bstreamRouter} from "../src/W3bstreamRouter.sol";
import {WeatherStation} from "../src/samples/WeatherStation.sol";
import {RouterBase} from "./utils/RouterBase.sol";

contract WeatherStationTest is RouterBase {
    bytes32 private constant ID = keccak256("task");

    WeatherStation private station;

    function setUp() public override {
        super.setUp();
        station = new WeatherStation(address(router), 1, PROGRAM);
        setRoute(address(verifier), address(station), false);
    }

    function values() private pure returns (uint256[7] memory) {
        return [uint256(32768 - 15), 32768 - 123, 32768 + 387, 16, uint256(COMMITMENT), 1, 2];
    }

    function deliver(uint256[7] memory words) private {
        vm.prank(address(router));
        station.onResult(ID, 1, PROGRAM, prover, abi.encode(words));
    }

    function test_keeps_what_was_proved() public {
        vm.expectEmit(address(station));
        emit WeatherStation.Summarised(ID, -15, -123, 387, 16, COMMITMENT);
        deliver(values());
        WeatherStation.Summary memory s = station.summary(ID);
        vm.assertEq(int256(s.mean), -15, "mean");
        vm.assertEq(int256(s.min), -123, "min");
        vm.assertEq(int256(s.max), 387, "max");
        vm.assertEq(s.count, 16, "count");
        vm.assertEq(s.prover, prover, "prover");
        vm.assertEq(s.inputCommitment, COMMITMENT, "commitment");
        vm.assertEq(station.total(), 1, "total");
    }

    function testFuzz_decodes_offset_binary(int16 mean, int16 min, int16 max, uint16 count) public {
        vm.assume(count != 0);
        uint256[7] memory words = values();
        words[0] = uint256(int256(mean) + 32768);
        words[1] = uint256(int256(min) + 32768);
        words[2] = uint256(int256(max) + 32768);
        words[3] = count;
        deliver(words);
        WeatherStation.Summary memory s = station.summary(ID);
        vm.assertTrue(s.mean == mean && s.min == min && s.max == max, "values");
        vm.assertEq(s.count, count, "count");
    }

    function test_only_the_router_delivers() public {
        vm.expectRevert(abi.encodeWithSelector(WeatherStation.NotRouter.selector, stranger));
        vm.prank(stranger);
        station.onResult(ID, 1, PROGRAM, prover, abi.encode(values()));
    }

    function test_refuses_another_program() public {
        bytes32 other = keccak256("other");
        vm.expectRevert(abi.encodeWithSelector(WeatherStation.ForeignProgram.selector, other));
        vm.prank(address(router));
        station.onResult(ID, 1, other, prover, abi.encode(values()));
    }

    function test_refuses_a_repeat() public {
        deliver(values());
        vm.expectRevert(abi.encodeWithSelector(WeatherStation.AlreadyStored.selector, ID));
        deliver(values());
    }

    function testFuzz_refuses_malformed_values(uint256 index, uint256 word, bytes memory other)
        public
    {
        uint256[7] memory words = values();
        words[index % 4] = bound(word, 1 << 16, type(uint256).max);
        vm.expectRevert(WeatherStation.MalformedValues.selector);
        deliver(words);
        words = values();
        words[3] = 0;
        vm.expectRevert(WeatherStation.MalformedValues.selector);
        deliver(words);
        vm.assume(other.length != 7 * 32);
        vm.expectRevert(WeatherStation.MalformedValues.selector);
        vm.prank(address(router));
        station.onResult(ID, 1, PROGRAM, prover, other);
    }

    /// A stranger's project, with a verifier that takes anything, names this receiver.
    function test_foreign_receiver() public {
        vm.startPrank(stranger);
        projects.createProject("ipfs://evil", 0);
        projects.addOperator(2, operator);
        router.setRoute(2, PROGRAM, address(verifier), address(station), true);
        vm.stopPrank();

        Submission memory s = submission(1);
        s.task.projectId = 2;
        s.operatorSig = signature(OPERATOR_KEY, router.taskId(s.task));
        s.publicValues = abi.encode(values());
        s.proof = abi.encode(keccak256(s.publicValues));
        stateData(s);
        bytes memory reason =
            abi.encodeWithSelector(WeatherStation.ForeignProject.selector, uint64(2));
        refused(s, abi.encodeWithSelector(W3bstreamRouter.ReceiverFailed.selector, reason));
        vm.assertEq(station.total(), 0, "stored");
    }

    function test_stores_through_the_router() public {
        Submission memory s = submission(1);
        s.publicValues = abi.encode(values());
        s.proof = abi.encode(keccak256(s.publicValues));
        stateData(s);
        submit(s);
        vm.snapshotGasLastCall("router", "submit without verification, weather station");
        vm.assertEq(int256(station.summary(router.taskId(s.task)).max), 387, "max");
    }
}
