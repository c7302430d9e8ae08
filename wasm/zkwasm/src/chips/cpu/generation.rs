use p3_field::{Field, PrimeCharacteristicRing, PrimeField32};

use super::columns::*;
use crate::chips::cell::CellEvent;
use crate::chips::grow::GrowEvent;
use crate::chips::linear::LinearEvent;
use crate::chips::memory::Memory;
use crate::chips::rom::{self, Flag};
use crate::chips::word;
use crate::chips::{Asked, Cells, Val, height, limbs, put};
use crate::execute::trace::{Access, Row, Trace};
use crate::program::isa::{Chip, FP_LIMIT, Instr, Op, Status};

/// The table of a run, and what it asks of other tables.
#[derive(Default)]
pub struct Run {
    pub cells: Vec<Val>,
    /// How often each instruction ran.
    pub counts: Vec<u32>,
    /// Time of the last access to each slot, and its value.
    pub slots: Vec<(u32, u64)>,
    /// Public inputs taken, outputs given.
    pub inputs: u32,
    pub outputs: u32,
    /// What it asks of tables for cells beside the frames.
    pub linear: Vec<LinearEvent>,
    pub words: Vec<LinearEvent>,
    pub cell: Vec<CellEvent>,
    pub grow: Vec<GrowEvent>,
    /// What it leaves in cells beside the frames.
    pub memory: Memory,
}

impl Run {
    pub fn into_cells(self) -> Cells {
        Cells::new(self.cells, WIDTH)
    }

    /// Notes an access to a slot, and gives the time of the last one.
    fn touch(&mut self, slot: u32, time: u32, value: u64) -> u32 {
        let slot = slot as usize;
        if self.slots.len() <= slot {
            self.slots.resize(slot + 1, (0, 0));
        }
        std::mem::replace(&mut self.slots[slot], (time, value)).0
    }

    fn row(
        &mut self,
        row: &Row,
        instr: &Instr,
        accesses: &[Access],
        status: Option<Status>,
        asked: &mut Asked,
    ) {
        let clock = (self.cells.len() / WIDTH) as u32;
        let mut cells = vec![Val::ZERO; WIDTH];
        let encoded = rom::encode(row.pc, instr).expect("checked");
        let op = instr.op;
        let time = (clock + 1) * TIMES + TIMES - 1;
        self.counts[row.pc as usize] += 1;
        let (a, mut b, mut c) = (row.a, row.b, row.new);
        for (column, value) in [
            (CLOCK, clock + 1),
            (PC, row.pc),
            (FP, row.fp),
            (PAGES, row.pages),
            (INPUTS, self.inputs),
            (OUTPUTS, self.outputs),
            (REAL, 1),
            (END, u32::from(status.is_some())),
            (NONZERO, u32::from(a != 0)),
            (NEXT_PAGES, row.pages),
        ] {
            cells[column] = Val::from_u32(value);
        }
        cells[OP..FLAGS].copy_from_slice(&encoded[1..9]);
        let flags = encoded[9].as_canonical_u32();
        for flag in 0..Flag::COUNT {
            cells[FLAGS + flag] = Val::from_u32(flags >> flag & 1);
        }
        let sum: u32 = limbs(a).iter().map(|limb| u32::from(*limb)).sum();
        cells[INVERSE] = Val::from_u32(sum).try_inverse().unwrap_or_default();
        match op {
            Op::Input => {
                b = c;
                cells[PUBLIC_INPUT] = Val::from_u64(a);
                self.inputs += a as u32;
                if a == 0 {
                    asked.result(Op::Add64, 0, b);
                }
            }
            Op::MemorySize => {
                b = c;
                asked.result(Op::Add64, 0, b);
            }
            Op::Output => {
                c = b;
                self.outputs += 1;
            }
            Op::BrTable => {
                c = u64::from(a < b);
                asked.result(Op::LtU, a, b);
            }
            Op::Call | Op::CallIndirect => {
                b = instr.imm | u64::from(row.pc + 1) << 32;
                c = u64::from(row.pc + 1) | u64::from(row.fp) << 32;
                let differ = Val::from_u16(limbs(a)[2]) - Val::from_u16(limbs(instr.imm)[0]);
                let enter = op == Op::Call || differ == Val::ZERO;
                cells[ENTER] = Val::from_bool(enter);
                if enter {
                    let frame = row.fp + instr.rs2.unwrap_or(0);
                    asked.span(frame % FP_LIMIT * ((1 << 24) / FP_LIMIT));
                } else {
                    cells[TYPE_INVERSE] = differ.inverse();
                }
            }
            Op::MemoryGrow => {
                let grows = row.new != u64::from(u32::MAX);
                let added = if grows { a as u32 } else { 0 };
                cells[NEXT_PAGES] = Val::from_u32(row.pages.wrapping_add(added));
                self.grow.push(GrowEvent { pages: row.pages, a: a as u32, most: b as u32 });
            }
            _ if matches!(op.chip(), Chip::Load | Chip::Store) => {
                let is_store = op.chip() == Chip::Store;
                if is_store {
                    c = instr.imm;
                } else if status.is_some() {
                    c = 0;
                }
                let mut touch = |index: usize| {
                    accesses.get(index).map(|access| self.memory.touch(*access, time))
                };
                let event = LinearEvent {
                    op,
                    time,
                    pages: row.pages,
                    a,
                    imm: instr.imm,
                    value: if is_store { b } else { c },
                    accesses: [touch(0), touch(1)],
                };
                let list = if word::fits(&event) { &mut self.words } else { &mut self.linear };
                list.push(event);
            }
            _ if op.chip() == Chip::Cell => {
                if !op.writes() {
                    c = instr.imm;
                } else if status.is_some() {
                    c = 0;
                }
                self.cell.push(CellEvent {
                    op,
                    time,
                    pages: row.pages,
                    a,
                    imm: instr.imm,
                    value: if op.writes() { c } else { b },
                    access: accesses.first().map(|access| self.memory.touch(*access, time)),
                });
            }
            _ if flags & 1 << Flag::Alu as u8 != 0 => {
                if status.is_some() {
                    c = 0;
                }
                asked.result(op, a, b);
            }
            _ => {}
        }
        put(&mut cells[A..], a);
        put(&mut cells[B..], b);
        put(&mut cells[OLD..], row.old);
        put(&mut cells[C..], c);
        for (index, (slot, value)) in
            [(instr.slot_a(), a), (instr.slot_b(), b), (instr.slot_d(), c)].into_iter().enumerate()
        {
            let Some(slot) = slot else { continue };
            let time = (clock + 1) * TIMES + index as u32;
            let before = self.touch(row.fp + slot, time, value);
            let later = time.wrapping_sub(before + 1);
            cells[PRIOR + index] = Val::from_u32(before);
            asked.span(later);
        }
        self.cells.extend(cells);
    }

    /// Fills up with rows that follow the last one and do nothing.
    fn pad(&mut self, trace: &Trace, least: usize, pc: u32, fp: u32) {
        let rows = self.cells.len() / WIDTH;
        let pages = trace.rows.last().map_or(0, |row| row.pages);
        for index in rows..height(rows).max(least) {
            let mut cells = vec![Val::ZERO; WIDTH];
            let first = index == rows;
            for (column, value) in [
                (CLOCK, index as u32 + 1),
                (PC, if first { pc } else { 0 }),
                (FP, if first { fp } else { 0 }),
                (PAGES, pages),
                (NEXT_PAGES, pages),
                (INPUTS, self.inputs),
                (OUTPUTS, self.outputs),
            ] {
                cells[column] = Val::from_u32(value);
            }
            self.cells.extend(cells);
        }
    }
}

/// Where the constraints send the row after the last.
fn sequel(row: &Row, instr: &Instr) -> (u32, u32) {
    match instr.op {
        Op::Call => (instr.imm as u32, row.fp + instr.rs2.unwrap_or(0)),
        Op::CallIndirect => (row.a as u32, row.fp + instr.rs2.unwrap_or(0)),
        _ => (row.pc + 1, row.fp),
    }
}

/// The table of a recorded run, of at least `least` rows.
///
/// # Errors
/// The first instruction that no table proves.
pub fn generate(code: &[Instr], trace: &Trace, least: usize, asked: &mut Asked) -> Result<Run, Op> {
    let mut run = Run { counts: vec![0; code.len()], ..Run::default() };
    for (index, row) in trace.rows.iter().enumerate() {
        let instr = &code[row.pc as usize];
        let _ = rom::encode(row.pc, instr).ok_or(instr.op)?;
        let status = trace.status.filter(|_| index + 1 == trace.rows.len());
        run.row(row, instr, trace.accesses_of(row), status, asked);
    }
    if let Some(last) = trace.rows.last() {
        let (pc, fp) = sequel(last, &code[last.pc as usize]);
        run.pad(trace, least, pc, fp);
    }
    Ok(run)
}
