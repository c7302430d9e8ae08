//! The state a program starts from, and leaves.

/// Everything but frames, which start at zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Size of linear memory in pages of 64 KiB.
    pub pages: u32,
    /// Its first bytes; the others are zero.
    pub memory: Vec<u8>,
    /// The module's globals, then the lengths of its data segments and of its element segments.
    pub globals: Vec<u64>,
    /// Cells of all tables, then of the passive element segments; see
    /// [`table_cell`](super::isa::table_cell).
    pub tables: Vec<u64>,
    /// Passive data segments end to end.
    pub segments: Vec<u8>,
}
