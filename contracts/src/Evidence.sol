// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {MessageTree} from "./MessageTree.sol";

/// A znode took the proof of a task under a lease, knowing the verifier that will judge it.
struct Acceptance {
    bytes32 taskId;
    uint64 epoch;
    address prover;
    address verifier;
}

/// A znode stands by a receipt of exactly these bytes.
struct ReceiptClaim {
    bytes32 taskId;
    uint64 epoch;
    address prover;
    bytes32 programId;
    bytes32 publicValuesHash;
    bytes32 proofHash;
}

/// What proves that a key stands by a statement: the statement's path in the tree of the frame that
/// made it, and the frame's signature over that tree and the hash of its payload.
struct Evidence {
    bytes32 payloadHash;
    bytes32 root;
    uint256 index;
    uint256 count;
    bytes32[] path;
    bytes signature;
}

library EvidenceHash {
    bytes32 private constant ACCEPTANCE =
        keccak256("Acceptance(bytes32 taskId,uint64 epoch,address prover,address verifier)");
    bytes32 private constant RECEIPT_CLAIM = keccak256(
        "ReceiptClaim(bytes32 taskId,uint64 epoch,address prover,bytes32 programId,bytes32 publicValuesHash,bytes32 proofHash)"
    );
    bytes32 private constant ENVELOPE = keccak256("Envelope(bytes payload,bytes32 statements)");

    /// EIP-712 hashStruct.
    function structHash(Acceptance calldata a) internal pure returns (bytes32) {
        return keccak256(abi.encode(ACCEPTANCE, a.taskId, a.epoch, a.prover, a.verifier));
    }

    /// EIP-712 hashStruct.
    function structHash(ReceiptClaim calldata c) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                RECEIPT_CLAIM,
                c.taskId,
                c.epoch,
                c.prover,
                c.programId,
                c.publicValuesHash,
                c.proofHash
            )
        );
    }

    /// Who signed a frame that makes the statement; zero if it is not under the frame's root, or the
    /// signature is malformed (other lengths than 65 bytes, a high s).
    function signer(Evidence calldata e, bytes32 statement, bytes32 domainSeparator)
        internal
        pure
        returns (address who)
    {
        if (e.count > type(uint64).max || e.index >= e.count) return address(0);
        if (!MessageTree.verifyProof(e.root, uint64(e.count), uint64(e.index), statement, e.path)) {
            return address(0);
        }
        bytes32 envelope = keccak256(abi.encode(ENVELOPE, e.payloadHash, e.root));
        bytes32 digest = MessageHashUtils.toTypedDataHash(domainSeparator, envelope);
        (who,,) = ECDSA.tryRecoverCalldata(digest, e.signature);
    }
}
