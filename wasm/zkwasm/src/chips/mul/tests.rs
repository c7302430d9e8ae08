use super::{OPS, generate};
use crate::chips::testing::{EDGES, accepted, events, mutate, mutate_pairs, tables};
use crate::chips::{Asked, Event, Table};

#[test]
fn agrees_with_the_executor() {
    assert!(accepted(&tables(&events(&OPS, &EDGES))));
}

#[test]
fn proves_nothing_false() {
    let with = |(a, b)| OPS.map(|op| Event { op, a, b });
    let pairs =
        [(0x8000_1234_8678_9abc, 0xfedc_ba98_0123_4567), (3, 0x1_0001), (u64::MAX, u64::MAX)];
    let events = pairs.map(with).concat();
    let cells = generate(&events, &mut Asked::default());
    mutate(&Table::Mul, &cells, &events, |_, _| false);
    mutate_pairs(&Table::Mul, &cells, &events[..4]);
}
