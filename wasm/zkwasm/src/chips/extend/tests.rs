use super::{OPS, SIGN, generate};
use crate::chips::testing::{EDGES, accepted, events, mutate, mutate_pairs, tables};
use crate::chips::{Asked, Event, Table};
use crate::program::isa::Op;

#[test]
fn agrees_with_the_executor() {
    let edges = [&EDGES[..], &[0x7f, 0x80, 0xff7f, 0x7f80, 0xffff_7fff]].concat();
    assert!(accepted(&tables(&events(&OPS, &edges))));
}

#[test]
fn proves_nothing_false() {
    let with = |a: u64| OPS.map(|op| Event { op, a, b: 0 });
    let events = [0x8000_1234_8678_9abc, 0x7bcd_0000_1234_5678].map(with).concat();
    let cells = generate(&events, &mut Asked::default());
    let free = |event: &Event, column| event.op == Op::Wrap && column == SIGN;
    mutate(&Table::Extend, &cells, &events, free);
    mutate_pairs(&Table::Extend, &cells, &events);
}
