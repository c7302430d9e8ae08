// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IRiscZeroVerifier} from "../interfaces/IRiscZeroVerifier.sol";

/// Verifies Groth16 receipts of RISC Zero's zkVM, of the one version that its control root names.
///
/// The proof says that RISC Zero's recursion programs (`controlRoot`), the last of them with
/// Poseidon over BN254 (`bn254ControlId`), accepted a receipt whose claim has this digest. The
/// verifying key is that of RISC Zero's ceremony, as published in the crate `risc0-groth16`. A seal
/// is 4 bytes of selector and the points A, B and C as the precompiles of EIP-197 take them.
contract Risc0Groth16Verifier is IRiscZeroVerifier {
    error SelectorMismatch(bytes4 received, bytes4 expected);
    error BadControlId();

    /// BN254's base field and scalar field.
    uint256 private constant BASE =
        21888242871839275222246405745257275088696311157297823662689037894645226208583;
    uint256 private constant SCALAR =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    // The verifying key. Of a coordinate in the extension field, 1 is the imaginary part.
    uint256 private constant ALPHA_X =
        0x2d4d9aa7e302d9df41749d5507949d05dbea33fbb16c643b22f599a2be6df2e2;
    uint256 private constant ALPHA_Y =
        0x14bedd503c37ceb061d8ec60209fe345ce89830a19230301f076caff004d1926;
    uint256 private constant BETA_X1 =
        0x0967032fcbf776d1afc985f88877f182d38480a653f2decaa9794cbc3bf3060c;
    uint256 private constant BETA_X2 =
        0x0e187847ad4c798374d0d6732bf501847dd68bc0e071241e0213bc7fc13db7ab;
    uint256 private constant BETA_Y1 =
        0x304cfbd1e08a704a99f5e847d93f8c3caafddec46b7a0d379da69a4d112346a7;
    uint256 private constant BETA_Y2 =
        0x1739c1b1a457a8c7313123d24d2f9192f896b7c63eea05a9d57f06547ad0cec8;
    uint256 private constant GAMMA_X1 =
        0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2;
    uint256 private constant GAMMA_X2 =
        0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed;
    uint256 private constant GAMMA_Y1 =
        0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b;
    uint256 private constant GAMMA_Y2 =
        0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa;
    uint256 private constant DELTA_X1 =
        0x03b03cd5effa95ac9bee94f1f5ef907157bda4812ccf0b4c91f42bb629f83a1c;
    uint256 private constant DELTA_X2 =
        0x1aa085ff28179a12d922dba0547057ccaae94b9d69cfaa4e60401fea7f3e0333;
    uint256 private constant DELTA_Y1 =
        0x110c10134f200b19f6490846d518c9aea868366efb7228ca5c91d2940d030762;
    uint256 private constant DELTA_Y2 =
        0x1e60f31fcbf757e837e867178318832d0b2d74d59e2fea1c7142df187d3fc6d3;
    uint256 private constant IC0_X =
        0x12ac9a25dcd5e1a832a9061a082c15dd1d61aa9c4d553505739d0f5d65dc3be4;
    uint256 private constant IC0_Y =
        0x025aa744581ebe7ad91731911c898569106ff5a2d30f3eee2b23c60ee980acd4;
    uint256 private constant IC1_X =
        0x0707b920bc978c02f292fae2036e057be54294114ccc3c8769d883f688a1423f;
    uint256 private constant IC1_Y =
        0x2e32a094b7589554f7bc357bf63481acd2d55555c203383782a4650787ff6642;
    uint256 private constant IC2_X =
        0x0bca36e2cbe6394b3e249751853f961511011c7148e336f4fd974644850fc347;
    uint256 private constant IC2_Y =
        0x2ede7c9acf48cf3a3729fa3d68714e2a8435d4fa6db8f7f409c153b1fcdf9b8b;
    uint256 private constant IC3_X =
        0x1b8af999dbfbb3927c091cc2aaf201e488cbacc3e2c6b6fb5a25f9112e04f2a7;
    uint256 private constant IC3_Y =
        0x2b91a26aa92e1b6f5722949f192a81c850d586d81a60157f3e9cf04f679cccd6;
    uint256 private constant IC4_X =
        0x2b5f494ed674235b8ac1750bdfd5a7615f002d4a1dcefeddd06eda5a076ccd0d;
    uint256 private constant IC4_Y =
        0x2fe520ad2020aab9cbba817fcbb9a863b8a76ff88f14f912c5e71665b2ad5e82;
    uint256 private constant IC5_X =
        0x0f1c3c0d5d9da0fa03666843cde4e82e869ba5252fce3c25d5940320b1c4d493;
    uint256 private constant IC5_Y =
        0x214bfcff74f425f6fe8c0d07b307482d8bc8bb2f3608f68287aa01bd0b69e809;
    /// SHA-256 of the key in the form of risc0's tagged structs.
    bytes32 private constant KEY_DIGEST =
        0x21c5fdd9b4d576b17581f50b755482ba7a2134a3b5186e8e454acfa1f69511ab;

    bytes32 private constant PARAMETERS_TAG = sha256("risc0.Groth16ReceiptVerifierParameters");
    bytes32 private constant CLAIM_TAG = sha256("risc0.ReceiptClaim");
    bytes32 private constant OUTPUT_TAG = sha256("risc0.Output");
    /// Digest of the state of a machine that has halted: its program counter and memory are zero.
    bytes32 private constant HALTED =
        0xa3acc27117418996340b84e5a90f3ef4c49d22c79e44aad822ec9c313e1eb8e2;
    uint256 private constant SEAL_BYTES = 4 + 8 * 32;

    /// What seals of this version begin with.
    bytes4 public immutable selector;
    bytes32 public immutable controlRoot;
    bytes32 public immutable bn254ControlId;
    /// What the key and the version's own public inputs add up to.
    uint256 private immutable _fixedX;
    uint256 private immutable _fixedY;

    /// @param controlRoot_ of the version, as risc0 writes it
    /// @param bn254ControlId_ likewise: its bytes are in little-endian order
    constructor(bytes32 controlRoot_, bytes32 bn254ControlId_) {
        uint256 id = _reversed(bn254ControlId_);
        if (id >= SCALAR) revert BadControlId();
        controlRoot = controlRoot_;
        bn254ControlId = bn254ControlId_;
        bytes32 parameters = sha256(
            abi.encodePacked(
                PARAMETERS_TAG, controlRoot_, bn254ControlId_, KEY_DIGEST, uint16(3) << 8
            )
        );
        selector = bytes4(parameters);

        (uint256 low, uint256 high) = _halves(controlRoot_);
        (uint256 x, uint256 y) = (IC0_X, IC0_Y);
        (x, y) = _addScaled(x, y, IC1_X, IC1_Y, low);
        (x, y) = _addScaled(x, y, IC2_X, IC2_Y, high);
        (_fixedX, _fixedY) = _addScaled(x, y, IC5_X, IC5_Y, id);
    }

    /// @inheritdoc IRiscZeroVerifier
    function verify(bytes calldata seal, bytes32 imageId, bytes32 journalDigest) external view {
        _verify(seal, claimOf(imageId, journalDigest));
    }

    /// @inheritdoc IRiscZeroVerifier
    function verifyIntegrity(Receipt calldata receipt) external view {
        _verify(receipt.seal, receipt.claimDigest);
    }

    /// Digest of the claim that a program halted with success, rests on no assumption and committed
    /// to a journal.
    function claimOf(bytes32 imageId, bytes32 journalDigest) public pure returns (bytes32) {
        bytes32 output =
            sha256(abi.encodePacked(OUTPUT_TAG, journalDigest, bytes32(0), uint16(2) << 8));
        // No input, and the exit codes of system and user are 0.
        return sha256(
            abi.encodePacked(
                CLAIM_TAG, bytes32(0), imageId, HALTED, output, uint64(0), uint16(4) << 8
            )
        );
    }

    function _verify(bytes calldata seal, bytes32 claim) private view {
        if (seal.length != SEAL_BYTES) revert VerificationFailed();
        if (bytes4(seal) != selector) revert SelectorMismatch(bytes4(seal), selector);
        uint256[8] memory p = abi.decode(seal[4:], (uint256[8]));
        if (p[1] >= BASE) revert VerificationFailed();

        (uint256 low, uint256 high) = _halves(claim);
        (uint256 x, uint256 y) = _addScaled(_fixedX, _fixedY, IC3_X, IC3_Y, low);
        (x, y) = _addScaled(x, y, IC4_X, IC4_Y, high);

        // e(-A, B) e(alpha, beta) e(inputs, gamma) e(C, delta) = 1
        uint256[24] memory pairs = [
            p[0],
            (BASE - p[1]) % BASE,
            p[2],
            p[3],
            p[4],
            p[5],
            ALPHA_X,
            ALPHA_Y,
            BETA_X1,
            BETA_X2,
            BETA_Y1,
            BETA_Y2,
            x,
            y,
            GAMMA_X1,
            GAMMA_X2,
            GAMMA_Y1,
            GAMMA_Y2,
            p[6],
            p[7],
            DELTA_X1,
            DELTA_X2,
            DELTA_Y1,
            DELTA_Y2
        ];
        bool ok;
        assembly ("memory-safe") {
            // Refuses coordinates outside the field, and points that are not in their groups.
            ok := staticcall(gas(), 8, pairs, 768, 0, 0x20)
            ok := and(ok, eq(mload(0), 1))
        }
        if (!ok) revert VerificationFailed();
    }

    /// (x, y) + scalar (px, py), by the precompiles of EIP-196.
    function _addScaled(uint256 x, uint256 y, uint256 px, uint256 py, uint256 scalar)
        private
        view
        returns (uint256 sx, uint256 sy)
    {
        bool ok;
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore(at, px)
            mstore(add(at, 0x20), py)
            mstore(add(at, 0x40), scalar)
            ok := staticcall(gas(), 7, at, 0x60, at, 0x40)
            mstore(add(at, 0x40), x)
            mstore(add(at, 0x60), y)
            ok := and(ok, staticcall(gas(), 6, at, 0x80, at, 0x40))
            sx := mload(at)
            sy := mload(add(at, 0x20))
        }
        if (!ok) revert VerificationFailed();
    }

    /// The first and the last 16 bytes of a digest as little-endian numbers.
    function _halves(bytes32 digest) private pure returns (uint256 low, uint256 high) {
        uint256 value = _reversed(digest);
        return (uint256(uint128(value)), value >> 128);
    }

    /// The little-endian number that these bytes are.
    function _reversed(bytes32 bytes_) private pure returns (uint256 value) {
        value = uint256(bytes_);
        value = (value >> 8 & 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff)
            | (value & 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff) << 8;
        value = (value >> 16 & 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff)
            | (value & 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff) << 16;
        value = (value >> 32 & 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff)
            | (value & 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff) << 32;
        value = (value >> 64 & 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff)
            | (value & 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff) << 64;
        value = value >> 128 | value << 128;
    }
}
