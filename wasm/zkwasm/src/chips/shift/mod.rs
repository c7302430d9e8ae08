//! Shifts and rotations: a table for 32 bits and one for 64.
//!
//! Why the constraints suffice. With `n` bits, `a` is shifted left by `k` into `2 n` bits, where `k`
//! is the distance `s` to the left, and `n - s` to the right: a left shift is the lower half, an
//! unsigned right shift the upper half, a rotation their sum. *Distance:* `b0 = s + n h` where `s`
//! is below `n`, as `s` times `256 / n` is a byte, and `h` is looked up, so `s` is `b mod n`. `k` is
//! `8 q + r`, with `r` three bits and `q` one flag of those up to `n / 8`. *Bits:* each limb of `a`
//! times `2^r`, and the carry into it, is two bytes of the product and the carry out of it. All are
//! looked up as bytes, so neither side reaches 2^24, and as limbs of `a` are below 2^16, bytes and
//! carry are the quotients and rests that they should be. The last carry is the product's highest
//! byte. *Bytes:* they move by `q`. *Signs:* of an arithmetic shift, the sign is a boolean for which
//! twice the top limb less 2^16 times it is looked up; the bits from `k` up to `n` are its.

mod air;
mod generation;
#[cfg(test)]
mod tests;

pub use air::eval;
pub use generation::generate;

use crate::program::isa::Op;

/// The operations of each table, in the order of its flags.
pub const OPS32: [Op; 5] = [Op::Shl32, Op::ShrU32, Op::ShrS32, Op::Rotl32, Op::Rotr32];
pub const OPS64: [Op; 5] = [Op::Shl64, Op::ShrU64, Op::ShrS64, Op::Rotl64, Op::Rotr64];

/// The operations of the table for operands of so many limbs.
const fn ops(limbs: usize) -> &'static [Op; 5] {
    if limbs == 2 { &OPS32 } else { &OPS64 }
}

/// First columns of a table, after the flags.
struct Columns {
    /// Limbs of the operands.
    a: usize,
    b: usize,
    /// The distance `s`, and the rest `h` of `b0`.
    distance: usize,
    rest: usize,
    /// The bits of `r`, and `2^r - 1`.
    bits: usize,
    power: usize,
    /// Which `q` it is.
    moved: usize,
    /// Bytes of `a` times `2^r`, one more than `a` has.
    product: usize,
    /// Carries out of all limbs but the last.
    carry: usize,
    /// The sign that is shifted in.
    sign: usize,
    /// Limbs of the result.
    c: usize,
    width: usize,
}

/// Columns of the table for operands of so many limbs.
const fn columns(limbs: usize) -> Columns {
    let a = OPS32.len();
    let b = a + limbs;
    let distance = b + limbs;
    let bits = distance + 2;
    let moved = bits + 4;
    let product = moved + 2 * limbs + 1;
    let carry = product + 2 * limbs + 1;
    let sign = carry + limbs - 1;
    let c = sign + 1;
    Columns {
        a,
        b,
        distance,
        rest: distance + 1,
        bits,
        power: bits + 3,
        moved,
        product,
        carry,
        sign,
        c,
        width: c + limbs,
    }
}

pub const fn width(limbs: usize) -> usize {
    columns(limbs).width
}
