// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {BoundedCall} from "./BoundedCall.sol";
import {Route, Submission, Task, TaskHash} from "./Task.sol";
import {IProjectRegistrar} from "./interfaces/IProjectRegistrar.sol";
import {IProofVerifier} from "./interfaces/IProofVerifier.sol";
import {IResultReceiver} from "./interfaces/IResultReceiver.sol";
import {IRewardPool} from "./interfaces/IRewardPool.sol";
import {IZNodeRegistrar} from "./interfaces/IZNodeRegistrar.sol";

/// Where proofs become facts: checks that a task was signed by its project, proved by a staked
/// znode and not used before, and that the proof is about this task; then tells the project's dApp.
/// Anyone may relay a submission; the credit is the prover's.
contract W3bstreamRouter is EIP712, ReentrancyGuardTransient {
    using TaskHash for Task;

    event Accepted(
        bytes32 indexed taskId,
        uint64 indexed projectId,
        address indexed prover,
        bytes32 programId,
        bytes publicValues
    );
    /// An item of a batch was refused. `reason` is the error as `submit` would give it; empty: the
    /// item ran out of its share of the gas.
    event Rejected(bytes32 indexed taskId, bytes reason);
    event RouteSet(
        uint64 indexed projectId,
        bytes32 indexed programId,
        address verifier,
        address receiver,
        bool allowUnbound
    );
    event RouteRemoved(uint64 indexed projectId, bytes32 indexed programId);
    event RewardPoolSet(address indexed rewardPool);

    error NoRoute(uint64 projectId, bytes32 programId);
    error TaskUsed(bytes32 taskId);
    /// `signer` is zero if the signature is malformed.
    error NotOperator(address signer);
    error ProverNotEligible(address prover);
    error InvalidProof();
    error CommitmentMismatch();
    error BindingMismatch();
    error UnboundNotAllowed();
    error ReceiverFailed(bytes reason);
    error NotProjectOwner(uint64 projectId, address caller);
    error NoCode(address account);
    error OnlySelf();
    error NotAdmin();
    error RewardPoolAlreadySet();

    /// Longest revert reason of a receiver that is passed on, in bytes.
    uint256 private constant MAX_REASON = 1024;
    /// Most gas that the reward pool gets: twice what it needs.
    uint256 private constant PAY_GAS = 150_000;
    /// Gas of a submission that is not measured, rounded down, so that no more is repaid than was
    /// spent: a transaction's own, arguments of fixed size, and the payment.
    uint256 private constant SUBMIT_GAS = 45_000;
    /// The same of a batch's item.
    uint256 private constant ITEM_GAS = 25_000;

    IProjectRegistrar public immutable projectRegistrar;
    IZNodeRegistrar public immutable znodeRegistrar;
    /// Who may set the reward pool, once.
    address public immutable admin;
    /// What pays for accepted tasks; zero until set.
    address public rewardPool;

    /// True once the task's result was accepted.
    mapping(bytes32 taskId => bool) public accepted;
    mapping(uint64 projectId => mapping(bytes32 programId => Route)) private _routes;

    constructor(address projectRegistrar_, address znodeRegistrar_, address admin_)
        EIP712("W3bstream", "1")
    {
        if (projectRegistrar_.code.length == 0) revert NoCode(projectRegistrar_);
        if (znodeRegistrar_.code.length == 0) revert NoCode(znodeRegistrar_);
        projectRegistrar = IProjectRegistrar(projectRegistrar_);
        znodeRegistrar = IZNodeRegistrar(znodeRegistrar_);
        admin = admin_;
    }

    /// Names the contract that pays for accepted tasks. Once, by the admin.
    function setRewardPool(address rewardPool_) external {
        if (msg.sender != admin) revert NotAdmin();
        if (rewardPool != address(0)) revert RewardPoolAlreadySet();
        if (rewardPool_.code.length == 0) revert NoCode(rewardPool_);
        rewardPool = rewardPool_;
        emit RewardPoolSet(rewardPool_);
    }

    /// Names who checks a program's proofs and who takes its results. `allowUnbound` also lets in
    /// proofs that don't say which data, task and prover they are for: such a proof can be made of
    /// other data, used for several tasks, and claimed by whoever relays it. Project's owner only.
    function setRoute(
        uint64 projectId,
        bytes32 programId,
        address verifier,
        address receiver,
        bool allowUnbound
    ) external {
        _onlyProjectOwner(projectId);
        if (verifier.code.length == 0) revert NoCode(verifier);
        if (receiver.code.length == 0) revert NoCode(receiver);
        _routes[projectId][programId] = Route(verifier, receiver, allowUnbound);
        emit RouteSet(projectId, programId, verifier, receiver, allowUnbound);
    }

    /// Ends a program's acceptance. Project's owner only.
    function removeRoute(uint64 projectId, bytes32 programId) external {
        _onlyProjectOwner(projectId);
        if (_routes[projectId][programId].verifier == address(0)) {
            revert NoRoute(projectId, programId);
        }
        delete _routes[projectId][programId];
        emit RouteRemoved(projectId, programId);
    }

    /// The route of a program; all zero if there is none.
    function route(uint64 projectId, bytes32 programId) external view returns (Route memory) {
        return _routes[projectId][programId];
    }

    /// EIP-712 digest of the task under this router's domain; what the operator signs.
    function taskId(Task calldata task) public view returns (bytes32) {
        return _hashTypedDataV4(task.structHash());
    }

    /// What a proof of a task by a prover carries, so that neither can be exchanged.
    function binding(bytes32 id, address prover) public pure returns (bytes32) {
        return keccak256(abi.encodePacked(id, prover));
    }

    /// Accepts one proved task or reverts with the first check that failed, in the order of the
    /// errors above. `operatorSig` is 65 bytes (r, s, v) with a low s over `taskId(task)`. Then the
    /// reward pool is told; it can't stop the acceptance. `NotEnoughGas`: the prover would go unpaid.
    function submit(
        Task calldata task,
        bytes calldata operatorSig,
        address prover,
        bytes calldata publicValues,
        bytes calldata proof
    ) external nonReentrant {
        uint256 start = gasleft();
        bytes32 id = _submit(task, operatorSig, prover, publicValues, proof);
        _pay(id, prover, start + SUBMIT_GAS + _calldataGas(publicValues, proof));
    }

    /// Tries each item alone: one that fails changes nothing and emits `Rejected`. The gas is shared
    /// evenly among the items left, so none can starve the others. A gas estimate of this function
    /// is too low, because a starved item is no error: give the sum of the items' `submit` estimates
    /// and a margin.
    function submitBatch(Submission[] calldata items)
        external
        nonReentrant
        returns (bool[] memory results)
    {
        results = new bool[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            uint256 share = gasleft() / (items.length - i);
            try this.submitItem{gas: share}(items[i]) {
                results[i] = true;
            } catch (bytes memory reason) {
                emit Rejected(taskId(items[i].task), reason);
            }
        }
    }

    /// One item of `submitBatch` in a call frame of its own. Only this contract calls it.
    function submitItem(Submission calldata item) external {
        if (msg.sender != address(this)) revert OnlySelf();
        uint256 start = gasleft();
        bytes32 id =
            _submit(item.task, item.operatorSig, item.prover, item.publicValues, item.proof);
        _pay(id, item.prover, start + ITEM_GAS + _calldataGas(item.publicValues, item.proof));
    }

    function _submit(
        Task calldata task,
        bytes calldata operatorSig,
        address prover,
        bytes calldata publicValues,
        bytes calldata proof
    ) private returns (bytes32 id) {
        Route memory r = _routes[task.projectId][task.programId];
        if (r.verifier == address(0)) revert NoRoute(task.projectId, task.programId);
        id = taskId(task);
        _checkParties(task.projectId, id, operatorSig, prover);
        _checkProof(r.verifier, task.programId, publicValues, proof);
        _checkStatement(r, publicValues, task.inputCommitment, binding(id, prover));

        // Before the receiver gets control: no path leads to a second acceptance.
        accepted[id] = true;
        _deliver(r.receiver, id, task, prover, publicValues);
        emit Accepted(id, task.projectId, prover, task.programId, publicValues);
    }

    function _checkParties(uint64 projectId, bytes32 id, bytes calldata operatorSig, address prover)
        private
        view
    {
        if (accepted[id]) revert TaskUsed(id);
        // Refuses other lengths than 65 and a high s, so a task has one valid signature a key.
        (address signer,,) = ECDSA.tryRecoverCalldata(id, operatorSig);
        if (signer == address(0) || !projectRegistrar.canOperateProject(signer, projectId)) {
            revert NotOperator(signer);
        }
        if (!znodeRegistrar.isEligible(prover)) revert ProverNotEligible(prover);
    }

    function _checkProof(
        address verifier,
        bytes32 programId,
        bytes calldata publicValues,
        bytes calldata proof
    ) private view {
        (bool ok, bytes memory ret) = BoundedCall.staticCall(
            verifier, abi.encodeCall(IProofVerifier.verify, (programId, publicValues, proof)), 32
        );
        if (!ok && ret.length == 4 && bytes4(ret) == IProofVerifier.NotEnoughGas.selector) {
            revert IProofVerifier.NotEnoughGas();
        }
        // An address without code answers with nothing.
        if (!ok || ret.length != 32 || uint256(bytes32(ret)) != 1) revert InvalidProof();
    }

    /// `Data` must state this task's commitment and binding. `Tag` and `None` need the owner's
    /// leave, and what they state all the same must be this task's.
    function _checkStatement(
        Route memory r,
        bytes calldata publicValues,
        bytes32 expectedCommitment,
        bytes32 expectedBinding
    ) private view {
        (bool ok, bytes memory ret) = BoundedCall.staticCall(
            r.verifier, abi.encodeCall(IProofVerifier.statement, (publicValues)), 96
        );
        if (!ok || ret.length != 96) revert InvalidProof();
        (uint256 kind, bytes32 commitment, bytes32 bound) =
            abi.decode(ret, (uint256, bytes32, bytes32));

        bool isData = kind == uint256(IProofVerifier.Binding.Data);
        if (!isData && !r.allowUnbound) revert UnboundNotAllowed();
        if (commitment != expectedCommitment && (isData || commitment != 0)) {
            revert CommitmentMismatch();
        }
        if (bound != expectedBinding && (isData || bound != 0)) revert BindingMismatch();
    }

    function _deliver(
        address receiver,
        bytes32 id,
        Task calldata task,
        address prover,
        bytes calldata publicValues
    ) private {
        bytes memory data = abi.encodeCall(
            IResultReceiver.onResult, (id, task.projectId, task.programId, prover, publicValues)
        );
        (bool ok, bytes memory reason) = BoundedCall.call(receiver, data, MAX_REASON);
        if (!ok) revert ReceiverFailed(reason);
    }

    /// What the arguments that a proof system checks cost at least. Not the whole of `msg.data`: it
    /// can be padded with zeros, which cost less than they would be repaid.
    function _calldataGas(bytes calldata publicValues, bytes calldata proof)
        private
        pure
        returns (uint256)
    {
        return 4 * publicValues.length + 16 * proof.length;
    }

    /// @param spentFrom `gasleft()` at the start, and what was spent before
    function _pay(bytes32 id, address prover, uint256 spentFrom) private {
        address pool = rewardPool;
        if (pool == address(0)) return;
        bytes memory data = abi.encodeCall(IRewardPool.pay, (id, prover, spentFrom - gasleft()));
        if (!BoundedCall.tryCall(pool, data, PAY_GAS)) revert IProofVerifier.NotEnoughGas();
    }

    function _onlyProjectOwner(uint64 projectId) private view {
        if (projectRegistrar.ownerOf(projectId) != msg.sender) {
            revert NotProjectOwner(projectId, msg.sender);
        }
    }
}
