//! Numbers below 2^16 without a table of 2^16 rows: each distinct number is a row of two bytes, one
//! below 2^24 a row of three.
//!
//! Why it suffices: the bytes are looked up in the fixed table of 256 rows, so what is provided, such
//! as `low + 256 high`, is in range whatever the count, which may be any number of the field.
//!
//! The fixed table also has what 256 rows can say of a byte: its set bits, and the conjunction of
//! its two nibbles.

mod air;
mod generation;
#[cfg(test)]
mod tests;

pub use air::{bytes_fixed, eval_bytes, eval_split};
pub use generation::{Asked, generate_bytes, generate_split16, generate_split24};

/// Columns of a table of numbers of so many bytes: these, lowest first, the count, and whether the
/// row is in use.
pub const fn split_width(bytes: usize) -> usize {
    bytes + 2
}

/// Columns of the table of bytes: counts on each of its buses.
pub const BYTES_WIDTH: usize = 3;
/// The byte, its set bits, its nibbles, their conjunction.
pub const BYTES_FIXED_WIDTH: usize = 5;
/// The height of the table of bytes is `2^BYTES_LOG_HEIGHT`.
pub const BYTES_LOG_HEIGHT: usize = 8;
