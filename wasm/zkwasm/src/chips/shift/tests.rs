use super::{OPS32, OPS64, generate};
use crate::chips::testing::{EDGES, accepted, events, mutate, mutate_pairs, tables};
use crate::chips::{Asked, Event, Table};
use crate::program::isa::Op;

#[test]
fn agrees_with_the_executor() {
    for (ops, a) in [(OPS32, 0x8765_4321), (OPS64, 0x8765_4321_1234_5678)] {
        let mut all = events(&ops, &EDGES);
        all.extend(ops.into_iter().flat_map(|op| (0..=65).map(move |b| Event { op, a, b })));
        assert!(accepted(&tables(&all)));
    }
}

#[test]
fn proves_nothing_false() {
    const OPERANDS: [(u64, u64); 3] = [(0x8765_4321, 5), (0x7abc_def0, 0x1_0028), (1, 0)];
    let of = |ops: [Op; 5]| OPERANDS.map(|(a, b)| ops.map(|op| Event { op, a, b })).concat();
    let mut asked = Asked::default();
    for (table, events, cells) in [
        (Table::Shift32, of(OPS32), generate::<2>(&of(OPS32), &mut asked)),
        (Table::Shift64, of(OPS64), generate::<4>(&of(OPS64), &mut asked)),
    ] {
        mutate(&table, &cells, &events, |_, _| false);
        mutate_pairs(&table, &cells, &events[..5]);
    }
}
