// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// What RISC Zero's verifier contracts look like; both functions revert unless the proof holds.
interface IRiscZeroVerifier {
    struct Receipt {
        bytes seal;
        bytes32 claimDigest;
    }

    error VerificationFailed();

    /// @param seal the selector of its verifier, and the proof
    /// @param journalDigest SHA-256 of what the guest committed
    function verify(bytes calldata seal, bytes32 imageId, bytes32 journalDigest) external view;

    /// For any claim, also of guests that did not end with success.
    function verifyIntegrity(Receipt calldata receipt) external view;
}
