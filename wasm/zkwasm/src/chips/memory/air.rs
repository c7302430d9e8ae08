use p3_air::{AirBuilder, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use super::{CELL, HIGH, LOW, REAL, SINCE, STEP, TIME, UNTIL, VALUE};
use crate::buses;
use crate::execute::trace::Space;

/// Provides the program's cells.
pub fn eval_image<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let main = builder.main();
    let last = main.current_slice();
    let fixed = builder.preprocessed().current_slice().to_vec();
    let real: AB::Expr = fixed[6].into();
    let mut before: Vec<AB::Expr> = fixed[..6].iter().map(|cell| (*cell).into()).collect();
    before.insert(2, AB::Expr::ZERO);
    builder.push_interaction(buses::MEMORY, before, Count::bounded(-real.clone(), 1));
    let after = fixed[..2].iter().chain(last).copied();
    builder.push_interaction(buses::MEMORY, after, Count::bounded(real, 1));
}

/// Provides the gaps between cells of linear memory that the program gives.
pub fn eval_gaps<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let count = builder.main().current_slice()[0];
    let fixed = builder.preprocessed().current_slice().to_vec();
    builder.push_interaction(buses::GAPS, fixed, Count::provided(-count.into()));
}

/// Provides other cells of linear memory.
pub fn eval_zeros<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let main = builder.main();
    let (row, next) = (main.current_slice(), main.next_slice());
    let cell = |column: usize| -> AB::Expr { row[column].into() };
    let then = |column: usize| -> AB::Expr { next[column].into() };
    let one = AB::Expr::ONE;
    let wide = AB::Expr::from_u32(1 << 16);
    let distance = |at: usize| cell(at) + cell(at + 1) * wide.clone();
    let real = || Count::bounded(cell(REAL), 1);

    builder.assert_bool(row[REAL]);
    let mut step = builder.when_transition();
    step.assert_zero(then(REAL) * (one.clone() - cell(REAL)));
    let least = cell(CELL) + one.clone() + then(STEP) + then(STEP + 1) * wide.clone();
    step.assert_zero(then(REAL) * (then(CELL) - least));
    builder.assert_zero(cell(REAL) * (cell(CELL) - cell(LOW) - distance(SINCE)));
    builder.assert_zero(cell(REAL) * (cell(HIGH) - one - cell(CELL) - distance(UNTIL)));
    for at in [SINCE, UNTIL, STEP] {
        builder.push_interaction(buses::RANGE16, [row[at]], real());
        builder.push_interaction(buses::RANGE8, [row[at + 1]], real());
    }
    builder.push_interaction(buses::GAPS, [row[LOW], row[HIGH]], real());

    let space = AB::Expr::from_u8(Space::Linear as u8);
    let mut before = vec![AB::Expr::ZERO; 7];
    before[..2].clone_from_slice(&[space.clone(), cell(CELL)]);
    builder.push_interaction(buses::MEMORY, before, -real());
    let mut after = vec![space, cell(CELL), cell(TIME)];
    after.extend((VALUE..LOW).map(cell));
    builder.push_interaction(buses::MEMORY, after, real());
}
