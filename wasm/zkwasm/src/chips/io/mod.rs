//! Public inputs and outputs, which the verifier gives as periodic columns.
//!
//! Why it suffices: a row provides the verifier's tuple or nothing of use, since results of operation
//! 0, a copy, are never requested. Indices differ, and the CPU counts its inputs and outputs, so it takes them
//! in order, and its count of outputs is the verifier's.

use p3_air::{AirBuilder, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use super::{Cells, Val, height, put};
use crate::buses;
use crate::program::isa::Op;

/// `[operation, whether it is an input, index, v0..v3]`
pub const GIVEN: usize = 7;
/// What is given, and its count.
pub const WIDTH: usize = GIVEN + 1;

pub fn eval<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let main = builder.main();
    let (row, count) = main.current_slice().split_at(GIVEN);
    let given: Vec<AB::Expr> =
        builder.periodic_values().iter().map(|value| (*value).into()).collect();
    for (cell, value) in row.iter().zip(given) {
        builder.assert_eq(*cell, value);
    }
    let [op, is_input, index] = [0, 1, 2].map(|column| -> AB::Expr { row[column].into() });
    let zero = AB::Expr::ZERO;
    let tuple = [op, is_input, zero.clone(), index, zero.clone()]
        .into_iter()
        .chain([3..GIVEN, 3..GIVEN].into_iter().flatten().map(|column| row[column].into()))
        .chain([zero]);
    builder.push_interaction(buses::RESULTS, tuple, Count::provided(-count[0].into()));
}

/// The verifier's columns.
pub fn columns(inputs: &[u64], outputs: &[u64]) -> Vec<Vec<Val>> {
    let size = height(inputs.len() + outputs.len());
    let mut columns = vec![vec![Val::ZERO; size]; GIVEN];
    let indexed = |op: Op, values: &[u64]| -> Vec<(Op, u32, u64)> {
        (0..).zip(values).map(|(index, value)| (op, index, *value)).collect()
    };
    let entries = [indexed(Op::Input, inputs), indexed(Op::Output, outputs)].concat();
    for (row, (op, index, value)) in entries.into_iter().enumerate() {
        let mut given = [Val::ZERO; GIVEN];
        given[0] = Val::from_u8(op as u8);
        given[1] = Val::from_bool(op == Op::Input);
        given[2] = Val::from_u32(index);
        put(&mut given[3..], value);
        for (column, cell) in columns.iter_mut().zip(given) {
            column[row] = cell;
        }
    }
    columns
}

/// The table of these columns, of which the run took the first `taken` inputs.
pub fn generate(columns: &[Vec<Val>], taken: usize) -> Cells {
    let size = columns[0].len();
    let mut cells = Vec::with_capacity(size * WIDTH);
    let mut inputs = 0;
    for row in 0..size {
        cells.extend(columns.iter().map(|column| column[row]));
        let is_input = columns[1][row] == Val::ONE;
        let is_output = columns[0][row] == Val::from_u8(Op::Output as u8);
        let used = is_output || is_input && inputs < taken;
        inputs += usize::from(is_input);
        cells.push(Val::from_bool(used));
    }
    Cells::new(cells, WIDTH)
}
