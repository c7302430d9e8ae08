// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {ProjectRegistrar} from "../src/ProjectRegistrar.sol";
import {TestBase} from "./utils/TestBase.sol";

contract ProjectRegistrarTest is TestBase {
    bytes private constant NOT_OPERATOR = "Not authorized to operate this project";
    bytes private constant NOT_OWNER = "Only the owner can perform this action";

    ProjectRegistrar private registrar;
    address private owner = account("owner");
    address private operator = account("operator");
    address private stranger = account("stranger");

    function setUp() public {
        registrar = new ProjectRegistrar();
        vm.prank(owner);
        registrar.createProject("ipfs://one", bytes32(uint256(1)));
    }

    function refuses(address caller, bytes memory why) private {
        vm.expectRevert(abi.encodeWithSignature("Error(string)", string(why)));
        vm.prank(caller);
    }

    function test_names_the_token_as_the_original() public view {
        vm.assertEq(registrar.name(), "ProjectToken", "name");
        vm.assertEq(registrar.symbol(), "PTK", "symbol");
    }

    function test_ids_run_from_1() public {
        vm.assertEq(registrar.ownerOf(1), owner, "owner of the first");
        vm.expectEmit(address(registrar));
        emit IERC721.Transfer(address(0), stranger, 2);
        vm.expectEmit(address(registrar));
        emit ProjectRegistrar.ProjectUpserted(2, "ipfs://two", bytes32(uint256(2)));
        vm.prank(stranger);
        vm.assertEq(registrar.createProject("ipfs://two", bytes32(uint256(2))), 2, "id");
        vm.assertEq(registrar.projectCount(), 2, "count");
        (string memory uri, bytes32 hash, bool paused) = registrar.projects(2);
        vm.assertEq(uri, "ipfs://two", "uri");
        vm.assertEq(hash, bytes32(uint256(2)), "hash");
        vm.assertTrue(!paused, "paused");
    }

    function test_refuses_an_empty_uri() public {
        refuses(owner, "Empty uri value");
        registrar.createProject("", bytes32(uint256(1)));
        refuses(owner, "Empty uri value");
        registrar.updateProject(1, "", bytes32(uint256(1)));
        vm.assertEq(registrar.projectCount(), 1, "count");
    }

    function test_owner_and_operator_update_a_stranger_does_not() public {
        vm.prank(owner);
        registrar.addOperator(1, operator);
        vm.expectEmit(address(registrar));
        emit ProjectRegistrar.ProjectUpserted(1, "b", bytes32(uint256(2)));
        vm.prank(operator);
        registrar.updateProject(1, "b", bytes32(uint256(2)));
        vm.prank(owner);
        registrar.updateProject(1, "c", bytes32(uint256(3)));
        (string memory uri, bytes32 hash,) = registrar.projects(1);
        vm.assertEq(uri, "c", "uri");
        vm.assertEq(hash, bytes32(uint256(3)), "hash");
        refuses(stranger, NOT_OPERATOR);
        registrar.updateProject(1, "d", 0);
        refuses(owner, NOT_OPERATOR);
        registrar.updateProject(2, "d", 0);
    }

    function test_pauses_once_and_unpauses_once() public {
        refuses(stranger, NOT_OPERATOR);
        registrar.pauseProject(1);
        refuses(owner, "Project is not paused");
        registrar.unpauseProject(1);

        vm.expectEmit(address(registrar));
        emit ProjectRegistrar.ProjectPaused(1);
        vm.prank(owner);
        registrar.pauseProject(1);
        (,, bool paused) = registrar.projects(1);
        vm.assertTrue(paused, "paused");

        refuses(owner, "Project is already paused");
        registrar.pauseProject(1);
        refuses(stranger, NOT_OPERATOR);
        registrar.unpauseProject(1);

        vm.expectEmit(address(registrar));
        emit ProjectRegistrar.ProjectUnpaused(1);
        vm.prank(owner);
        registrar.unpauseProject(1);
        (,, paused) = registrar.projects(1);
        vm.assertTrue(!paused, "unpaused");
    }

    function test_only_the_owner_names_operators() public {
        refuses(stranger, NOT_OWNER);
        registrar.addOperator(1, stranger);
        vm.expectEmit(address(registrar));
        emit ProjectRegistrar.OperatorAdded(1, operator);
        vm.prank(owner);
        registrar.addOperator(1, operator);
        vm.assertTrue(registrar.canOperateProject(operator, 1), "operates");
        refuses(operator, NOT_OWNER);
        registrar.addOperator(1, stranger);
        refuses(operator, NOT_OWNER);
        registrar.removeOperator(1, operator);

        vm.expectEmit(address(registrar));
        emit ProjectRegistrar.OperatorRemoved(1, operator);
        vm.prank(owner);
        registrar.removeOperator(1, operator);
        vm.assertTrue(!registrar.canOperateProject(operator, 1), "removed");
    }

    function test_an_operator_of_one_project_is_none_of_another() public {
        vm.prank(stranger);
        registrar.createProject("ipfs://two", 0);
        vm.prank(owner);
        registrar.addOperator(1, operator);
        vm.assertTrue(!registrar.canOperateProject(operator, 2), "operates the other");
        vm.assertTrue(!registrar.canOperateProject(owner, 2), "owner operates the other");
    }

    function test_nobody_operates_an_unknown_project() public {
        vm.assertTrue(!registrar.canOperateProject(owner, 9), "owner of another");
        vm.assertTrue(!registrar.canOperateProject(address(0), 9), "zero");
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 9));
        registrar.addOperator(9, operator);
    }

    function test_a_transfer_moves_the_owners_rights() public {
        vm.prank(owner);
        registrar.transferFrom(owner, stranger, 1);
        vm.assertTrue(!registrar.canOperateProject(owner, 1), "old owner");
        vm.assertTrue(registrar.canOperateProject(stranger, 1), "new owner");
        refuses(owner, NOT_OWNER);
        registrar.addOperator(1, operator);
        vm.prank(stranger);
        registrar.addOperator(1, operator);
    }

    function testFuzz_only_who_was_added_operates(address a, address b, address asked) public {
        vm.startPrank(owner);
        registrar.addOperator(1, a);
        registrar.addOperator(1, b);
        registrar.removeOperator(1, a);
        bool expected = asked == owner || (asked == b && b != a);
        vm.assertTrue(registrar.canOperateProject(asked, 1) == expected, "operates");
    }
}
