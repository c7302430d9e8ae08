use p3_field::PrimeCharacteristicRing;

use super::{A, CARRY, DIFFERENCE, IMM, OLD, OPS, PAGES, PRIOR, TIME, TRAP, V, WIDTH};
use crate::chips::memory::Touch;
use crate::chips::results::set_flag;
use crate::chips::{Asked, Cells, Val, fill, limbs, put};
use crate::program::isa::Op;

/// An access at a time.
#[derive(Clone, Debug)]
pub struct CellEvent {
    pub op: Op,
    pub time: u32,
    pub pages: u32,
    /// The index, of tables and segments.
    pub a: u64,
    pub imm: u64,
    /// What is read or written; 0 for a read that traps.
    pub value: u64,
    /// None where it traps.
    pub access: Option<Touch>,
}

/// The table of the events.
pub fn generate(events: &[CellEvent], asked: &mut Asked) -> Cells {
    fill(WIDTH, events, |row, event| {
        let CellEvent { op, time, pages, a, imm, value, access } = event;
        set_flag(row, &OPS, *op);
        row[TIME] = Val::from_u32(*time);
        row[PAGES] = Val::from_u32(*pages);
        row[A..A + 2].copy_from_slice(&limbs(*a).map(Val::from_u16)[..2]);
        put(&mut row[IMM..], *imm);
        put(&mut row[V..], *value);
        row[TRAP] = Val::from_bool(access.is_none());
        if matches!(op, Op::TableLoad | Op::TableStore) {
            let (index, size) = (*a as u32, *imm as u32);
            let (least, most, added) = match access {
                Some(_) => (index, size, 1),
                None => (size, index, 0),
            };
            let difference = most.wrapping_sub(least).wrapping_sub(added);
            row[DIFFERENCE] = Val::from_u32(difference & 0xffff);
            row[DIFFERENCE + 1] = Val::from_u32(difference >> 16);
            let carry = (least & 0xffff) + (difference & 0xffff) + added >= 1 << 16;
            row[CARRY] = Val::from_bool(carry);
            asked.number(difference as u16);
            asked.number((difference >> 16) as u16);
        }
        let Some(access) = access else {
            put(&mut row[OLD..], *value);
            return;
        };
        put(&mut row[OLD..], access.old);
        row[PRIOR] = Val::from_u32(access.prior);
        asked.span(time.wrapping_sub(access.prior + 1));
    })
}
