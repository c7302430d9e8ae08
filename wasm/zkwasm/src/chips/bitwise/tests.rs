use super::{OPS, generate};
use crate::chips::testing::{EDGES, accepted, events, mutate, mutate_pairs, tables};
use crate::chips::{Asked, Event, Table};

#[test]
fn agrees_with_the_executor() {
    assert!(accepted(&tables(&events(&OPS, &EDGES))));
}

#[test]
fn proves_nothing_false() {
    let event = |op| Event { op, a: 0x8000_1234_5678_9abc, b: 0xf00f_0ff0_3333_5555 };
    let events = OPS.map(event);
    let cells = generate::<4>(&events, &mut Asked::default());
    mutate(&Table::Bitwise64, &cells, &events, |_, _| false);
    mutate_pairs(&Table::Bitwise64, &cells, &events[2..]);
    let low = |value: u64| value & u64::from(u32::MAX);
    let events = events.map(|Event { op, a, b }| Event { op, a: low(a), b: low(b) });
    let cells = generate::<2>(&events, &mut Asked::default());
    mutate(&Table::Bitwise32, &cells, &events, |_, _| false);
    mutate_pairs(&Table::Bitwise32, &cells, &events);
}
