use p3_field::PrimeCharacteristicRing;

use super::{A, CARRY, HALF, IMM, NEW, OLD, OPS, PAGES, PRIOR, TIME, V, WIDTH};
use crate::chips::linear::LinearEvent;
use crate::chips::results::set_flag;
use crate::chips::{Asked, Cells, Val, fill, limbs, put};
use crate::execute::width;

/// Whether this table can prove an event.
pub fn fits(event: &LinearEvent) -> bool {
    let address = event.a + event.imm;
    let aligned = address.is_multiple_of(width(event.op) as u64);
    OPS.contains(&event.op) && aligned && event.accesses[0].is_some()
}

/// The table of the events, all of which [`fits`] takes.
pub fn generate(events: &[LinearEvent], asked: &mut Asked) -> Cells {
    fill(WIDTH, events, |row, event| {
        let LinearEvent { op, time, pages, a, imm, value, accesses } = event;
        let access = accesses[0].expect("in bounds");
        set_flag(row, &OPS, *op);
        let address = a + imm;
        let [low, page, ..] = limbs(address);
        let half = low >> 2 & 1;
        for (column, number) in [
            (TIME, *time),
            (PAGES, *pages),
            (CARRY, u32::from(low < limbs(*a)[0])),
            (HALF, half.into()),
            (PRIOR, access.prior),
        ] {
            row[column] = Val::from_u32(number);
        }
        for (column, number) in [(A, *a), (IMM, *imm)] {
            row[column..column + 2].copy_from_slice(&limbs(number).map(Val::from_u16)[..2]);
        }
        for (column, number) in [(V, *value), (OLD, access.old), (NEW, access.new)] {
            put(&mut row[column..], number);
        }
        asked.number(low);
        asked.number(low >> 3);
        asked.number(pages.wrapping_sub(1 + u32::from(page)) as u16);
        asked.span(time.wrapping_sub(access.prior + 1));
    })
}
