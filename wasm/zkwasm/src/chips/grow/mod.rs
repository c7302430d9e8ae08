//! Growth of linear memory.
//!
//! Why the constraints suffice. Pages, before and at most, are at most 2^16. An operand whose second
//! limb is 2 or more (less 2, it is looked up) is too large; else all sums are below 2^18, and memory
//! grows exactly if the maximum less the sum is a looked-up number below 2^24, and not if the sum
//! less the maximum less one is. The result is the number of pages as limbs, the second being a bit,
//! or `2^32 - 1`.

mod air;
mod generation;
#[cfg(test)]
mod tests;

pub use air::eval;
pub use generation::{GrowEvent, generate};

/// Whether the row is an event, whether memory grows, and whether the operand is 2^17 or more.
const REAL: usize = 0;
const GROWS: usize = 1;
const LARGE: usize = 2;
/// Limbs of the pages before, of the operand, and of the most pages.
const PAGES: usize = 3;
const A: usize = PAGES + 2;
const MOST: usize = A + 2;
/// By how much the sum is beyond the maximum or below it.
const DIFFERENCE: usize = MOST + 2;
pub const WIDTH: usize = DIFFERENCE + 2;
