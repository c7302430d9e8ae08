// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ProjectRegistrar} from "../../src/ProjectRegistrar.sol";
import {Submission, Task} from "../../src/Task.sol";
import {W3bstreamRouter} from "../../src/W3bstreamRouter.sol";
import {ZNodeRegistrar} from "../../src/ZNodeRegistrar.sol";
import {IProofVerifier} from "../../src/interfaces/IProofVerifier.sol";
import {CountingReceiver} from "./Receivers.sol";
import {TestBase} from "./TestBase.sol";
import {KeccakVerifier} from "./Verifiers.sol";

/// A router with project 1 (owner, operator), znode 1 (prover) and a route for one program.
abstract contract RouterBase is TestBase {
    bytes32 internal constant PROGRAM = keccak256("program");
    bytes32 internal constant COMMITMENT = keccak256("input");
    string internal constant DID = "did:key:znode";
    uint256 internal constant OPERATOR_KEY = 0xa11ce;
    uint256 internal constant STRANGER_KEY = 0xbad;
    /// Order of secp256k1.
    uint256 internal constant N =
        0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    ProjectRegistrar internal projects;
    ZNodeRegistrar internal znodes;
    W3bstreamRouter internal router;
    KeccakVerifier internal verifier;
    CountingReceiver internal receiver;
    address internal owner = account("owner");
    address internal operator = vm.addr(OPERATOR_KEY);
    address internal prover = account("prover");
    address internal relayer = account("relayer");
    address internal stranger = account("stranger");

    function setUp() public virtual {
        projects = new ProjectRegistrar();
        znodes = new ZNodeRegistrar(1 ether, 1 days, address(this));
        router = new W3bstreamRouter(address(projects), address(znodes), address(this));
        verifier = new KeccakVerifier();
        receiver = new CountingReceiver();

        vm.deal(owner, 10 ether);
        vm.startPrank(owner);
        projects.createProject("ipfs://config", keccak256("config"));
        projects.addOperator(1, operator);
        znodes.createZNode(DID);
        znodes.addOperator(DID, prover);
        znodes.stake{value: 1 ether}(1);
        vm.stopPrank();
        setRoute(address(verifier), address(receiver), false);
    }

    function setRoute(address verifier_, address receiver_, bool allowUnbound) internal {
        vm.prank(owner);
        router.setRoute(1, PROGRAM, verifier_, receiver_, allowUnbound);
    }

    function newTask(uint256 nonce) internal pure returns (Task memory) {
        return Task(1, "0.1", PROGRAM, keccak256(abi.encode("root", nonce)), COMMITMENT, nonce);
    }

    /// A task signed by the operator, with a proof that the verifier takes.
    function submission(uint256 nonce) internal view returns (Submission memory s) {
        s.task = newTask(nonce);
        s.prover = prover;
        s.publicValues = abi.encode(nonce);
        s.proof = abi.encode(keccak256(s.publicValues));
        s.operatorSig = signature(OPERATOR_KEY, router.taskId(s.task));
    }

    /// Makes the verifier state what a right proof of the submission states.
    function stateData(Submission memory s) internal {
        verifier.state(
            IProofVerifier.Binding.Data,
            s.task.inputCommitment,
            router.binding(router.taskId(s.task), s.prover)
        );
    }

    function submit(Submission memory s) internal {
        vm.prank(relayer);
        router.submit(s.task, s.operatorSig, s.prover, s.publicValues, s.proof);
    }

    function refused(Submission memory s, bytes memory why) internal {
        bytes32 id = router.taskId(s.task);
        uint256 calls = receiver.calls(id);
        bool before = router.accepted(id);
        vm.expectRevert(why);
        submit(s);
        vm.assertTrue(router.accepted(id) == before, "accepted");
        vm.assertEq(receiver.calls(id), calls, "receiver called");
    }

    /// A submission that the router takes as it is.
    function right(uint256 nonce) internal returns (Submission memory s) {
        s = submission(nonce);
        stateData(s);
    }

    function notOperator(address signer) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(W3bstreamRouter.NotOperator.selector, signer);
    }

    function bare(bytes4 selector) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(selector);
    }
}
