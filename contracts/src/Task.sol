// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// A unit of proving work. Its id is its EIP-712 digest under the router's domain, so chain and
/// router are part of the id.
struct Task {
    uint64 projectId;
    string version;
    bytes32 programId;
    bytes32 messagesRoot;
    bytes32 inputCommitment;
    uint256 nonce;
}

/// One proved task as `submitBatch` takes it.
struct Submission {
    Task task;
    bytes operatorSig;
    address prover;
    bytes publicValues;
    bytes proof;
}

/// Where a program's results go and who checks them.
struct Route {
    address verifier;
    address receiver;
    bool allowUnbound;
}

library TaskHash {
    bytes32 internal constant TYPEHASH = keccak256(
        "Task(uint64 projectId,string version,bytes32 programId,bytes32 messagesRoot,bytes32 inputCommitment,uint256 nonce)"
    );

    /// EIP-712 hashStruct.
    function structHash(Task calldata task) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                TYPEHASH,
                task.projectId,
                keccak256(bytes(task.version)),
                task.programId,
                task.messagesRoot,
                task.inputCommitment,
                task.nonce
            )
        );
    }
}
