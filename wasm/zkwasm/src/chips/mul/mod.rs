//! Products of 32 and 64 bits.
//!
//! Why the constraints suffice. The operands' limbs are split into looked-up bytes. Limb `l` of the
//! product is the sum of the byte products of weights `2^(16 l)` and `2^(16 l + 8)` and the last
//! carry: at most `15 * 255^2 * 256 + 2^11`, below 2^28. It equals `c + 2^16 carry` where `c` is a
//! looked-up limb and the carry, looked up itself and 32-fold, is below 2^11; neither side can wrap
//! around the field, so `c` is the limb. For 32 bits the upper limbs are left out.

mod air;
mod generation;
#[cfg(test)]
mod tests;

pub use air::{carries, eval, split_bytes};
pub use generation::{generate, weigh};

use crate::program::isa::Op;

/// The operations of this table in the order of their flags.
pub const OPS: [Op; 2] = [Op::Mul32, Op::Mul64];

/// Limbs of the operands.
const A: usize = OPS.len();
const B: usize = A + 4;
/// Bytes of the operands.
const X: usize = B + 4;
const Y: usize = X + 8;
/// Limbs of the product, and carries out of them.
const C: usize = Y + 8;
const CARRY: usize = C + 4;
pub const WIDTH: usize = CARRY + 4;
