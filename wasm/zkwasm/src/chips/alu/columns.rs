//! The cells of a row.

/// First of the flags that tell the operation, one each of [`super::OPS`].
pub const FLAGS: usize = 0;
/// Limbs of the operands.
pub const A: usize = FLAGS + super::OPS.len();
pub const B: usize = A + 4;
/// Limbs of the 64-bit sum or difference.
pub const X: usize = B + 4;
/// Carry or borrow out of each limb.
pub const CARRY: usize = X + 4;
/// Sign bits of the operands of a signed compare.
pub const SIGN_A: usize = CARRY + 4;
pub const SIGN_B: usize = SIGN_A + 1;
/// Inverse of the sum of the difference's limbs, where it is not zero.
pub const INVERSE: usize = SIGN_B + 1;
/// Result of a compare.
pub const BIT: usize = INVERSE + 1;
pub const WIDTH: usize = BIT + 1;
