// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IProofVerifier} from "../src/interfaces/IProofVerifier.sol";
import {IRiscZeroVerifier} from "../src/interfaces/IRiscZeroVerifier.sol";
import {Risc0Adapter} from "../src/verifiers/Risc0Adapter.sol";
import {Risc0Groth16Verifier} from "../src/verifiers/Risc0Groth16Verifier.sol";
import {TestBase} from "./utils/TestBase.sol";
import {BurningFallback} from "./utils/Verifiers.sol";

/// A receipt that RISC Zero published, and whatever can be made of it that must not pass.
contract Risc0Test is TestBase {
    uint256 private constant BASE =
        21888242871839275222246405745257275088696311157297823662689037894645226208583;
    bytes32 private constant CONTROL_ID =
        0xc07a65145c3cb48b6101962ea607a4dd93c753bb26975cb47feb00d3666e4404;
    /// Of zkVM 5.0.0-rc.1.
    bytes32 private constant NEWER_ROOT =
        0x4ec911509d6e5607f3bc083c61a2274824c71536ecffa208d02a472ffbde5b04;
    bytes32 private constant PROGRAM = keccak256("program");
    uint256 private constant VERIFY_GAS = 400_000;

    Risc0Groth16Verifier private verifier;
    Risc0Adapter private adapter;
    bytes32 private imageId;
    bytes private journal;
    bytes private seal;

    function setUp() public {
        string memory json = vm.readFile("test/vectors/risc0-groth16.json");
        verifier = new Risc0Groth16Verifier(vm.parseJsonBytes32(json, ".control_root"), CONTROL_ID);
        imageId = vm.parseJsonBytes32(json, ".image_id");
        journal = vm.parseJsonBytes(json, ".journal");
        seal = vm.parseJsonBytes(json, ".seal");
        adapter = adapterOf(verifier, IProofVerifier.Binding.None);
    }

    function adapterOf(IRiscZeroVerifier verifier_, IProofVerifier.Binding kind)
        private
        returns (Risc0Adapter)
    {
        return new Risc0Adapter(verifier_, PROGRAM, imageId, kind, VERIFY_GAS);
    }

    function holds(bytes memory seal_, bytes32 image, bytes memory journal_)
        private
        view
        returns (bool ok)
    {
        (ok,) = address(verifier).staticcall{gas: VERIFY_GAS}(
            abi.encodeCall(verifier.verify, (seal_, image, sha256(journal_)))
        );
    }

    function refuses(bytes memory seal_, string memory what) private view {
        vm.assertTrue(!holds(seal_, imageId, journal), what);
        vm.assertTrue(!adapter.verify(PROGRAM, journal, seal_), what);
    }

    function test_takes_the_published_receipt() public {
        verifier.verify(seal, imageId, sha256(journal));
        verifier.verifyIntegrity(
            IRiscZeroVerifier.Receipt(seal, verifier.claimOf(imageId, sha256(journal)))
        );
        vm.assertTrue(adapter.verify(PROGRAM, journal, seal), "refused");
        vm.snapshotGasLastCall("verifier", "risc0 groth16, through the adapter");
    }

    /// The selector is a hash of control root, control id and verifying key.
    function test_selectors_are_those_that_are_published() public {
        vm.assertEq(bytes32(verifier.selector()), bytes32(bytes4(0xbb001d44)), "2.2");
        Risc0Groth16Verifier newer = new Risc0Groth16Verifier(NEWER_ROOT, CONTROL_ID);
        vm.assertEq(bytes32(newer.selector()), bytes32(bytes4(0xef6cb709)), "5.0.0-rc.1");
    }

    function test_refuses_a_bit_flipped_in_any_byte_of_the_seal() public view {
        for (uint256 i = 0; i < seal.length; ++i) {
            bytes memory other = seal;
            other[i] ^= 0x01;
            refuses(other, vm.toString(i));
        }
    }

    function testFuzz_refuses_any_byte_changed(uint256 position, uint8 flip) public view {
        vm.assume(flip != 0);
        bytes memory other = seal;
        other[bound(position, 0, other.length - 1)] ^= bytes1(flip);
        refuses(other, "taken");
    }

    function testFuzz_refuses_another_image_id(bytes32 image) public view {
        vm.assume(image != imageId);
        vm.assertTrue(!holds(seal, image, journal), "taken");
    }

    function testFuzz_refuses_another_journal(bytes memory other) public view {
        vm.assume(keccak256(other) != keccak256(journal));
        vm.assertTrue(!holds(seal, imageId, other), "taken");
        vm.assertTrue(!adapter.verify(PROGRAM, other, seal), "taken by the adapter");
    }

    function testFuzz_refuses_random_points(bytes32 seed) public view {
        bytes memory other = abi.encodePacked(
            verifier.selector(),
            uint256(seed) % BASE,
            uint256(keccak256(abi.encode(seed, 1))) % BASE,
            new bytes(192)
        );
        refuses(other, "taken");
    }

    function test_refuses_points_at_infinity_and_other_lengths() public view {
        refuses(abi.encodePacked(verifier.selector(), new bytes(256)), "infinity");
        refuses("", "nothing");
        refuses(abi.encodePacked(verifier.selector()), "the selector alone");
        refuses(abi.encodePacked(seal, bytes1(0)), "longer");
        bytes memory cut = seal;
        assembly {
            mstore(cut, sub(mload(cut), 1))
        }
        refuses(cut, "cut");
    }

    function test_refuses_aliases_of_coordinates() public view {
        for (uint256 i = 0; i < 8; ++i) {
            bytes memory other = seal;
            assembly {
                let at := add(add(other, 0x24), mul(i, 32))
                mstore(at, add(mload(at), BASE))
            }
            refuses(other, vm.toString(i));
        }
    }

    function test_refuses_the_receipt_of_another_version() public {
        Risc0Groth16Verifier newer = new Risc0Groth16Verifier(NEWER_ROOT, CONTROL_ID);
        bytes32 digest = sha256(journal);
        vm.expectRevert(
            abi.encodeWithSelector(
                Risc0Groth16Verifier.SelectorMismatch.selector, bytes4(seal), newer.selector()
            )
        );
        newer.verify(seal, imageId, digest);
        bytes memory posed = seal;
        bytes4 selector = newer.selector();
        for (uint256 i = 0; i < 4; ++i) {
            posed[i] = selector[i];
        }
        vm.expectRevert(IRiscZeroVerifier.VerificationFailed.selector);
        newer.verify(posed, imageId, digest);
    }

    function test_refuses_a_control_id_outside_the_field() public {
        vm.expectRevert(Risc0Groth16Verifier.BadControlId.selector);
        new Risc0Groth16Verifier(NEWER_ROOT, bytes32(type(uint256).max));
    }

    function test_the_adapter_is_of_one_program_and_states_nothing_for_guests_that_do_not()
        public
        view
    {
        vm.assertTrue(!adapter.verify(keccak256("other"), journal, seal), "another program");
        (IProofVerifier.Binding kind, bytes32 commitment, bytes32 binding) =
            adapter.statement(abi.encodePacked(bytes32(uint256(1)), bytes32(uint256(2))));
        vm.assertTrue(kind == IProofVerifier.Binding.None, "kind");
        vm.assertEq(commitment | binding, 0, "stated");
    }

    function testFuzz_a_guest_that_commits_states_it_first(
        bytes32 commitment,
        bytes32 binding,
        bytes memory more
    ) public {
        Risc0Adapter data = adapterOf(verifier, IProofVerifier.Binding.Data);
        (IProofVerifier.Binding kind, bytes32 c, bytes32 b) =
            data.statement(abi.encodePacked(commitment, binding, more));
        vm.assertTrue(kind == IProofVerifier.Binding.Data, "kind");
        vm.assertEq(c, commitment, "commitment");
        vm.assertEq(b, binding, "binding");
        // The published journal is shorter than both.
        vm.assertTrue(!data.verify(PROGRAM, journal, seal), "taken without them");
        (kind,,) = data.statement(journal);
        vm.assertTrue(kind == IProofVerifier.Binding.None, "stated");
    }

    function testFuzz_too_little_gas_is_told_from_a_bad_proof(uint256 gas) public view {
        gas = bound(gas, 30_000, VERIFY_GAS);
        (bool ok, bytes memory ret) = address(adapter).staticcall{gas: gas}(
            abi.encodeCall(adapter.verify, (PROGRAM, journal, seal))
        );
        if (ok) {
            vm.assertTrue(abi.decode(ret, (bool)), "called a good proof bad");
        } else {
            vm.assertEq(ret, abi.encodeWithSelector(IProofVerifier.NotEnoughGas.selector), "why");
        }
    }

    function test_a_burning_verifier_costs_its_limit_and_no_more() public {
        Risc0Adapter burning = adapterOf(
            IRiscZeroVerifier(address(new BurningFallback())), IProofVerifier.Binding.None
        );
        uint256 before = gasleft();
        vm.assertTrue(!burning.verify(PROGRAM, journal, seal), "taken");
        vm.assertTrue(before - gasleft() < VERIFY_GAS + 50_000, "gas");
    }

    function test_refuses_a_verifier_without_code_and_a_kind_that_guests_do_not_have() public {
        address nobody = account("nobody");
        vm.expectRevert(abi.encodeWithSelector(Risc0Adapter.NoCode.selector, nobody));
        adapterOf(IRiscZeroVerifier(nobody), IProofVerifier.Binding.None);
        vm.expectRevert(Risc0Adapter.BadBinding.selector);
        adapterOf(verifier, IProofVerifier.Binding.Tag);
        vm.etch(address(verifier), "");
        vm.assertTrue(!adapter.verify(PROGRAM, journal, seal), "taken");
    }
}
