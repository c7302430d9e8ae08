//! The slots of all frames before and after the run, from slot 0 up to the highest that is used.
//!
//! Why it suffices: the address is the row's number, so each slot is provided once, as zero at time
//! 0, and requested once. Slots beyond the last row are never provided, so nothing can read them.

use p3_air::{AirBuilder, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::InteractionBuilder;

use super::{Cells, Val, fill, put};
use crate::buses;
use crate::execute::trace::Space;

/// Slot, time of its last access, and its value then.
pub const WIDTH: usize = 6;

pub fn eval<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let main = builder.main();
    let (row, next) = (main.current_slice(), main.next_slice());
    builder.when_first_row().assert_zero(row[0]);
    builder.when_transition().assert_eq(next[0], row[0] + AB::Expr::ONE);
    let space = AB::Expr::from_u8(Space::Slots as u8);
    let mut before = vec![AB::Expr::ZERO; 7];
    before[..2].clone_from_slice(&[space.clone(), row[0].into()]);
    builder.push_interaction(buses::MEMORY, before, -1);
    let mut after = vec![space];
    after.extend(row.iter().map(|cell| (*cell).into()));
    builder.push_interaction(buses::MEMORY, after, 1);
}

/// The table of slots, each with the time of its last access and its value.
pub fn generate(slots: &[(u32, u64)]) -> Cells {
    let mut cells = fill(WIDTH, slots, |row, (time, value)| {
        row[1] = Val::from_u32(*time);
        put(&mut row[2..], *value);
    });
    for (slot, row) in (0..).zip(cells.rows_mut()) {
        row[0] = Val::from_u32(slot);
    }
    cells
}
