use super::{OPS, generate};
use crate::chips::testing::{EDGES, accepted, events, mutate, mutate_pairs, tables};
use crate::chips::{Asked, Event, Table};

#[test]
fn agrees_with_the_executor() {
    let mut all = events(&OPS, &EDGES);
    for op in OPS {
        let a = if op.name().ends_with("32") { 0x8765_4321 } else { 0x8765_4321_1234_5678 };
        all.extend((0..=65).map(|b| Event { op, a, b }));
    }
    assert!(accepted(&tables(&all)));
}

#[test]
fn proves_nothing_false() {
    let with = |(a, b)| OPS.map(|op| Event { op, a, b });
    let events = [(0x8765_4321, 5), (0x7abc_def0, 0x1_0028), (1, 0)].map(with).concat();
    let cells = generate(&events, &mut Asked::default());
    mutate(&Table::Shift, &cells, &events, |_, _| false);
    mutate_pairs(&Table::Shift, &cells, &events[..10]);
}
