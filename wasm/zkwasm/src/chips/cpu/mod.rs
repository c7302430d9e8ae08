//! The run, an instruction a row.
//!
//! Why it suffices. *Order.* The first row is at the entry with an empty state; each row's
//! instruction is the ROM's at its `pc`, and fixes the next row's `pc`, `fp`, `pages` and counts.
//! Rows are instructions up to the one that ends the run, then padding, and there is one that ends
//! it: the last row is padding, or ends it.
//! *Operands.* `a`, `b` and `rd` are accesses to [`buses::MEMORY`](crate::buses::MEMORY) at the
//! row's times in that order, or `a` is 0 and `b` the immediate. Times are below 2^23 and differ
//! from earlier ones by at most 2^24, so that an access cannot follow a later one.
//! *Results.* A row asks at most once for what another table does; its kind, which the ROM gives with
//! the operation, says what stands in the tuple, so that no table's tuple passes for another's.
//! Whatever is written has limbs below 2^16: it comes from a provider, from the ROM, from
//! another slot, or from the verifier (public inputs). Private inputs and memory's size are added to
//! 0 on the bus of results, as `0 + c = c`, which bounds them. A link has the return address from
//! the ROM and the frame pointer, which stays below 2^16 since calls look up the new one.
//! *End.* Only `halt` may give status 0, and it must. `trap` gives its own; a failed `require`, call
//! or indirect call theirs, and must end; on the buses the status is part of the tuple, so that a
//! row ends there exactly if the provider says so.

mod air;
mod columns;
mod generation;
#[cfg(test)]
mod tests;

pub use air::eval;
pub use columns::{PUBLIC, WIDTH};
pub use generation::{Run, generate};
