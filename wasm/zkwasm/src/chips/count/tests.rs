use super::{INVERSE, K, NONZERO, OPS, X, generate};
use crate::chips::testing::{EDGES, accepted, events, mutate, mutate_pairs, tables};
use crate::chips::{Asked, Event, Table};
use crate::program::isa::Op;

#[test]
fn agrees_with_the_executor() {
    let mut all = events(&OPS, &EDGES);
    for op in OPS {
        let bits = if op.name().ends_with("32") { 32 } else { 64 };
        all.extend((0..bits).map(|bit| Event {
            op,
            a: 5 << bit & (u64::MAX >> (64 - bits)),
            b: 0,
        }));
    }
    assert!(accepted(&tables(&all)));
}

#[test]
fn proves_nothing_false() {
    let with = |a: u64| OPS.map(|op| Event { op, a, b: 0 });
    let events = [0x8000_1230, 0x10, 0].map(with).concat();
    let cells = generate(&events, &mut Asked::default());
    // Any shift below 64 will do where no bit is sought.
    let free = |Event { op, a, .. }: &Event, column: usize| {
        let counts = *op == Op::Popcnt;
        (X..NONZERO).contains(&column) && !counts
            || column == INVERSE && *a == 0
            || column == K && (counts || *a == 0)
    };
    mutate(&Table::Count, &cells, &events, free);
    mutate_pairs(&Table::Count, &cells, &events[..5]);
}
