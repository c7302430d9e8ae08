// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IProofVerifier} from "../../src/interfaces/IProofVerifier.sol";

/// Takes the keccak of the public values as their proof, and states what it is told to state.
contract KeccakVerifier is IProofVerifier {
    Binding public kind = Binding.Data;
    bytes32 public inputCommitment;
    bytes32 public binding;

    function state(Binding kind_, bytes32 inputCommitment_, bytes32 binding_) external {
        (kind, inputCommitment, binding) = (kind_, inputCommitment_, binding_);
    }

    function verify(bytes32, bytes calldata publicValues, bytes calldata proof)
        external
        view
        virtual
        returns (bool)
    {
        return proof.length == 32 && bytes32(proof) == keccak256(publicValues);
    }

    function statement(bytes calldata) external view returns (Binding, bytes32, bytes32) {
        return (kind, inputCommitment, binding);
    }
}

/// Like a generated Halo2 verifier: only a fallback; the last 32 bytes are the proof and must be the
/// keccak of all before them; reverts if they aren't, returns nothing if they are.
contract FallbackVerifier {
    fallback() external {
        if (msg.data.length < 32) revert();
        uint256 end = msg.data.length - 32;
        if (bytes32(msg.data[end:]) != keccak256(msg.data[:end])) revert();
    }
}

/// Fails as a Halo2 verifier does when a precompile refuses a point: with all its gas.
contract BurningFallback {
    fallback() external {
        assembly {
            invalid()
        }
    }
}

/// A verifier that answers in a form its interface doesn't have.
contract RawVerifier {
    enum Mode {
        Revert,
        BurnGas,
        Nothing,
        Two,
        Long,
        Bomb,
        NotEnoughGas
    }

    Mode public immutable mode;

    constructor(Mode mode_) {
        mode = mode_;
    }

    fallback() external {
        Mode m = mode;
        if (m == Mode.Revert) revert("no");
        if (m == Mode.NotEnoughGas) revert IProofVerifier.NotEnoughGas();
        assembly {
            switch m
            case 1 { invalid() }
            case 2 { return(0, 0) }
            case 3 {
                mstore(0, 2)
                return(0, 32)
            }
            case 4 {
                mstore(0, 1)
                return(0, 64)
            }
            default { revert(0, 1000000) }
        }
    }
}

/// Valid proofs, but a statement of the wrong length.
contract ShortStatement {
    function verify(bytes32, bytes calldata, bytes calldata) external pure returns (bool) {
        return true;
    }

    function statement(bytes calldata) external pure returns (uint256) {
        return 2;
    }
}
