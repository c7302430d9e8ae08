// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Acceptance, Evidence, ReceiptClaim} from "../../src/Evidence.sol";
import {MessageTree} from "../../src/MessageTree.sol";
import {Slasher} from "../../src/Slasher.sol";
import {ZNodeRegistrar} from "../../src/ZNodeRegistrar.sol";
import {TestBase} from "./TestBase.sol";
import {KeccakVerifier} from "./Verifiers.sol";

/// Signs statements as znodes do, by the definitions of EIP-712 alone.
abstract contract EvidenceBase is TestBase {
    function acceptanceHash(Acceptance memory a) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "Acceptance(bytes32 taskId,uint64 epoch,address prover,address verifier)"
                ),
                a.taskId,
                a.epoch,
                a.prover,
                a.verifier
            )
        );
    }

    function claimHash(ReceiptClaim memory c) internal pure returns (bytes32) {
        bytes32 typeHash = keccak256(
            "ReceiptClaim(bytes32 taskId,uint64 epoch,address prover,bytes32 programId,bytes32 publicValuesHash,bytes32 proofHash)"
        );
        return keccak256(
            abi.encode(
                typeHash, c.taskId, c.epoch, c.prover, c.programId, c.publicValuesHash, c.proofHash
            )
        );
    }

    function domainOf(address router) internal view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("W3bstream"),
                keccak256("1"),
                block.chainid,
                router
            )
        );
    }

    /// A frame of two statements, of which this is the second.
    function stated(uint256 key, bytes32 statement, address router)
        internal
        view
        returns (Evidence memory e)
    {
        bytes32 sibling = keccak256("another statement");
        e.payloadHash = keccak256(abi.encode("payload", statement));
        e.root = MessageTree.seal(2, MessageTree.node(sibling, statement));
        e.index = 1;
        e.count = 2;
        e.path = new bytes32[](1);
        e.path[0] = sibling;
        bytes32 envelope = keccak256(
            abi.encode(
                keccak256("Envelope(bytes payload,bytes32 statements)"), e.payloadHash, e.root
            )
        );
        e.signature = signature(key, MessageHashUtils.toTypedDataHash(domainOf(router), envelope));
    }
}

/// A report of either kind, with all that it is made of.
struct Report {
    Acceptance acceptance;
    Evidence accepted;
    ReceiptClaim claim;
    Evidence claimed;
    bytes publicValues;
    bytes proof;
    ReceiptClaim other;
    Evidence otherwise;
}

/// A staked znode (1) of `owner` with the prover of `KEY`, a listed verifier, a slasher.
abstract contract SlasherBase is EvidenceBase {
    uint256 internal constant KEY = 0x5eed;
    uint256 internal constant STAKE = 10 ether;
    uint256 internal constant PENALTY = 4 ether;
    uint256 internal constant REPORTER_BPS = 2000;
    uint256 internal constant DELAY = 7 days;
    uint256 internal constant GAS = 200_000;
    bytes32 internal constant PROGRAM = keccak256("program");
    bytes32 internal constant TASK = keccak256("task");
    string internal constant DID = "did:key:one";
    address internal constant BURN = 0x000000000000000000000000000000000000dEaD;

    ZNodeRegistrar internal registrar;
    Slasher internal slasher;
    KeccakVerifier internal verifier;
    address internal router;
    address internal owner = account("owner");
    address internal prover = vm.addr(KEY);
    address internal reporter = account("reporter");
    address internal stranger = account("stranger");

    function setUp() public virtual {
        vm.warp(1_700_000_000);
        registrar = new ZNodeRegistrar(1 ether, DELAY, address(this));
        verifier = new KeccakVerifier();
        // Any contract: only its address counts.
        router = address(verifier);
        slasher = new Slasher(router, address(registrar), address(this), PENALTY, REPORTER_BPS);
        registrar.setSlasher(address(slasher));
        slasher.listVerifier(address(verifier).codehash, PROGRAM, GAS);
        vm.deal(owner, 100 ether);
        vm.startPrank(owner);
        registrar.createZNode(DID);
        registrar.addOperator(DID, prover);
        registrar.stake{value: STAKE}(1);
        vm.stopPrank();
    }

    /// Whose proof is good unless it is broken, and two claims of which `other` has other values.
    function report(bool good) internal view returns (Report memory r) {
        return reportOf(KEY, TASK, 1, good, address(verifier));
    }

    function reportOf(uint256 key, bytes32 taskId, uint64 epoch, bool good, address verifier_)
        internal
        view
        returns (Report memory r)
    {
        address by = vm.addr(key);
        r.publicValues = abi.encode("values", taskId, epoch);
        r.proof = abi.encode(good ? keccak256(r.publicValues) : keccak256("bad"));
        r.acceptance = Acceptance(taskId, epoch, by, verifier_);
        r.claim =
            ReceiptClaim(taskId, epoch, by, PROGRAM, keccak256(r.publicValues), keccak256(r.proof));
        r.other = ReceiptClaim(taskId, epoch, by, PROGRAM, keccak256("other"), keccak256(r.proof));
        sign(r, key);
    }

    function sign(Report memory r, uint256 key) internal view {
        r.accepted = stated(key, acceptanceHash(r.acceptance), router);
        r.claimed = stated(key, claimHash(r.claim), router);
        r.otherwise = stated(key, claimHash(r.other), router);
    }

    function invalidProof(Report memory r) internal {
        invalidProof(r, 1);
    }

    function invalidProof(Report memory r, uint64 znodeId) internal {
        vm.prank(reporter);
        slasher.reportInvalidProof(
            znodeId, r.acceptance, r.accepted, r.claim, r.claimed, r.publicValues, r.proof
        );
    }

    function equivocation(Report memory r) internal {
        equivocation(r, 1);
    }

    function equivocation(Report memory r, uint64 znodeId) internal {
        vm.prank(reporter);
        slasher.reportEquivocation(znodeId, r.claim, r.claimed, r.other, r.otherwise);
    }

    function notStated(address by) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(Slasher.NotStated.selector, by);
    }
}
