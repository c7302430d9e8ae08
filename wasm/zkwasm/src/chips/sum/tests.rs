use super::{OPS32, OPS64, generate};
use crate::chips::testing::{EDGES, accepted, events, mutate, mutate_pairs, tables};
use crate::chips::{Asked, Event, Table};
use crate::program::isa::Op;

#[test]
fn agrees_with_the_executor() {
    assert!(accepted(&tables(&events(&[OPS32, OPS64].concat(), &EDGES))));
}

#[test]
fn proves_nothing_false() {
    const OPERANDS: [(u64, u64); 3] = [(5, 0x8000_0007), (0xffff_fff0, 0x13), (9, 9)];
    let of = |ops: [Op; 2]| OPERANDS.map(|(a, b)| ops.map(|op| Event { op, a, b })).concat();
    let mut asked = Asked::default();
    for (table, events, cells) in [
        (Table::Sum32, of(OPS32), generate::<2>(&of(OPS32), &mut asked)),
        (Table::Sum64, of(OPS64), generate::<4>(&of(OPS64), &mut asked)),
    ] {
        mutate(&table, &cells, &events, |_, _| false);
        mutate_pairs(&table, &cells, &events);
    }
}
