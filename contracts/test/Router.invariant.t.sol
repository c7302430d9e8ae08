// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Submission} from "../src/Task.sol";
import {IProofVerifier} from "../src/interfaces/IProofVerifier.sol";
import {RouterBase} from "./utils/RouterBase.sol";

/// Submits few tasks many times, signed by keys whose rights come and go, by provers whose
/// eligibility does, alone and in batches.
contract RouterHandler is RouterBase {
    uint256 public constant TASKS = 6;
    uint256 private constant KEYS = 3;

    uint256 public acceptances;
    uint256 public acceptedWithoutRight;
    mapping(uint256 nonce => uint256) public acceptedTimes;

    constructor() {
        setUp();
        setRoute(address(verifier), address(receiver), true);
        verifier.state(IProofVerifier.Binding.None, 0, 0);
    }

    function taskIdOf(uint256 nonce) public view returns (bytes32) {
        return router.taskId(newTask(nonce));
    }

    function calls(uint256 nonce) external view returns (uint256) {
        return receiver.calls(taskIdOf(nonce));
    }

    function accepted(uint256 nonce) external view returns (bool) {
        return router.accepted(taskIdOf(nonce));
    }

    function _key(uint256 seed) private pure returns (uint256) {
        return 100 + seed % KEYS;
    }

    function _submission(uint256 seed, uint256 signer, uint8 fault)
        private
        view
        returns (Submission memory s)
    {
        s = submission(seed % TASKS);
        s.operatorSig = signature(_key(signer), router.taskId(s.task));
        if (fault % 8 == 0) s.prover = stranger;
        else if (fault % 8 == 1) s.proof[seed % 32] ^= 0x01;
        else if (fault % 8 == 2) s.operatorSig[seed % 64] ^= 0x01;
    }

    function _right(uint256 signer, uint8 fault) private view returns (bool) {
        return fault % 8 > 2 && !receiver.refuse() && znodes.isEligible(prover)
            && projects.canOperateProject(vm.addr(_key(signer)), 1);
    }

    function _record(Submission memory s, bool right, bool ok) private {
        if (!ok) return;
        ++acceptances;
        ++acceptedTimes[s.task.nonce];
        if (!right) ++acceptedWithoutRight;
    }

    function submitOne(uint256 seed, uint256 signer, uint8 fault) external {
        Submission memory s = _submission(seed, signer, fault);
        bool right = _right(signer, fault);
        try router.submit(s.task, s.operatorSig, s.prover, s.publicValues, s.proof) {
            _record(s, right, true);
        } catch {
            // Refusals are expected; the invariants look at what was accepted.
        }
    }

    function submitThree(uint256 seed, uint256[3] calldata signers, uint8[3] calldata faults)
        external
    {
        Submission[] memory items = new Submission[](3);
        for (uint256 i = 0; i < 3; ++i) {
            items[i] = _submission(seed / (i + 1), signers[i], faults[i]);
        }
        bool[] memory results = router.submitBatch(items);
        for (uint256 i = 0; i < 3; ++i) {
            _record(items[i], _right(signers[i], faults[i]), results[i]);
        }
    }

    function changeOperator(uint256 seed, bool add) external {
        vm.startPrank(owner);
        if (add) projects.addOperator(1, vm.addr(_key(seed)));
        else projects.removeOperator(1, vm.addr(_key(seed)));
        vm.stopPrank();
    }

    function changeProver(bool add) external {
        vm.startPrank(owner);
        if (add) znodes.addOperator(DID, prover);
        else znodes.removeOperator(DID, prover);
        vm.stopPrank();
    }

    function changeReceiver(bool refuse) external {
        receiver.setRefuse(refuse);
    }
}

contract W3bstreamRouterInvariants is RouterBase {
    RouterHandler private handler;

    function setUp() public override {
        handler = new RouterHandler();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](5);
        selectors[0] = RouterHandler.submitOne.selector;
        selectors[1] = RouterHandler.submitThree.selector;
        selectors[2] = RouterHandler.changeOperator.selector;
        selectors[3] = RouterHandler.changeProver.selector;
        selectors[4] = RouterHandler.changeReceiver.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), selectors);
    }

    function invariant_a_task_is_accepted_at_most_once() public view {
        for (uint256 nonce = 0; nonce < handler.TASKS(); ++nonce) {
            uint256 times = handler.acceptedTimes(nonce);
            vm.assertTrue(times <= 1, "accepted twice");
            vm.assertEq(handler.calls(nonce), times, "receiver called");
            vm.assertTrue(handler.accepted(nonce) == (times == 1), "accepted");
        }
    }

    function invariant_only_registered_operators_and_provers_pass() public view {
        vm.assertEq(handler.acceptedWithoutRight(), 0, "accepted without right");
    }

    /// The handler does reach acceptance, so the invariants above say something.
    function afterInvariant() public {
        handler.changeOperator(0, true);
        handler.changeProver(true);
        handler.changeReceiver(false);
        for (uint256 nonce = 0; nonce < handler.TASKS(); ++nonce) {
            handler.submitOne(nonce, 0, 3);
            vm.assertEq(handler.acceptedTimes(nonce), 1, "accepted");
        }
    }
}
