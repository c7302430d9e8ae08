// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {BoundedCall} from "../BoundedCall.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";

/// Gives the generated verifier of a size class, which takes wrapped zkWasm proofs of every program,
/// the router's interface for one program. Public values are a run's statement in the form that
/// `wasm/zkwasm/src/abi.rs` has; `wasm/zkwasm/src/prove/wrap/statement.rs` has the words made of it.
contract ZkWasmAdapter is IProofVerifier {
    error NoCode(address account);
    error BadImageId();
    error BadBinding();

    /// Version of the tables and the transcript that the circuit verifies.
    uint256 public constant PROOF_VERSION = 8;
    /// Most public inputs and outputs together.
    uint256 public constant MAX_IO = 33;

    /// Form of the public values.
    uint8 private constant FORM = 1;
    /// Form, status, image id, binding, and the numbers of inputs and of outputs.
    uint256 private constant HEAD = 74;
    uint256 private constant WORDS = 15;
    /// Order of BN254's scalar field.
    uint256 private constant FIELD =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    address public immutable verifier;
    bytes32 public immutable programId;
    bytes32 public immutable imageId;
    /// The class, as the logarithm of its tables' height.
    uint8 public immutable class;
    /// `Data`: the outputs begin with the commitment to the input, in four numbers. `Tag`: there is
    /// only the binding.
    Binding public immutable bindingKind;
    uint256 public immutable proofBytes;
    /// Gas that the generated verifier gets. A bad proof burns nearly all of it.
    uint256 public immutable verifyGas;

    constructor(
        address verifier_,
        bytes32 programId_,
        bytes32 imageId_,
        uint8 class_,
        Binding bindingKind_,
        uint256 proofBytes_,
        uint256 verifyGas_
    ) {
        if (verifier_.code.length == 0) revert NoCode(verifier_);
        if (uint256(imageId_) >= FIELD) revert BadImageId();
        if (bindingKind_ == Binding.None) revert BadBinding();
        verifier = verifier_;
        programId = programId_;
        imageId = imageId_;
        class = class_;
        bindingKind = bindingKind_;
        proofBytes = proofBytes_;
        verifyGas = verifyGas_;
    }

    /// @inheritdoc IProofVerifier
    function verify(bytes32 programId_, bytes calldata publicValues, bytes calldata proof)
        public
        view
        virtual
        returns (bool)
    {
        if (programId_ != programId || proof.length != proofBytes) return false;
        if (!_wellFormed(publicValues)) return false;
        bytes memory input = abi.encodePacked(words(publicValues), proof);
        return BoundedCall.accepts(verifier, input, verifyGas);
    }

    /// @inheritdoc IProofVerifier
    function statement(bytes calldata publicValues)
        public
        view
        virtual
        returns (Binding kind, bytes32 inputCommitment, bytes32 binding)
    {
        if (!_wellFormed(publicValues)) return (Binding.None, 0, 0);
        kind = bindingKind;
        binding = bytes32(publicValues[34:66]);
        if (kind == Binding.Data) {
            uint256 outputs = HEAD + _inputs(publicValues) * 8;
            inputCommitment = bytes32(publicValues[outputs:outputs + 32]);
        }
    }

    /// What the circuit makes public of well-formed public values.
    function words(bytes calldata publicValues) public view returns (uint256[WORDS] memory made) {
        made[0] = PROOF_VERSION | uint256(class) << 8 | uint256(uint8(publicValues[1])) << 16
            | _inputs(publicValues) << 24 | _outputs(publicValues) << 32;
        made[1] = uint256(bytes32(publicValues[2:34]));
        made[2] = uint256(uint128(bytes16(publicValues[34:50])));
        made[3] = uint256(uint128(bytes16(publicValues[50:66])));
        uint256 count = (publicValues.length - HEAD) / 8;
        for (uint256 i = 0; i < count; ++i) {
            uint256 offset = HEAD + i * 8;
            uint256 number = uint64(bytes8(publicValues[offset:offset + 8]));
            made[4 + i / 3] |= number << (64 * (i % 3));
        }
    }

    /// Of a run that was done, of this program, with as many numbers as the circuit takes.
    function _wellFormed(bytes calldata publicValues) private view returns (bool) {
        if (publicValues.length < HEAD || uint8(publicValues[0]) != FORM) return false;
        if (publicValues[1] != 0 || bytes32(publicValues[2:34]) != imageId) return false;
        uint256 inputs = _inputs(publicValues);
        uint256 outputs = _outputs(publicValues);
        if (inputs + outputs > MAX_IO || publicValues.length != HEAD + (inputs + outputs) * 8) {
            return false;
        }
        return bindingKind != Binding.Data || outputs >= 4;
    }

    function _inputs(bytes calldata publicValues) private pure returns (uint256) {
        return uint32(bytes4(publicValues[66:70]));
    }

    function _outputs(bytes calldata publicValues) private pure returns (uint256) {
        return uint32(bytes4(publicValues[70:74]));
    }
}
