//! Shifts and rotations of 32 and 64 bits.
//!
//! Why the constraints suffice. With `n` bits, `a` is shifted left by `k` into `2 n` bits, where `k`
//! is the distance `s` to the left, and `n - s` to the right: a left shift is the lower half, an
//! unsigned right shift the upper half, a rotation their sum. *Distance:* `b0 = s + n h` where `s`
//! is below `n`, as `s` times `256 / n` is a byte, and `h` is looked up, so `s` is `b mod n`. `k` is
//! `8 q + r`, with `r` three bits and `q` one of nine flags. *Bits:* each byte of `a` times `2^r` is
//! `low + 256 high`, both looked-up bytes, so the product's bytes are `low + high` of the byte
//! before; neither overlaps. *Bytes:* they move by `q`. *Signs:* of an arithmetic shift, the sign is
//! a boolean for which twice the top byte less 256 times it is a byte; the bits from `k` up to `n`
//! are its. For 32 bits the operand's upper limbs are 0.

mod air;
mod generation;
#[cfg(test)]
mod tests;

pub use air::eval;
pub use generation::generate;

use crate::program::isa::Op;

/// The operations of this table in the order of their flags.
pub const OPS: [Op; 10] = [
    Op::Shl32,
    Op::Shl64,
    Op::ShrU32,
    Op::ShrU64,
    Op::ShrS32,
    Op::ShrS64,
    Op::Rotl32,
    Op::Rotl64,
    Op::Rotr32,
    Op::Rotr64,
];

/// Limbs of the operands.
const A: usize = OPS.len();
const B: usize = A + 4;
/// Bytes of `a`.
const X: usize = B + 4;
/// The distance `s`, and the rest `h` of `b0`.
const DISTANCE: usize = X + 8;
const REST: usize = DISTANCE + 1;
/// The bits of `r`, and `2^r - 1`.
const BITS: usize = REST + 1;
const POWER: usize = BITS + 3;
/// Which `q` it is.
const BYTES: usize = POWER + 1;
/// Low and high bytes of each byte's product.
const LOW: usize = BYTES + 9;
const HIGH: usize = LOW + 8;
/// The sign that is shifted in, and the same for 64 bits only.
const SIGN: usize = HIGH + 8;
const SIGN64: usize = SIGN + 1;
/// Limbs of the result.
const C: usize = SIGN64 + 1;
pub const WIDTH: usize = C + 4;
