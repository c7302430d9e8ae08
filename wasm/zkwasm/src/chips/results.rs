//! What the tables for the bus of results have in common: their first columns are a flag for each
//! operation.

use p3_air::{AirBuilder, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use super::{
    Asked, Cells, Event, Filled, Table, Val, bitwise, compare, count, div, extend, mul, shift, sum,
};
use crate::buses;
use crate::program::isa::Op;

type Generate = fn(&[Event], &mut Asked) -> Cells;

/// The tables for the bus of results, with their operations; a proof has those that its run needs. A
/// table asks only later ones for results. The prover is free to use any table for an operation.
pub const RESULTS: &[(Table, &[Op], Generate)] = &[
    (Table::Div, &div::OPS, div::generate),
    (Table::Count, &count::OPS, count::generate),
    (Table::Mul, &mul::OPS, mul::generate),
    (Table::Shift32, &shift::OPS32, shift::generate::<2>),
    (Table::Shift64, &shift::OPS64, shift::generate::<4>),
    (Table::Bitwise32, &bitwise::OPS, bitwise::generate::<2>),
    (Table::Bitwise64, &bitwise::OPS, bitwise::generate::<4>),
    (Table::Extend, &extend::OPS, extend::generate),
    (Table::Sum32, &sum::OPS32, sum::generate::<2>),
    (Table::Sum64, &sum::OPS64, sum::generate::<4>),
    (Table::Compare32, &compare::OPS32, compare::generate::<2>),
    (Table::Compare64, &compare::OPS64, compare::generate::<4>),
];

/// Whether a table can prove an event of one of its operations.
fn fits(table: &Table, event: &Event) -> bool {
    !matches!(table, Table::Bitwise32 | Table::Compare32) || (event.a | event.b) >> 32 == 0
}

/// Fills the tables that results are asked of, or all; each with its index in [`RESULTS`].
pub fn fill_results(asked: &mut Asked, all: bool) -> Vec<(usize, Filled)> {
    let mut filled = vec![];
    for (index, (table, ops, generate)) in RESULTS.iter().enumerate() {
        let own: Vec<Event> = asked
            .events
            .extract_if(.., |event| ops.contains(&event.op) && fits(table, event))
            .collect();
        if all || !own.is_empty() {
            filled.push((index, Filled::new(table.clone(), generate(&own, asked))));
        }
    }
    filled
}

/// Sum of a row's flags of some of the table's operations.
pub fn any<AB: AirBuilder>(row: &[AB::Var], table: &[Op], ops: &[Op]) -> AB::Expr {
    let own = table.iter().zip(row).filter(|(op, _)| ops.contains(op));
    own.map(|(_, flag)| -> AB::Expr { (*flag).into() }).sum()
}

/// Makes each flag boolean and at most one of them set; gives their sum.
pub fn one_operation<AB: AirBuilder>(builder: &mut AB, table: &[Op]) -> AB::Expr {
    let main = builder.main();
    for flag in &main.current_slice()[..table.len()] {
        builder.assert_bool(*flag);
    }
    let real = any::<AB>(main.current_slice(), table, table);
    builder.assert_bool(real.clone());
    real
}

/// The four limbs in the cells from one on.
pub fn value<AB: AirBuilder>(row: &[AB::Var], at: usize) -> [AB::Expr; 4] {
    padded::<AB>(row, at, 4)
}

/// The four limbs of a value that has so many in the cells from one on, and zeros above.
pub fn padded<AB: AirBuilder>(row: &[AB::Var], at: usize, limbs: usize) -> [AB::Expr; 4] {
    std::array::from_fn(|limb| if limb < limbs { row[at + limb].into() } else { AB::Expr::ZERO })
}

/// Provides the result of the row's operation, if it has one.
pub fn provide<AB: AirBuilder + InteractionBuilder>(
    builder: &mut AB,
    table: &[Op],
    operands: [[AB::Expr; 4]; 2],
    result: [AB::Expr; 4],
    status: AB::Expr,
) {
    let main = builder.main();
    let row = main.current_slice();
    let number =
        |(op, flag): (&Op, &AB::Var)| -> AB::Expr { (*flag).into() * AB::Expr::from_u8(*op as u8) };
    let op: AB::Expr = table.iter().zip(row).map(number).sum();
    let values = operands.into_iter().flatten().chain(result);
    let tuple = [op].into_iter().chain(values).chain([status]);
    let real = any::<AB>(row, table, table);
    builder.push_interaction(buses::RESULTS, tuple, Count::bounded(-real, 1));
}

/// Sets the flag of an operation.
///
/// # Panics
/// Where the table does not have it.
pub fn set_flag(row: &mut [Val], table: &[Op], op: Op) {
    let flag = table.iter().position(|known| *known == op).expect("an operation of this table");
    row[flag] = Val::ONE;
}
