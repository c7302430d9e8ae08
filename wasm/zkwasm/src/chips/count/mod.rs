//! Leading zeros, trailing zeros and set bits.
//!
//! Why the constraints suffice. If `a` is not zero, its highest set bit is `k` exactly if `a >> k`
//! is 1, and its lowest is `63 - k` exactly if `a << k` is `2^63`; the shift is asked for on the
//! bus of results, with `k` below 64 as 4 times it is a byte. So there are `63 - k` leading or
//! trailing zeros, of 64; for 32 bits the operand's upper limbs are 0, and there are 32 leading
//! zeros less. Whether `a` is zero is known as for all such flags: its limbs' sum, which cannot
//! wrap around the field, has an inverse or is 0. Set bits are summed over looked-up bytes.

mod air;
mod generation;
#[cfg(test)]
mod tests;

pub use air::eval;
pub use generation::generate;

use crate::program::isa::Op;

/// The operations of this table in the order of their flags.
pub const OPS: [Op; 5] = [Op::Clz32, Op::Clz64, Op::Ctz32, Op::Ctz64, Op::Popcnt];

/// Limbs of the operands; `b` has no effect.
const A: usize = OPS.len();
const B: usize = A + 4;
/// Bytes of `a`, and how many bits of each are set.
const X: usize = B + 4;
const ONES: usize = X + 8;
/// Whether `a` is not zero, and the inverse of its limbs' sum then.
const NONZERO: usize = ONES + 8;
const INVERSE: usize = NONZERO + 1;
/// The shift `k`.
const K: usize = INVERSE + 1;
/// The result.
const C: usize = K + 1;
pub const WIDTH: usize = C + 1;
