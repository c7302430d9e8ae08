// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ZkWasmStatement} from "../src/ZkWasmStatement.sol";
import {ProvenRuns} from "../src/samples/ProvenRuns.sol";
import {RouterBase} from "./utils/RouterBase.sol";

contract ProvenRunsTest is RouterBase {
    bytes32 private constant ID = keccak256("task");

    ProvenRuns private runs;

    function setUp() public override {
        super.setUp();
        runs = new ProvenRuns(address(router), 1, PROGRAM, true);
        setRoute(address(verifier), address(runs), false);
    }

    /// A statement with inputs that count up from 1, and outputs from 101.
    function values(uint256 inputs, uint256 outputs) private pure returns (bytes memory made) {
        made = abi.encodePacked(uint16(1 << 8), keccak256("image"), keccak256("binding"));
        made = abi.encodePacked(made, uint32(inputs), uint32(outputs));
        for (uint64 i = 0; i < inputs; ++i) {
            made = abi.encodePacked(made, i + 1);
        }
        for (uint64 i = 0; i < outputs; ++i) {
            made = abi.encodePacked(made, i + 101);
        }
    }

    function deliver(bytes memory publicValues) private {
        vm.prank(address(router));
        runs.onResult(ID, 1, PROGRAM, prover, publicValues);
    }

    function refuses(bytes memory publicValues) private {
        vm.expectRevert(ZkWasmStatement.MalformedStatement.selector);
        deliver(publicValues);
    }

    function testFuzz_keeps_inputs_and_outputs(uint8 inputs, uint8 outputs) public {
        inputs = uint8(bound(inputs, 0, 29));
        outputs = uint8(bound(outputs, 4, 33 - inputs));
        deliver(values(inputs, outputs));
        ProvenRuns.Run memory run = runs.run(ID);
        vm.assertEq(run.prover, prover, "prover");
        vm.assertEq(run.inputs.length, inputs, "inputs");
        vm.assertEq(run.outputs.length, outputs - 4, "outputs");
        for (uint256 i = 0; i < run.inputs.length; ++i) {
            vm.assertEq(run.inputs[i], i + 1, "input");
        }
        for (uint256 i = 0; i < run.outputs.length; ++i) {
            vm.assertEq(run.outputs[i], i + 105, "output");
        }
        vm.assertEq(runs.total(), 1, "total");
        vm.assertEq(runs.latest(), ID, "latest");
    }

    function test_keeps_all_outputs_of_a_program_that_does_not_commit() public {
        runs = new ProvenRuns(address(router), 1, PROGRAM, false);
        deliver(values(1, 1));
        vm.assertEq(runs.run(ID).outputs[0], 101, "output");
    }

    function testFuzz_refuses_another_form(bytes memory other) public {
        refuses(other);
        bytes memory cut = values(1, 4);
        uint256 length = cut.length - 1;
        assembly {
            mstore(cut, length)
        }
        refuses(cut);
        refuses(abi.encodePacked(values(1, 4), uint8(0)));
        refuses(values(3, 3));
        bytes memory unknown = values(1, 4);
        unknown[0] = 0x02;
        refuses(unknown);
    }

    function test_only_the_router_delivers_once_for_its_project_and_program() public {
        bytes memory publicValues = values(1, 5);
        vm.expectRevert(abi.encodeWithSelector(ProvenRuns.NotRouter.selector, stranger));
        vm.prank(stranger);
        runs.onResult(ID, 1, PROGRAM, prover, publicValues);
        vm.startPrank(address(router));
        vm.expectRevert(abi.encodeWithSelector(ProvenRuns.ForeignProject.selector, uint64(2)));
        runs.onResult(ID, 2, PROGRAM, prover, publicValues);
        vm.expectRevert(abi.encodeWithSelector(ProvenRuns.ForeignProgram.selector, COMMITMENT));
        runs.onResult(ID, 1, COMMITMENT, prover, publicValues);
        vm.stopPrank();
        deliver(publicValues);
        vm.expectRevert(abi.encodeWithSelector(ProvenRuns.AlreadyStored.selector, ID));
        deliver(publicValues);
    }
}
