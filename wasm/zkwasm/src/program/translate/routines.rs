//! Bulk instructions as subroutines, so that no table has to prove them.

use crate::program::isa::{Instr, Op, Status};
use crate::program::load::Signature;

/// A subroutine, called like a function; parameters are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routine {
    /// `(to, byte, count)`
    MemoryFill,
    /// `(to, from, count)`
    MemoryCopy,
    /// `(to, from, count, length of the segment, its base)`
    MemoryInit,
    /// `(to, from, count, size of the table, its base, size of the source, its base)`
    TableCopy,
}

impl Routine {
    const ALL: [Routine; 4] =
        [Routine::MemoryFill, Routine::MemoryCopy, Routine::MemoryInit, Routine::TableCopy];

    /// Shape for the call; it has no type number.
    pub fn signature(self) -> Signature {
        let params = match self {
            Routine::MemoryFill | Routine::MemoryCopy => 3,
            Routine::MemoryInit => 5,
            Routine::TableCopy => 7,
        };
        Signature { id: u32::MAX, params, results: 0 }
    }
}

/// The subroutines that a module needs.
#[derive(Default)]
pub struct Routines {
    calls: Vec<(usize, Routine)>,
}

impl Routines {
    /// Notes a call that [`Routines::emit`] has to patch.
    pub fn call(&mut self, pc: usize, routine: Routine) {
        self.calls.push((pc, routine));
    }

    /// Appends each subroutine that is called, in a fixed order.
    pub fn emit(&self, code: &mut Vec<Instr>) {
        for routine in Routine::ALL {
            let mut calls = self.calls.iter().filter(|call| call.1 == routine).peekable();
            if calls.peek().is_none() {
                continue;
            }
            let entry = code.len() as u64;
            calls.for_each(|(pc, _)| code[*pc].imm = entry);
            let mut asm = Assembler { code };
            match routine {
                Routine::MemoryFill => asm.memory_fill(),
                Routine::MemoryCopy => asm.memory_copy(),
                Routine::MemoryInit => asm.memory_init(),
                Routine::TableCopy => asm.table_copy(),
            }
        }
    }
}

struct Assembler<'a> {
    code: &'a mut Vec<Instr>,
}

const WORD_OF_BYTES: u64 = 0x0101_0101_0101_0101;
const ALL_TABLES: u64 = u32::MAX as u64;

impl Assembler<'_> {
    fn here(&self) -> u64 {
        self.code.len() as u64
    }

    fn slots(&mut self, op: Op, rd: u32, rs1: u32, rs2: u32) {
        self.code.push(Instr { op, rd, rs1: Some(rs1), rs2: Some(rs2), imm: 0 });
    }

    fn imm(&mut self, op: Op, rd: u32, rs1: u32, imm: u64) {
        self.code.push(Instr { op, rd, rs1: Some(rs1), rs2: None, imm });
    }

    fn plain(&mut self, op: Op, rd: u32, imm: u64) {
        self.code.push(Instr { op, rd, rs1: None, rs2: None, imm });
    }

    /// A branch whose target [`Assembler::land`] gives.
    fn branch(&mut self, op: Op, rs1: u32) -> usize {
        self.imm(op, 0, rs1, 0);
        self.code.len() - 1
    }

    fn land(&mut self, branch: usize) {
        self.code[branch].imm = self.here();
    }

    /// Traps unless `slot <= limit`.
    fn check(&mut self, slot: u32, limit: u32, flag: u32, status: Status) {
        self.slots(Op::GeU, flag, limit, slot);
        let fits = self.branch(Op::BrNz, flag);
        self.plain(Op::Trap, 0, status as u64);
        self.land(fits);
    }

    fn memory_bytes(&mut self, rd: u32) {
        self.plain(Op::MemorySize, rd, 0);
        self.imm(Op::Shl64, rd, rd, 16);
    }

    fn finish(&mut self, link: u32) {
        self.code.push(Instr { op: Op::Return, rd: 0, rs1: Some(link), rs2: None, imm: 0 });
    }

    fn memory_fill(&mut self) {
        let (to, byte, count, link, end, flag) = (0, 1, 2, 3, 4, 5);
        self.slots(Op::Add64, end, to, count);
        self.memory_bytes(flag);
        self.check(end, flag, flag, Status::MemoryOutOfBounds);
        self.imm(Op::And, byte, byte, 0xff);
        self.imm(Op::Mul64, byte, byte, WORD_OF_BYTES);
        let words = self.here();
        self.slots(Op::Sub64, flag, end, to);
        self.imm(Op::GeU, flag, flag, 8);
        let tail = self.branch(Op::BrZ, flag);
        self.slots(Op::Store64, 0, to, byte);
        self.imm(Op::Add64, to, to, 8);
        self.plain(Op::Jump, 0, words);
        self.land(tail);
        let bytes = self.here();
        self.slots(Op::Eq, flag, to, end);
        let done = self.branch(Op::BrNz, flag);
        self.slots(Op::Store8, 0, to, byte);
        self.imm(Op::Add64, to, to, 1);
        self.plain(Op::Jump, 0, bytes);
        self.land(done);
        self.finish(link);
    }

    fn memory_copy(&mut self) {
        let (to, from, count, link, value, flag) = (0, 1, 2, 3, 4, 5);
        for start in [to, from] {
            self.slots(Op::Add64, value, start, count);
            self.memory_bytes(flag);
            self.check(value, flag, flag, Status::MemoryOutOfBounds);
        }
        self.slots(Op::LtU, flag, from, to);
        let backward = self.branch(Op::BrNz, flag);
        for (width, load, store) in [(8, Op::Load64, Op::Store64), (1, Op::Load8U, Op::Store8)] {
            let top = self.here();
            self.imm(Op::GeU, flag, count, width);
            let next = self.branch(Op::BrZ, flag);
            self.imm(load, value, from, 0);
            self.slots(store, 0, to, value);
            self.imm(Op::Add64, from, from, width);
            self.imm(Op::Add64, to, to, width);
            self.imm(Op::Sub64, count, count, width);
            self.plain(Op::Jump, 0, top);
            self.land(next);
        }
        self.finish(link);
        self.land(backward);
        self.slots(Op::Add64, from, from, count);
        self.slots(Op::Add64, to, to, count);
        for (width, load, store) in [(8, Op::Load64, Op::Store64), (1, Op::Load8U, Op::Store8)] {
            let top = self.here();
            self.imm(Op::GeU, flag, count, width);
            let next = self.branch(Op::BrZ, flag);
            self.imm(Op::Sub64, from, from, width);
            self.imm(Op::Sub64, to, to, width);
            self.imm(load, value, from, 0);
            self.slots(store, 0, to, value);
            self.imm(Op::Sub64, count, count, width);
            self.plain(Op::Jump, 0, top);
            self.land(next);
        }
        self.finish(link);
    }

    fn memory_init(&mut self) {
        let (to, from, count, length, base, link, value, flag) = (0, 1, 2, 3, 4, 5, 6, 7);
        self.slots(Op::Add64, value, to, count);
        self.memory_bytes(flag);
        self.check(value, flag, flag, Status::MemoryOutOfBounds);
        self.slots(Op::Add64, value, from, count);
        self.check(value, length, flag, Status::MemoryOutOfBounds);
        self.slots(Op::Add64, from, from, base);
        let top = self.here();
        let done = self.branch(Op::BrZ, count);
        self.imm(Op::SegmentLoad, value, from, 0);
        self.slots(Op::Store8, 0, to, value);
        self.imm(Op::Add64, from, from, 1);
        self.imm(Op::Add64, to, to, 1);
        self.imm(Op::Sub64, count, count, 1);
        self.plain(Op::Jump, 0, top);
        self.land(done);
        self.finish(link);
    }

    fn table_copy(&mut self) {
        let (to, from, count, size, base, source_size, source_base) = (0, 1, 2, 3, 4, 5, 6);
        let (link, value, flag) = (7, 8, 9);
        for (start, limit) in [(to, size), (from, source_size)] {
            self.slots(Op::Add64, value, start, count);
            self.check(value, limit, flag, Status::TableOutOfBounds);
        }
        self.slots(Op::Add64, to, to, base);
        self.slots(Op::Add64, from, from, source_base);
        self.slots(Op::LtU, flag, from, to);
        let backward = self.branch(Op::BrNz, flag);
        let store =
            Instr { op: Op::TableStore, rd: 0, rs1: Some(to), rs2: Some(value), imm: ALL_TABLES };
        let top = self.here();
        let done = self.branch(Op::BrZ, count);
        self.imm(Op::TableLoad, value, from, ALL_TABLES);
        self.code.push(store);
        self.imm(Op::Add64, from, from, 1);
        self.imm(Op::Add64, to, to, 1);
        self.imm(Op::Sub64, count, count, 1);
        self.plain(Op::Jump, 0, top);
        self.land(backward);
        self.slots(Op::Add64, from, from, count);
        self.slots(Op::Add64, to, to, count);
        let top = self.here();
        let end = self.branch(Op::BrZ, count);
        self.imm(Op::Sub64, from, from, 1);
        self.imm(Op::Sub64, to, to, 1);
        self.imm(Op::TableLoad, value, from, ALL_TABLES);
        self.code.push(store);
        self.imm(Op::Sub64, count, count, 1);
        self.plain(Op::Jump, 0, top);
        self.land(done);
        self.land(end);
        self.finish(link);
    }
}
