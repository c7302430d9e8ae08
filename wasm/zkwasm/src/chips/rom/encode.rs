//! Instructions as the CPU's table takes them.

use p3_field::PrimeCharacteristicRing;

use super::FIXED_WIDTH;
use crate::chips::results::RESULTS;
use crate::chips::{Cells, Val, fill, put};
use crate::program::isa::{Chip, Instr, Op};

/// What a row of the CPU does; the number is the flag's bit and its place among the columns. All
/// but the last three are kinds, of which an instruction has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Flag {
    /// `c` is the result of arithmetic.
    Alu,
    Copy,
    SelNz,
    SelZ,
    Jump,
    BrNz,
    BrZ,
    BrTable,
    Call,
    CallIndirect,
    Return,
    Halt,
    Trap,
    Input,
    Output,
    Require,
    Debug,
    MemorySize,
    /// A cell beside the frame is accessed: `c` is what is read, or `b` what is written.
    Read,
    Write,
    MemoryGrow,
    HasA,
    HasB,
    Writes,
}

impl Flag {
    pub const KINDS: usize = Flag::HasA as usize;
    pub const COUNT: usize = Flag::Writes as usize + 1;
}

fn kind(op: Op) -> Option<Flag> {
    Some(match op {
        Op::Copy => Flag::Copy,
        Op::SelNz => Flag::SelNz,
        Op::SelZ => Flag::SelZ,
        Op::Jump => Flag::Jump,
        Op::BrNz => Flag::BrNz,
        Op::BrZ => Flag::BrZ,
        Op::BrTable => Flag::BrTable,
        Op::Call => Flag::Call,
        Op::CallIndirect => Flag::CallIndirect,
        Op::Return => Flag::Return,
        Op::Halt => Flag::Halt,
        Op::Trap => Flag::Trap,
        Op::Input => Flag::Input,
        Op::Output => Flag::Output,
        Op::Require => Flag::Require,
        Op::Debug => Flag::Debug,
        Op::MemorySize => Flag::MemorySize,
        Op::MemoryGrow => Flag::MemoryGrow,
        _ if matches!(op.chip(), Chip::Load | Chip::Store | Chip::Cell) => {
            if op.writes() {
                Flag::Read
            } else {
                Flag::Write
            }
        }
        _ if RESULTS.iter().any(|(_, ops, _)| ops.contains(&op)) => Flag::Alu,
        _ => return None,
    })
}

/// The operation with 0 that bounds the limbs of a value.
pub const BOUND: Op = Op::Add64;

/// The row of an instruction at `pc`; `None` where no table proves it.
///
/// The field `op` is what the CPU asks for: a `br_table` compares its operand, a private input or a
/// memory size is added to 0, which bounds its limbs. A call's `imm` has the target (or
/// the type) in its low half and the return address in the high one.
pub fn encode(pc: u32, instr: &Instr) -> Option<[Val; FIXED_WIDTH]> {
    let kind = kind(instr.op)?;
    let mut flags = 1u32 << kind as u8;
    for (set, flag) in [
        (instr.slot_a().is_some(), Flag::HasA),
        (instr.slot_b().is_some(), Flag::HasB),
        (instr.slot_d().is_some(), Flag::Writes),
    ] {
        flags |= u32::from(set) << flag as u8;
    }
    let op = match instr.op {
        Op::BrTable => Op::LtU,
        Op::Input | Op::MemorySize => BOUND,
        other => other,
    };
    let mut imm = instr.imm;
    if matches!(kind, Flag::Call | Flag::CallIndirect) {
        imm |= u64::from(pc + 1) << 32;
    }
    let mut row = [Val::ZERO; FIXED_WIDTH];
    row[0] = Val::from_u32(pc);
    row[1] = Val::from_u8(op as u8);
    row[2] = Val::from_u32(instr.rd);
    row[3] = Val::from_u32(instr.rs1.unwrap_or(0));
    row[4] = Val::from_u32(instr.rs2.unwrap_or(0));
    put(&mut row[5..9], imm);
    row[9] = Val::from_u32(flags);
    Some(row)
}

/// The preprocessed columns of a program.
pub fn fixed(code: &[Instr]) -> Cells {
    let indexed: Vec<_> = (0..).zip(code).collect();
    fill(FIXED_WIDTH, &indexed, |row, (pc, instr)| {
        row[0] = Val::from_u32(*pc);
        if let Some(encoded) = encode(*pc, instr) {
            row.copy_from_slice(&encoded);
        }
    })
}
