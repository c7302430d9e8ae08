//! Tests of the tables for the bus of results.

use std::sync::Arc;

use p3_air::{AirBuilder, WindowAccess};
use p3_field::{PrimeCharacteristicRing, PrimeField32};
use p3_lookup::{Count, InteractionBuilder};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::truth::{is_fixed, is_true};
use crate::buses::{AND4, ONES, RANGE8, RANGE16, RESULTS, RESULTS_WIDTH};
use crate::check::{Balance, row_balance};
use crate::chips::range::{bytes_fixed, generate_bytes, generate_split16};
use crate::chips::results::fill_results;
use crate::chips::{Asked, Cells, Event, Filled, Table, Val, fill, put};
use crate::execute::compute;
use crate::program::isa::Op;

/// A tuple of the bus of results, and how often it is requested.
pub const REQUESTS_WIDTH: usize = RESULTS_WIDTH + 1;

/// Requests each row's tuple.
pub fn eval_requests<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let main = builder.main();
    let (tuple, real) = main.current_slice().split_at(RESULTS_WIDTH);
    builder.assert_bool(real[0]);
    builder.push_interaction(RESULTS, tuple.iter().copied(), Count::bounded(real[0].into(), 1));
}

/// What an event gives, and its status.
pub fn result(event: &Event) -> (u64, u64) {
    match compute(event.op, event.a, event.b, 0) {
        Ok(value) => (value, 0),
        Err(status) => (0, status as u64),
    }
}

/// The rows that ask for the results of the events.
fn requests(events: &[Event]) -> Cells {
    fill(REQUESTS_WIDTH, events, |row, event| {
        let (value, status) = result(event);
        row[0] = Val::from_u8(event.op as u8);
        put(&mut row[1..], event.a);
        put(&mut row[5..], event.b);
        put(&mut row[9..], value);
        row[13] = Val::from_u64(status);
        row[RESULTS_WIDTH] = Val::ONE;
    })
}

/// The tables of some events, with what asks for them.
pub fn tables(events: &[Event]) -> Vec<Filled> {
    let mut asked = Asked::default();
    asked.events.extend(events);
    let mut filled = vec![Filled::new(Table::Requests, requests(events))];
    filled.extend(fill_results(&mut asked, false).into_iter().map(|(_, filled)| filled));
    filled.push(Filled::new(Table::Split16, generate_split16(&mut asked)));
    let fixed = Table::Bytes(Some(Arc::new(bytes_fixed())));
    filled.push(Filled::new(fixed, generate_bytes(&asked)));
    filled
}

/// All pairs of edge values, and random ones, for each operation; narrow ones get 32 bits.
pub fn events(ops: &[Op], edges: &[u64]) -> Vec<Event> {
    let mut random = StdRng::seed_from_u64(7);
    let mut events = vec![];
    for op in ops {
        let mask = if op.name().ends_with("32") { u64::from(u32::MAX) } else { u64::MAX };
        let mut pairs: Vec<(u64, u64)> =
            edges.iter().flat_map(|a| edges.iter().map(|b| (*a, *b))).collect();
        pairs.extend((0..40).map(|_| {
            let (a, b): (u64, u64) = (random.random(), random.random());
            (a >> (random.random::<u32>() % 64), b >> (random.random::<u32>() % 64))
        }));
        events.extend(pairs.into_iter().map(|(a, b)| Event { op: *op, a: a & mask, b: b & mask }));
    }
    events
}

pub const EDGES: [u64; 12] = [
    0,
    1,
    0x7fff,
    0xffff,
    0x1_0000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    i64::MAX as u64,
    1 << 63,
    u64::MAX,
];

/// What a table for the bus of results makes of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A constraint fails, or a number is out of its range.
    Rejected,
    /// Provides exactly what it should.
    Same,
    /// Provides something else that is true.
    True,
    /// Provides what is false: the table is unsound.
    Forged,
}

/// Judges a row by its constraints, the ranges it asks for, and the truth of what it provides, as if
/// every other table were filled to suit it. `good` is the row that the prover makes.
pub fn judge(table: &Table, good: &[Val], row: &[Val]) -> Verdict {
    let Some(mut balance) = row_balance(table, row) else { return Verdict::Rejected };
    let mut provided = Balance::new();
    for ((bus, tuple), count) in balance.drain() {
        let request = count.as_canonical_u32() < 1 << 8;
        let granted = match bus.as_str() {
            RANGE16 | RANGE8 | ONES | AND4 => is_fixed(&bus, &tuple),
            RESULTS if request => is_true(&tuple) == Some(true),
            _ => {
                provided.insert((bus, tuple), count);
                true
            }
        };
        if !granted {
            return Verdict::Rejected;
        }
    }
    let mut right = row_balance(table, good).expect("the prover's row holds");
    right.retain(|(bus, _), count| bus == RESULTS && count.as_canonical_u32() >= 1 << 8);
    if provided == right {
        return Verdict::Same;
    }
    let once = |count: &Val| *count == -Val::ONE;
    let honest = provided.iter().all(|((_, tuple), count)| {
        is_true(tuple) == Some(true) && once(count) || is_true(tuple).is_none()
    });
    if honest { Verdict::True } else { Verdict::Forged }
}

const DELTAS: [i32; 8] = [1, -1, 2, -(1 << 8), 1 << 8, 1 << 15, -(1 << 16), 1 << 16];

/// Changes each cell of each event's row; none may prove what is false, and only cells that `free`
/// names (by event and column) may change without effect.
pub fn mutate(
    table: &Table,
    cells: &Cells,
    events: &[Event],
    free: impl Fn(&Event, usize) -> bool,
) {
    for (event, good) in events.iter().zip(cells.row_slices()) {
        assert_eq!(judge(table, good, good), Verdict::Same, "{event:?}");
        for column in 0..cells.width {
            for delta in DELTAS {
                let mut row = good.to_vec();
                row[column] += Val::from_i32(delta);
                let verdict = judge(table, good, &row);
                assert_ne!(verdict, Verdict::Forged, "{event:?} column {column} by {delta}");
                let idle = verdict == Verdict::Same && !free(event, column);
                assert!(!idle, "{event:?} column {column} by {delta} has no effect");
            }
        }
    }
}

/// Changes each pair of cells of some rows: a wrong result needs at least a second wrong cell.
pub fn mutate_pairs(table: &Table, cells: &Cells, events: &[Event]) {
    for (event, good) in events.iter().zip(cells.row_slices()) {
        let mut row = good.to_vec();
        for first in 0..cells.width {
            for second in 0..first {
                for one in DELTAS {
                    row[first] = good[first] + Val::from_i32(one);
                    for other in DELTAS {
                        row[second] = good[second] + Val::from_i32(other);
                        let verdict = judge(table, good, &row);
                        let at = (first, one, second, other);
                        assert_ne!(verdict, Verdict::Forged, "{event:?} {at:?}");
                    }
                }
                row[second] = good[second];
            }
            row[first] = good[first];
        }
    }
}
