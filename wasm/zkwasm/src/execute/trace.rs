//! What a recorded run leaves for the prover.

use crate::program::isa::Status;

/// Memory outside of frames, by kind; a cell is named by its space and index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Space {
    /// Frame slots, by absolute index.
    Slots = 0,
    /// Linear memory in little-endian cells of 8 bytes.
    Linear = 1,
    /// The module's globals, then the lengths of its passive segments.
    Globals = 2,
    /// All tables end to end, then the passive element segments.
    Tables = 3,
    /// Passive data segments end to end, a byte a cell; never written.
    Segments = 4,
}

/// One access to a cell outside the frame; a read leaves `new == old`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    pub space: Space,
    pub cell: u32,
    pub old: u64,
    pub new: u64,
}

/// One executed instruction. Its clock is its index in the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub pc: u32,
    pub fp: u32,
    /// Operand values: the slot's, the immediate, or 0.
    pub a: u64,
    pub b: u64,
    /// Value of slot `rd` before, and after; `new == old` where a trap kept it from being written.
    pub old: u64,
    pub new: u64,
    /// The row's accesses are `accesses[first_access..][..access_count]` of the trace.
    pub first_access: u32,
    pub access_count: u8,
    /// Pages of linear memory before the instruction.
    pub pages: u32,
    /// Where execution goes on; the row's own `pc` and `fp` where it ended here.
    pub next_pc: u32,
    pub next_fp: u32,
}

/// A whole run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    pub rows: Vec<Row>,
    pub accesses: Vec<Access>,
    /// `None` only while the run goes on.
    pub status: Option<Status>,
}

impl Trace {
    /// The accesses of a row outside the frame.
    pub fn accesses_of(&self, row: &Row) -> &[Access] {
        &self.accesses[row.first_access as usize..][..usize::from(row.access_count)]
    }
}
