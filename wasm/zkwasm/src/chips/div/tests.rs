use super::{INVERSE, OPS, Q, R, generate};
use crate::chips::testing::{EDGES, accepted, events, mutate, mutate_pairs, tables};
use crate::chips::{Asked, Event, Table};

#[test]
fn agrees_with_the_executor() {
    assert!(accepted(&tables(&events(&OPS, &EDGES))));
}

#[test]
fn proves_nothing_false() {
    let with = |(a, b)| OPS.map(|op| Event { op, a, b });
    let minimum = (0x8000_0000, 0xffff_ffff);
    let pairs = [(0x8765_4321, 0x1_23), (0xffff_ff00, 7), (9, 0xffff_fffe), (5, 0), minimum];
    let mut events = pairs.map(with).concat();
    events.extend(OPS[3..].iter().step_by(2).map(|op| Event { op: *op, a: 1 << 63, b: u64::MAX }));
    let cells = generate(&events, &mut Asked::default());
    // Without a divisor any quotient will do, and nobody needs an inverse.
    let free = |event: &Event, column: usize| event.b == 0 && matches!(column, Q..R | INVERSE);
    mutate(&Table::Div, &cells, &events, free);
    mutate_pairs(&Table::Div, &cells, &events[..6]);
    mutate_pairs(&Table::Div, &cells, &events[24..26]);
}
