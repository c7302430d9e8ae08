//! The interpreter.

use super::arithmetic::{compute, extend, width};
use super::trace::{Access, Row, Space, Trace};
use super::{ExecuteError, Inputs, Limits, Outcome};
use crate::program::isa::{Chip, FP_LIMIT, Instr, Op, PAGE, Status};
use crate::program::{Image, Program};

/// Frames reach at most this far beyond the last frame pointer.
const SLOTS: usize = FP_LIMIT as usize + (1 << 17);

/// What is done with each step.
pub trait Recorder {
    fn access(&mut self, _access: impl FnOnce() -> Access) {}
    fn row(&mut self, _row: impl FnOnce() -> Row) {}
}

impl Recorder for () {}

impl Recorder for Trace {
    fn access(&mut self, access: impl FnOnce() -> Access) {
        self.accesses.push(access());
    }

    fn row(&mut self, row: impl FnOnce() -> Row) {
        let mut row = row();
        let last = self.rows.last();
        row.first_access = last.map_or(0, |last| last.first_access + u32::from(last.access_count));
        row.access_count = (self.accesses.len() as u32 - row.first_access) as u8;
        self.rows.push(row);
    }
}

/// Why a step is the last.
enum Stop {
    End(Status),
    Error(ExecuteError),
}

impl From<Status> for Stop {
    fn from(status: Status) -> Self {
        Stop::End(status)
    }
}

struct Machine<'a> {
    slots: Vec<u64>,
    image: Image,
    inputs: &'a Inputs,
    next_public: usize,
    next_private: usize,
    limits: Limits,
    outputs: Vec<u64>,
    debug: Vec<u64>,
    pc: u32,
    fp: u32,
}

pub fn run(
    program: &Program,
    inputs: &Inputs,
    limits: Limits,
    recorder: &mut impl Recorder,
) -> Result<Outcome, ExecuteError> {
    let mut image = program.image.clone();
    if image.pages > limits.pages {
        return Err(ExecuteError::Pages(limits.pages));
    }
    image.memory.resize((u64::from(image.pages) * PAGE) as usize, 0);
    let mut machine = Machine {
        slots: vec![0; SLOTS],
        image,
        inputs,
        next_public: 0,
        next_private: 0,
        limits,
        outputs: Vec::new(),
        debug: Vec::new(),
        pc: program.entry,
        fp: 0,
    };
    for rows in 0..limits.rows {
        let instr = &program.code[machine.pc as usize];
        let (pc, fp, pages) = (machine.pc, machine.fp, machine.image.pages);
        let frame = fp as usize;
        let a = instr.rs1.map_or(0, |slot| machine.slots[frame + slot as usize]);
        let b = instr.slot_b().map_or(instr.imm, |slot| machine.slots[frame + slot as usize]);
        let target = frame + instr.rd as usize;
        let old = if instr.op.writes() { machine.slots[target] } else { 0 };
        let step = machine.step(instr, a, b, old, recorder);
        let mut new = old;
        if let Ok(Some(value)) = step {
            machine.slots[target] = value;
            new = value;
        }
        if let Err(Stop::Error(error)) = step {
            return Err(error);
        }
        let (next_pc, next_fp) = (machine.pc, machine.fp);
        recorder.row(|| Row {
            pc,
            fp,
            a,
            b,
            old,
            new,
            first_access: 0,
            access_count: 0,
            pages,
            next_pc,
            next_fp,
        });
        if let Err(Stop::End(status)) = step {
            machine.slots.truncate(64);
            return Ok(Outcome {
                status,
                outputs: machine.outputs,
                debug: machine.debug,
                rows: rows + 1,
                image: machine.image,
                slots: machine.slots,
            });
        }
    }
    Err(ExecuteError::Rows(limits.rows))
}

impl Machine<'_> {
    /// Does one instruction but for the write of `rd`, whose value it gives.
    #[inline(always)]
    fn step(
        &mut self,
        instr: &Instr,
        a: u64,
        b: u64,
        old: u64,
        recorder: &mut impl Recorder,
    ) -> Result<Option<u64>, Stop> {
        let mut next = self.pc + 1;
        let value = match instr.op.chip() {
            Chip::Alu
            | Chip::Mul
            | Chip::Div
            | Chip::Shift
            | Chip::Bitwise
            | Chip::Count
            | Chip::Extend => Some(compute(instr.op, a, b, old)?),
            Chip::Load => Some(self.load(instr, a, recorder)?),
            Chip::Store => {
                self.store(instr, a, b, recorder)?;
                None
            }
            Chip::Control => return self.control(instr, a),
            Chip::Cell => self.cell(instr, a, b, recorder)?,
            Chip::Memory if instr.op == Op::MemorySize => Some(u64::from(self.image.pages)),
            Chip::Memory => Some(self.grow(a, instr.imm)?),
            Chip::Host => self.host(instr.op, a, b)?,
            Chip::Unprovable => return Err(Stop::Error(ExecuteError::Float(self.pc))),
        };
        std::mem::swap(&mut self.pc, &mut next);
        Ok(value)
    }

    fn control(&mut self, instr: &Instr, a: u64) -> Result<Option<u64>, Stop> {
        let next = self.pc + 1;
        match instr.op {
            Op::Jump => self.pc = instr.imm as u32,
            Op::BrNz => self.pc = if a != 0 { instr.imm as u32 } else { next },
            Op::BrZ => self.pc = if a == 0 { instr.imm as u32 } else { next },
            Op::BrTable => self.pc = next + a.min(instr.imm) as u32,
            Op::Call | Op::CallIndirect => {
                let mut entry = instr.imm;
                if instr.op == Op::CallIndirect {
                    if a == 0 {
                        return Err(Status::NullElement.into());
                    }
                    if a >> 32 != instr.imm {
                        return Err(Status::SignatureMismatch.into());
                    }
                    entry = a;
                }
                let fp = self.fp + instr.rs2.unwrap_or(0);
                if fp >= FP_LIMIT {
                    return Err(Status::StackExhausted.into());
                }
                let link = u64::from(next) | u64::from(self.fp) << 32;
                self.slots[(self.fp + instr.rd) as usize] = link;
                (self.pc, self.fp) = (entry as u32, fp);
                return Ok(Some(link));
            }
            Op::Return => (self.pc, self.fp) = (a as u32, (a >> 32) as u32),
            Op::Trap => return Err(Status::ALL[instr.imm as usize].into()),
            _ => return Err(Status::Done.into()),
        }
        Ok(None)
    }

    /// Address of a load or store that lies within memory.
    fn address(&self, a: u64, offset: u64, bytes: usize) -> Result<usize, Status> {
        let address = a + offset;
        let fits = address + bytes as u64 <= u64::from(self.image.pages) * PAGE;
        if fits { Ok(address as usize) } else { Err(Status::MemoryOutOfBounds) }
    }

    fn linear_cell(&self, cell: usize) -> u64 {
        let bytes = &self.image.memory[cell * 8..][..8];
        u64::from_le_bytes(bytes.try_into().expect("memory is whole cells"))
    }

    fn load(&self, instr: &Instr, a: u64, recorder: &mut impl Recorder) -> Result<u64, Stop> {
        let bytes = width(instr.op);
        let address = self.address(a, instr.imm, bytes)?;
        for cell in address / 8..=(address + bytes - 1) / 8 {
            recorder.access(|| {
                let value = self.linear_cell(cell);
                Access { space: Space::Linear, cell: cell as u32, old: value, new: value }
            });
        }
        let mut word = [0; 8];
        word[..bytes].copy_from_slice(&self.image.memory[address..address + bytes]);
        Ok(extend(instr.op, u64::from_le_bytes(word)))
    }

    fn store(
        &mut self,
        instr: &Instr,
        a: u64,
        b: u64,
        recorder: &mut impl Recorder,
    ) -> Result<(), Stop> {
        let bytes = width(instr.op);
        let address = self.address(a, instr.imm, bytes)?;
        let (first, last) = (address / 8, (address + bytes - 1) / 8);
        let old = [self.linear_cell(first), self.linear_cell(last)];
        self.image.memory[address..address + bytes].copy_from_slice(&b.to_le_bytes()[..bytes]);
        for cell in first..=last {
            let old = old[cell - first];
            let new = self.linear_cell(cell);
            recorder.access(|| Access { space: Space::Linear, cell: cell as u32, old, new });
        }
        Ok(())
    }

    fn cell(
        &mut self,
        instr: &Instr,
        a: u64,
        b: u64,
        recorder: &mut impl Recorder,
    ) -> Result<Option<u64>, Stop> {
        let (size, base) = (instr.imm & u64::from(u32::MAX), instr.imm >> 32);
        let in_table = matches!(instr.op, Op::TableLoad | Op::TableStore);
        if in_table && a >= size {
            return Err(Status::UndefinedElement.into());
        }
        let (space, index) = match instr.op {
            Op::GlobalGet | Op::GlobalSet => (Space::Globals, instr.imm),
            Op::SegmentLoad => (Space::Segments, a),
            _ => (Space::Tables, base + a),
        };
        let at = index as usize;
        if space == Space::Segments {
            let value = u64::from(self.image.segments[at]);
            recorder.access(|| Access { space, cell: index as u32, old: value, new: value });
            return Ok(Some(value));
        }
        let list = match space {
            Space::Globals => &mut self.image.globals,
            _ => &mut self.image.tables,
        };
        let old = list[at];
        match instr.op {
            Op::GlobalSet | Op::TableStore => list[at] = b,
            _ => {}
        }
        let new = list[at];
        recorder.access(|| Access { space, cell: index as u32, old, new });
        Ok(instr.op.writes().then_some(old))
    }

    fn grow(&mut self, a: u64, max: u64) -> Result<u64, Stop> {
        let old = u64::from(self.image.pages);
        if old + a > max {
            return Ok(u64::from(u32::MAX));
        }
        if old + a > u64::from(self.limits.pages) {
            return Err(Stop::Error(ExecuteError::Pages(self.limits.pages)));
        }
        self.image.pages = (old + a) as u32;
        self.image.memory.resize(((old + a) * PAGE) as usize, 0);
        Ok(old)
    }

    fn host(&mut self, op: Op, a: u64, b: u64) -> Result<Option<u64>, Stop> {
        match op {
            Op::Input => {
                let (list, next) = match a {
                    0 => (&self.inputs.private, &mut self.next_private),
                    1 => (&self.inputs.public, &mut self.next_public),
                    kind => return Err(Stop::Error(ExecuteError::InputKind(kind))),
                };
                let missing = Stop::Error(ExecuteError::InputMissing { public: a == 1 });
                let value = *list.get(*next).ok_or(missing)?;
                *next += 1;
                return Ok(Some(value));
            }
            Op::Output => self.outputs.push(b),
            Op::Require if a == 0 => return Err(Status::RequireFailed.into()),
            Op::Require => {}
            _ => self.debug.push(a),
        }
        Ok(None)
    }
}
