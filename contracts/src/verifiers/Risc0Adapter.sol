// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {BoundedCall} from "../BoundedCall.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {IRiscZeroVerifier} from "../interfaces/IRiscZeroVerifier.sol";

/// Gives a verifier of RISC Zero's interface the router's. Public values are the guest's journal,
/// the proof is the seal.
contract Risc0Adapter is IProofVerifier {
    error NoCode(address account);
    error BadBinding();

    IRiscZeroVerifier public immutable verifier;
    bytes32 public immutable programId;
    bytes32 public immutable imageId;
    /// `Data`: the journal begins with the commitment to the input and the binding, 32 bytes each.
    /// `None`: the guest knows nothing of them.
    Binding public immutable bindingKind;
    /// Gas that the verifier gets. A bad proof may burn all of it.
    uint256 public immutable verifyGas;

    constructor(
        IRiscZeroVerifier verifier_,
        bytes32 programId_,
        bytes32 imageId_,
        Binding bindingKind_,
        uint256 verifyGas_
    ) {
        if (address(verifier_).code.length == 0) {
            revert NoCode(address(verifier_));
        }
        if (bindingKind_ == Binding.Tag) revert BadBinding();
        verifier = verifier_;
        programId = programId_;
        imageId = imageId_;
        bindingKind = bindingKind_;
        verifyGas = verifyGas_;
    }

    /// @inheritdoc IProofVerifier
    function verify(bytes32 programId_, bytes calldata publicValues, bytes calldata proof)
        external
        view
        returns (bool)
    {
        if (programId_ != programId || !_wellFormed(publicValues)) return false;
        bytes memory input =
            abi.encodeCall(IRiscZeroVerifier.verify, (proof, imageId, sha256(publicValues)));
        return BoundedCall.accepts(address(verifier), input, verifyGas);
    }

    /// @inheritdoc IProofVerifier
    function statement(bytes calldata publicValues)
        external
        view
        returns (Binding kind, bytes32 inputCommitment, bytes32 binding)
    {
        if (bindingKind == Binding.None || !_wellFormed(publicValues)) {
            return (Binding.None, 0, 0);
        }
        return (Binding.Data, bytes32(publicValues[:32]), bytes32(publicValues[32:64]));
    }

    function _wellFormed(bytes calldata publicValues) private view returns (bool) {
        return bindingKind == Binding.None || publicValues.length >= 64;
    }
}
