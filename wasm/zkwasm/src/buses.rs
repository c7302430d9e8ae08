//! The buses between tables. A table *requests* a tuple with a positive count and *provides* it
//! with a negative one; a proof holds only if every tuple's counts sum to zero.

/// What operations do: `[op, a0..a3, b0..b3, c0..c3, status]`, values as 16-bit limbs, lowest first.
/// The status is 0, or that of the trap which takes the place of a result.
///
/// Who requests guarantees that the limbs of `a` and `b` are below 2^16 (values come from the ROM
/// or from a provider); who provides guarantees that the limbs of what is then written are. For
/// * arithmetic, `c = op(a, b)`, or 0 where it traps;
/// * loads and reads of other cells, `a` has the index in `a0, a1`, `b` the immediate, `c` the value;
/// * stores and writes of other cells, `b` has the value, `c` the immediate;
/// * growth of memory, `a2` is the number of pages after it, `b` the most pages;
/// * inputs and outputs, `a0` is 1 for inputs, `a2` the index, `b` and `c` the value.
///
/// Accesses have their time in place of `a2`. They and growth have the pages before in place of
/// `a3`. Whoever provides an access has made it at the time, unless the status is not 0.
pub const RESULTS: &str = "results";

/// Fields of a tuple on [`RESULTS`].
pub const RESULTS_WIDTH: usize = 14;

/// The program: `[pc, op, rd, rs1, rs2, imm0..imm3, flags]`; see [`crate::chips::rom`].
pub const ROM: &str = "rom";

/// Cells at a time: `[space, cell, time, v0..v3]`. An access requests what the cell's last access
/// left, at an earlier time, and provides what it leaves itself; each cell is provided once at time
/// 0, and what the run leaves in it requested. So a read sees the last write.
pub const MEMORY: &str = "memory";

/// Numbers below 2^16: `[x]`.
pub const RANGE16: &str = "range16";

/// Numbers below 2^24: `[x]`.
pub const RANGE24: &str = "range24";

/// Numbers below 2^8: `[x]`.
pub const RANGE8: &str = "range8";

/// Bytes with how many of their bits are set: `[x, ones]`.
pub const ONES: &str = "ones";

/// Numbers below 16 with their conjunction: `[x, y, x & y]`.
pub const AND4: &str = "and4";

/// Gaps between cells of linear memory that the program gives: `[first, after the last]`.
pub const GAPS: &str = "gaps";
