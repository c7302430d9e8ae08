use p3_field::PrimeCharacteristicRing;

use super::{A, DIFFERENCE, GROWS, LARGE, MOST, PAGES, REAL, WIDTH};
use crate::chips::{Asked, Cells, Val, fill};

/// An attempt to grow.
#[derive(Clone, Copy, Debug)]
pub struct GrowEvent {
    pub pages: u32,
    pub a: u32,
    pub most: u32,
}

/// The table of the events.
pub fn generate(events: &[GrowEvent], asked: &mut Asked) -> Cells {
    fill(WIDTH, events, |row, GrowEvent { pages, a, most }| {
        row[REAL] = Val::ONE;
        for (column, number) in [(PAGES, *pages), (A, *a), (MOST, *most)] {
            row[column] = Val::from_u32(number & 0xffff);
            row[column + 1] = Val::from_u32(number >> 16);
        }
        asked.number(*pages as u16);
        if *a >= 1 << 17 {
            row[LARGE] = Val::ONE;
            asked.number((a >> 16) as u16 - 2);
            return;
        }
        let grows = pages + a <= *most;
        row[GROWS] = Val::from_bool(grows);
        let difference = if grows { most - pages - a } else { pages + a - most - 1 };
        row[DIFFERENCE] = Val::from_u32(difference & 0xffff);
        row[DIFFERENCE + 1] = Val::from_u32(difference >> 16);
        asked.number(difference as u16);
        asked.byte((difference >> 16) as u8);
    })
}
