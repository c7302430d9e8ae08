// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Acceptance, Evidence, EvidenceHash, ReceiptClaim} from "./Evidence.sol";
import {ZNodeRegistrar} from "./ZNodeRegistrar.sol";
import {IProofVerifier} from "./interfaces/IProofVerifier.sol";

/// Takes stake for what a znode signed and can be shown to be wrong, and for nothing else:
/// two receipts with different public values, or a receipt that a verifier refuses which the
/// protocol listed and the znode itself named. Anyone may report. Being late, absent or rude, and
/// other bytes for a proof of the same public values, are no faults.
///
/// A key can be made to sign faults at any time, for tasks that never were: who has it can cost the
/// znode its stake. Most of what is taken is burned and none goes to the project, so reporting
/// oneself costs, and a project gains nothing by it.
contract Slasher {
    using EvidenceHash for Acceptance;
    using EvidenceHash for Evidence;
    using EvidenceHash for ReceiptClaim;

    /// `kind` is `EQUIVOCATION` or `INVALID_PROOF`; `slashed` is what this report took, in wei.
    event FaultProven(
        uint64 indexed znodeId,
        address indexed prover,
        bytes32 indexed taskId,
        uint64 epoch,
        uint8 kind,
        uint256 slashed,
        address reporter
    );
    /// Zero `gasLimit`: no longer listed.
    event VerifierListed(bytes32 indexed codehash, bytes32 indexed programId, uint256 gasLimit);
    event Withdrawn(address indexed reporter, uint256 amount);

    error NotAdmin();
    error NoCode(address account);
    error BadParameters();
    error DifferentTask();
    error DifferentEpoch();
    error DifferentProver();
    /// Both claims are of the same public values: proving again is no fault.
    error SamePublicValues();
    /// The evidence does not show that the prover made this statement.
    error NotStated(address prover);
    /// The bytes given are not those of the claim.
    error DifferentBytes();
    error VerifierNotListed(bytes32 codehash, bytes32 programId);
    /// Too little gas was sent to tell a refusal from a lack of gas.
    error NotEnoughGas(uint256 wanted);
    /// The verifier took the proof, or did not clearly refuse it.
    error NotRefused();
    error NotLiable(address prover, uint64 znodeId);
    error AlreadySlashed(address prover, bytes32 taskId, uint64 epoch);
    error NothingToSlash(uint64 znodeId);
    error NothingToWithdraw();
    error OnlyRegistrar();
    error TransferFailed();

    uint8 public constant EQUIVOCATION = 1;
    uint8 public constant INVALID_PROOF = 2;
    /// Where burned stake goes; nobody has its key.
    address public constant BURN = 0x000000000000000000000000000000000000dEaD;
    /// Most that a reporter may get of what is taken, in 1/10000.
    uint256 public constant MAX_REPORTER_BPS = 5000;

    bytes32 private constant DOMAIN = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    /// Spent between the check of the gas and the verifier's first instruction: access to a cold
    /// account and what stands around the call.
    uint256 private constant CALL_OVERHEAD = 10_000;

    /// In whose domain frames are signed.
    address public immutable router;
    ZNodeRegistrar public immutable registrar;
    /// Who lists verifiers.
    address public immutable admin;
    /// Wei that one fault costs.
    uint256 public immutable penalty;
    /// The reporter's part of what is taken, in 1/10000; the rest is burned.
    uint256 public immutable reporterBps;

    /// Gas that a listed verifier gets for a program; zero: not listed.
    mapping(bytes32 codehash => mapping(bytes32 programId => uint256)) public gasLimitOf;
    /// Wei that a reporter can withdraw.
    mapping(address reporter => uint256) public credits;
    mapping(bytes32 fault => uint256) private _taken;

    constructor(
        address router_,
        address registrar_,
        address admin_,
        uint256 penalty_,
        uint256 reporterBps_
    ) {
        if (router_.code.length == 0) revert NoCode(router_);
        if (registrar_.code.length == 0) revert NoCode(registrar_);
        if (penalty_ == 0 || reporterBps_ > MAX_REPORTER_BPS) revert BadParameters();
        router = router_;
        registrar = ZNodeRegistrar(registrar_);
        admin = admin_;
        penalty = penalty_;
        reporterBps = reporterBps_;
    }

    /// Slashed stake only.
    receive() external payable {
        if (msg.sender != address(registrar)) revert OnlyRegistrar();
    }

    /// Lists a verifier's code for one program, with more gas than its worst answer takes; zero
    /// takes it off. The pair counts, not the code alone: otherwise a project's owner could route a
    /// program to another program's verifier, which refuses each honest proof of it. List only code
    /// whose answer depends on nothing but code (immutables are code): the same code at another
    /// address may have other storage, and a proxy other code behind it.
    function listVerifier(bytes32 codehash, bytes32 programId, uint256 gasLimit) external {
        if (msg.sender != admin) revert NotAdmin();
        if (codehash == 0 || codehash == keccak256("")) revert BadParameters();
        gasLimitOf[codehash][programId] = gasLimit;
        emit VerifierListed(codehash, programId, gasLimit);
    }

    /// Two receipts that one prover signed for the same task and epoch, of different results.
    function reportEquivocation(
        uint64 znodeId,
        ReceiptClaim calldata a,
        Evidence calldata ea,
        ReceiptClaim calldata b,
        Evidence calldata eb
    ) external {
        if (a.taskId != b.taskId) revert DifferentTask();
        if (a.epoch != b.epoch) revert DifferentEpoch();
        if (a.prover != b.prover) revert DifferentProver();
        if (a.publicValuesHash == b.publicValuesHash) revert SamePublicValues();
        _checkStated(a.prover, a.structHash(), ea);
        _checkStated(a.prover, b.structHash(), eb);
        _slash(znodeId, a.prover, a.taskId, a.epoch, EQUIVOCATION);
    }

    /// A receipt that the verifier which its prover named refuses. `publicValues` and `proof` are
    /// the exact bytes that the prover claimed. What the verifier answers does not depend on the
    /// gas of this transaction, and only a clean zero counts as a refusal.
    function reportInvalidProof(
        uint64 znodeId,
        Acceptance calldata acceptance,
        Evidence calldata ea,
        ReceiptClaim calldata claim,
        Evidence calldata ec,
        bytes calldata publicValues,
        bytes calldata proof
    ) external {
        if (acceptance.taskId != claim.taskId) revert DifferentTask();
        if (acceptance.epoch != claim.epoch) revert DifferentEpoch();
        if (acceptance.prover != claim.prover) revert DifferentProver();
        _checkStated(claim.prover, acceptance.structHash(), ea);
        _checkStated(claim.prover, claim.structHash(), ec);
        if (
            keccak256(publicValues) != claim.publicValuesHash || keccak256(proof) != claim.proofHash
        ) revert DifferentBytes();
        bytes memory question =
            abi.encodeCall(IProofVerifier.verify, (claim.programId, publicValues, proof));
        _checkRefused(acceptance.verifier, claim.programId, question);
        _slash(znodeId, claim.prover, claim.taskId, claim.epoch, INVALID_PROOF);
    }

    /// Pays out what the caller earned by reports.
    function withdraw() external {
        uint256 amount = credits[msg.sender];
        if (amount == 0) revert NothingToWithdraw();
        credits[msg.sender] = 0;
        emit Withdrawn(msg.sender, amount);
        _send(msg.sender, amount);
    }

    /// Wei already taken for what a prover did under a task's epoch.
    function takenFor(address prover, bytes32 taskId, uint64 epoch)
        external
        view
        returns (uint256)
    {
        return _taken[_faultOf(prover, taskId, epoch)];
    }

    function _checkStated(address prover, bytes32 statement, Evidence calldata evidence)
        private
        view
    {
        address signer = evidence.signer(statement, _domainSeparator());
        if (signer == address(0) || signer != prover) revert NotStated(prover);
    }

    /// Of the router, on the chain as it is now.
    function _domainSeparator() private view returns (bytes32) {
        return keccak256(
            abi.encode(DOMAIN, keccak256("W3bstream"), keccak256("1"), block.chainid, router)
        );
    }

    function _checkRefused(address verifier, bytes32 programId, bytes memory question)
        private
        view
    {
        uint256 limit = gasLimitOf[verifier.codehash][programId];
        if (limit == 0) revert VerifierNotListed(verifier.codehash, programId);
        // The verifier gets exactly `limit`: at most 63/64 of what is left can be passed on.
        uint256 wanted = limit + limit / 63 + CALL_OVERHEAD;
        if (gasleft() < wanted) revert NotEnoughGas(wanted);
        bool ok;
        uint256 size;
        uint256 answer;
        assembly ("memory-safe") {
            mstore(0x00, 1)
            ok := staticcall(limit, verifier, add(question, 0x20), mload(question), 0x00, 0x20)
            size := returndatasize()
            answer := mload(0x00)
        }
        if (!ok || size != 32 || answer != 0) revert NotRefused();
    }

    /// A fault costs one penalty, however often it is reported. What the named znode can't pay
    /// stays owed by any other that is liable for the prover: otherwise a culprit would settle it
    /// with a znode of one wei.
    function _slash(uint64 znodeId, address prover, bytes32 taskId, uint64 epoch, uint8 kind)
        private
    {
        if (!registrar.isLiable(prover, znodeId)) revert NotLiable(prover, znodeId);
        bytes32 fault = _faultOf(prover, taskId, epoch);
        uint256 owed = penalty - _taken[fault];
        if (owed == 0) revert AlreadySlashed(prover, taskId, epoch);
        uint256 taken = registrar.slash(znodeId, owed);
        if (taken == 0) revert NothingToSlash(znodeId);
        _taken[fault] += taken;
        uint256 reward = taken * reporterBps / 10_000;
        credits[msg.sender] += reward;
        emit FaultProven(znodeId, prover, taskId, epoch, kind, taken, msg.sender);
        _send(BURN, taken - reward);
    }

    function _faultOf(address prover, bytes32 taskId, uint64 epoch) private pure returns (bytes32) {
        return keccak256(abi.encode(prover, taskId, epoch));
    }

    function _send(address to, uint256 amount) private {
        (bool ok,) = to.call{value: amount}("");
        if (!ok) revert TransferFailed();
    }
}
