//! The register form: three-address instructions over frame slots.
//!
//! A *slot* is a 64-bit cell at `fp + index`. An `i32` is kept zero-extended, so that unsigned
//! compares and divisions, bitwise operations and equality need no 32-bit form.
//!
//! Every instruction has two operands, `a` and `b`, and at most one destination, `rd`:
//!
//! * `a` is slot `rs1`, or 0 where `rs1` is absent;
//! * `b` is slot `rs2`, or `imm` where `rs2` is absent;
//! * `rd` is a slot where [`Op::writes`] says so, else a plain number (the use is given below).
//!
//! So a step reads at most two slots, writes at most one, and touches at most two cells outside
//! the frame. `pc` goes to `pc + 1` unless said otherwise.
//!
//! # Frames
//!
//! With `m = max(parameters, results)` of a function, its frame is
//! `[0, m)` parameters, later results; `m` the link; then the other locals, then the stack.
//! A caller puts arguments at the top of its stack, which becomes slot 0 of the callee. The link
//! is `return pc | caller's fp << 32`. `fp` stays below [`FP_LIMIT`].

use std::fmt;

/// A call that would move the frame pointer to this slot or beyond traps.
pub const FP_LIMIT: u32 = 1 << 16;

/// Bytes of a page of linear memory.
pub const PAGE: u64 = 1 << 16;

macro_rules! ops {
    ($($(#[doc = $doc:literal])* $name:ident = $chip:ident $text:literal $writes:literal;)*) => {
        /// What an instruction does; see each variant. The number is the opcode in the ROM.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Op { $($(#[doc = $doc])* $name,)* }

        impl Op {
            /// Every operation in the order of its opcode.
            pub const ALL: &[Op] = &[$(Op::$name,)*];

            /// The table that proves the operation.
            pub const fn chip(self) -> Chip {
                match self { $(Op::$name => Chip::$chip,)* }
            }

            /// Whether slot `rd` is written.
            pub const fn writes(self) -> bool {
                match self { $(Op::$name => $writes,)* }
            }

            /// The name in a disassembly.
            pub const fn name(self) -> &'static str {
                match self { $(Op::$name => $text,)* }
            }
        }
    };
}

/// Which table proves an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Chip {
    /// Additions, compares, copies and selections.
    Alu,
    Mul,
    Div,
    Shift,
    Bitwise,
    /// Leading and trailing zeros, set bits.
    Count,
    /// Sign extensions and the wrap to 32 bits.
    Extend,
    Load,
    Store,
    /// Jumps, calls, ends.
    Control,
    /// Cells beside linear memory: globals, tables, data segments.
    Cell,
    /// Size and growth of linear memory.
    Memory,
    Host,
    /// Cannot be proven; reaching it is an error.
    Unprovable,
}

ops! {
    /// `rd = b`
    Copy = Alu "copy" true;
    /// `rd = (a + b) mod 2^32`
    Add32 = Alu "add32" true;
    /// `rd = (a + b) mod 2^64`
    Add64 = Alu "add64" true;
    /// `rd = (a - b) mod 2^32`
    Sub32 = Alu "sub32" true;
    /// `rd = (a - b) mod 2^64`
    Sub64 = Alu "sub64" true;
    /// `rd = a == b`
    Eq = Alu "eq" true;
    /// `rd = a != b`
    Ne = Alu "ne" true;
    /// `rd = a < b`, unsigned
    LtU = Alu "lt_u" true;
    /// `rd = a >= b`, unsigned
    GeU = Alu "ge_u" true;
    /// `rd = a < b`, as signed 32-bit numbers
    LtS32 = Alu "lt_s32" true;
    /// `rd = a >= b`, as signed 32-bit numbers
    GeS32 = Alu "ge_s32" true;
    /// `rd = a < b`, as signed 64-bit numbers
    LtS64 = Alu "lt_s64" true;
    /// `rd = a >= b`, as signed 64-bit numbers
    GeS64 = Alu "ge_s64" true;
    /// `rd = a != 0 ? b : rd`
    SelNz = Alu "sel_nz" true;
    /// `rd = a == 0 ? b : rd`
    SelZ = Alu "sel_z" true;

    /// `rd = (a * b) mod 2^32`
    Mul32 = Mul "mul32" true;
    /// `rd = (a * b) mod 2^64`
    Mul64 = Mul "mul64" true;

    /// `rd = a / b`, unsigned; traps where `b = 0`
    DivU = Div "div_u" true;
    /// `rd = a mod b`, unsigned; traps where `b = 0`
    RemU = Div "rem_u" true;
    /// Signed division, 32 bits; traps where `b = 0` or the quotient is 2^31
    DivS32 = Div "div_s32" true;
    /// Signed division, 64 bits; traps where `b = 0` or the quotient is 2^63
    DivS64 = Div "div_s64" true;
    /// Signed remainder, 32 bits; traps where `b = 0`
    RemS32 = Div "rem_s32" true;
    /// Signed remainder, 64 bits; traps where `b = 0`
    RemS64 = Div "rem_s64" true;

    /// `rd = (a << b mod 32) mod 2^32`
    Shl32 = Shift "shl32" true;
    /// `rd = (a << b mod 64) mod 2^64`
    Shl64 = Shift "shl64" true;
    /// `rd = a >> b mod 32`
    ShrU32 = Shift "shr_u32" true;
    /// `rd = a >> b mod 64`
    ShrU64 = Shift "shr_u64" true;
    /// `rd = a >> b mod 32`, keeping the sign of 32 bits
    ShrS32 = Shift "shr_s32" true;
    /// `rd = a >> b mod 64`, keeping the sign of 64 bits
    ShrS64 = Shift "shr_s64" true;
    /// `rd = a` rotated left by `b mod 32`
    Rotl32 = Shift "rotl32" true;
    /// `rd = a` rotated left by `b mod 64`
    Rotl64 = Shift "rotl64" true;
    /// `rd = a` rotated right by `b mod 32`
    Rotr32 = Shift "rotr32" true;
    /// `rd = a` rotated right by `b mod 64`
    Rotr64 = Shift "rotr64" true;

    /// `rd = a & b`
    And = Bitwise "and" true;
    /// `rd = a | b`
    Or = Bitwise "or" true;
    /// `rd = a ^ b`
    Xor = Bitwise "xor" true;

    /// `rd =` leading zeros of the low 32 bits of `a`
    Clz32 = Count "clz32" true;
    /// `rd =` leading zeros of `a`
    Clz64 = Count "clz64" true;
    /// `rd =` trailing zeros of `a`, 32 where `a = 0`
    Ctz32 = Count "ctz32" true;
    /// `rd =` trailing zeros of `a`, 64 where `a = 0`
    Ctz64 = Count "ctz64" true;
    /// `rd =` set bits of `a`
    Popcnt = Count "popcnt" true;

    /// `rd = a mod 2^32`
    Wrap = Extend "wrap" true;
    /// The low 8 bits of `a`, sign-extended to 32
    Ext8S32 = Extend "ext8_s32" true;
    /// The low 16 bits of `a`, sign-extended to 32
    Ext16S32 = Extend "ext16_s32" true;
    /// The low 8 bits of `a`, sign-extended to 64
    Ext8S64 = Extend "ext8_s64" true;
    /// The low 16 bits of `a`, sign-extended to 64
    Ext16S64 = Extend "ext16_s64" true;
    /// The low 32 bits of `a`, sign-extended to 64
    Ext32S64 = Extend "ext32_s64" true;

    /// `rd = memory[a + imm]`, 1 byte; like all loads it has no `rs2`, adds without wrapping and
    /// traps where a byte lies beyond memory
    Load8U = Load "load8_u" true;
    /// 2 bytes
    Load16U = Load "load16_u" true;
    /// 4 bytes
    Load32U = Load "load32_u" true;
    /// 8 bytes
    Load64 = Load "load64" true;
    /// 1 byte, sign-extended to 32 bits
    Load8S32 = Load "load8_s32" true;
    /// 2 bytes, sign-extended to 32 bits
    Load16S32 = Load "load16_s32" true;
    /// 1 byte, sign-extended to 64 bits
    Load8S64 = Load "load8_s64" true;
    /// 2 bytes, sign-extended to 64 bits
    Load16S64 = Load "load16_s64" true;
    /// 4 bytes, sign-extended to 64 bits
    Load32S64 = Load "load32_s64" true;

    /// `memory[a + imm] =` low byte of slot `rs2` (always present), with the rules of loads
    Store8 = Store "store8" false;
    /// 2 bytes
    Store16 = Store "store16" false;
    /// 4 bytes
    Store32 = Store "store32" false;
    /// 8 bytes
    Store64 = Store "store64" false;

    /// `pc = imm`
    Jump = Control "jump" false;
    /// `pc = imm` where `a != 0`
    BrNz = Control "br_nz" false;
    /// `pc = imm` where `a == 0`
    BrZ = Control "br_z" false;
    /// `pc = pc + 1 + min(a, imm)`; `imm + 1` jumps follow
    BrTable = Control "br_table" false;
    /// Slot `rd = pc + 1 | fp << 32`, then `fp += rs2` (a number here), `pc = imm`; traps, writing
    /// nothing, where the new `fp` reaches [`FP_LIMIT`]
    Call = Control "call" true;
    /// `a` is a table's cell; traps where it is null, or its type is not `imm`, else as [`Op::Call`]
    /// with `pc` from the cell
    CallIndirect = Control "call_indirect" true;
    /// `pc = a mod 2^32`, `fp = a >> 32`
    Return = Control "return" false;
    /// Ends the run with [`Status::Done`]
    Halt = Control "halt" false;
    /// Ends the run with status `imm`
    Trap = Control "trap" false;

    /// `rd =` global `imm`
    GlobalGet = Cell "global_get" true;
    /// Global `imm =` slot `rs2` (always present)
    GlobalSet = Cell "global_set" false;
    /// `rd =` table cell `a + (imm >> 32)`; traps where `a >= imm mod 2^32`
    TableLoad = Cell "table_load" true;
    /// Table cell `a + (imm >> 32) =` slot `rs2`; traps where `a >= imm mod 2^32`
    TableStore = Cell "table_store" false;
    /// `rd =` byte `a` of the passive data segments, laid end to end; `a` is within them
    SegmentLoad = Cell "segment_load" true;

    /// `rd =` pages of memory
    MemorySize = Memory "memory_size" true;
    /// `rd =` pages of memory, which grows by `a` pages; 2^32 - 1 and no growth beyond `imm` pages
    MemoryGrow = Memory "memory_grow" true;

    /// `rd =` next public input where `a = 1`, next private input where `a = 0`
    Input = Host "input" true;
    /// Appends `b` to the outputs
    Output = Host "output" false;
    /// Traps where `a = 0`
    Require = Host "require" false;
    /// Shows `a` to who runs the program; proves nothing
    Debug = Host "debug" false;

    /// Stands for a float instruction; `imm` counts them
    Float = Unprovable "float" false;
}

/// One instruction; see the module's text for what the fields mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Instr {
    pub op: Op,
    pub rd: u32,
    pub rs1: Option<u32>,
    pub rs2: Option<u32>,
    pub imm: u64,
}

impl Instr {
    /// Slot that operand `a` is read from.
    pub fn slot_a(&self) -> Option<u32> {
        self.rs1
    }

    /// Slot that operand `b` is read from; a call's `rs2` is a number.
    pub fn slot_b(&self) -> Option<u32> {
        match self.op {
            Op::Call | Op::CallIndirect => None,
            _ => self.rs2,
        }
    }

    /// Slot that is written.
    pub fn slot_d(&self) -> Option<u32> {
        self.op.writes().then_some(self.rd)
    }
}

impl fmt::Display for Instr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.op.name())?;
        if self.op.writes() {
            write!(f, " r{}", self.rd)?;
        }
        if let Some(slot) = self.rs1 {
            write!(f, " r{slot}")?;
        }
        match self.rs2 {
            Some(delta) if matches!(self.op, Op::Call | Op::CallIndirect) => {
                write!(f, " fp+{delta} {}", self.imm)
            }
            Some(slot)
                if self.op.chip() == Chip::Store
                    || matches!(self.op, Op::TableStore | Op::GlobalSet) =>
            {
                write!(f, " r{slot} {:#x}", self.imm)
            }
            Some(slot) => write!(f, " r{slot}"),
            None => write!(f, " {:#x}", self.imm),
        }
    }
}

/// A table's cell: 0 is null, else `entry pc | (type + 1) << 32`, types being numbered by shape.
pub fn table_cell(entry: u32, signature: u32) -> u64 {
    u64::from(entry) | u64::from(signature + 1) << 32
}

/// How a run ended. Each is provable; the number is the public status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Status {
    Done = 0,
    Unreachable = 1,
    MemoryOutOfBounds = 2,
    DivisionByZero = 3,
    IntegerOverflow = 4,
    /// The index of an indirect call lies beyond its table.
    UndefinedElement = 5,
    /// The table's element of an indirect call is null.
    NullElement = 6,
    SignatureMismatch = 7,
    StackExhausted = 8,
    TableOutOfBounds = 9,
    RequireFailed = 10,
    Aborted = 11,
}

impl Status {
    /// Every status in the order of its number.
    pub const ALL: &[Status] = &[
        Status::Done,
        Status::Unreachable,
        Status::MemoryOutOfBounds,
        Status::DivisionByZero,
        Status::IntegerOverflow,
        Status::UndefinedElement,
        Status::NullElement,
        Status::SignatureMismatch,
        Status::StackExhausted,
        Status::TableOutOfBounds,
        Status::RequireFailed,
        Status::Aborted,
    ];
}
