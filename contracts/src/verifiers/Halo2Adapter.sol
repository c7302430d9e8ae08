// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {BoundedCall} from "../BoundedCall.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";

/// Gives a generated Halo2/KZG verifier (snark-verifier's `EvmLoader`) the router's interface.
/// Such a verifier has only a fallback: it takes the instances (32-byte words) and the proof, side
/// by side, reverts if the proof is bad and returns nothing if it is good.
contract Halo2Adapter is IProofVerifier {
    /// Shape of a circuit's public values and proof. Indices count words from 0.
    struct Layout {
        uint256 words;
        uint256 inputCommitment;
        uint256 bindingHi;
        uint256 bindingLo;
        uint256 proofBytes;
        /// Gas that the generated verifier gets. A bad proof burns nearly all of it.
        uint256 verifyGas;
    }

    error NoCode(address account);
    error BadLayout();

    /// Order of BN254's scalar field. The generated verifier reduces what it reads, so a word not
    /// below this would be an alias of another.
    uint256 internal constant FIELD =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    address public immutable verifier;
    bytes32 public immutable programId;
    uint256 private immutable _words;
    uint256 private immutable _inputCommitment;
    uint256 private immutable _bindingHi;
    uint256 private immutable _bindingLo;
    uint256 private immutable _proofBytes;
    uint256 private immutable _verifyGas;

    constructor(address verifier_, bytes32 programId_, Layout memory layout_) {
        if (verifier_.code.length == 0) revert NoCode(verifier_);
        if (
            layout_.inputCommitment >= layout_.words || layout_.bindingHi >= layout_.words
                || layout_.bindingLo >= layout_.words || layout_.proofBytes == 0
                || layout_.verifyGas == 0
        ) revert BadLayout();
        verifier = verifier_;
        programId = programId_;
        _words = layout_.words;
        _inputCommitment = layout_.inputCommitment;
        _bindingHi = layout_.bindingHi;
        _bindingLo = layout_.bindingLo;
        _proofBytes = layout_.proofBytes;
        _verifyGas = layout_.verifyGas;
    }

    /// The shape that this adapter expects.
    function expectedLayout() external view returns (Layout memory) {
        return Layout(_words, _inputCommitment, _bindingHi, _bindingLo, _proofBytes, _verifyGas);
    }

    /// @inheritdoc IProofVerifier
    function verify(bytes32 programId_, bytes calldata publicValues, bytes calldata proof)
        public
        view
        virtual
        returns (bool)
    {
        if (programId_ != programId || proof.length != _proofBytes) return false;
        if (!_wellFormed(publicValues)) return false;
        return BoundedCall.accepts(verifier, abi.encodePacked(publicValues, proof), _verifyGas);
    }

    /// @inheritdoc IProofVerifier
    function statement(bytes calldata publicValues)
        public
        view
        virtual
        returns (Binding kind, bytes32 inputCommitment, bytes32 binding)
    {
        if (!_wellFormed(publicValues)) return (Binding.None, 0, 0);
        kind = Binding.Data;
        inputCommitment = bytes32(_word(publicValues, _inputCommitment));
        binding = bytes32(_word(publicValues, _bindingHi) << 128 | _word(publicValues, _bindingLo));
    }

    function _wellFormed(bytes calldata publicValues) private view returns (bool) {
        uint256 words = _words;
        if (publicValues.length != words * 32) return false;
        for (uint256 i = 0; i < words; ++i) {
            if (_word(publicValues, i) >= FIELD) return false;
        }
        return
            _word(publicValues, _bindingHi) >> 128 == 0
                && _word(publicValues, _bindingLo) >> 128 == 0;
    }

    function _word(bytes calldata publicValues, uint256 index) private pure returns (uint256) {
        return uint256(bytes32(publicValues[index * 32:index * 32 + 32]));
    }
}
