use p3_air::{AirBuilder, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use super::{A, DIFFERENCE, GROWS, LARGE, MOST, PAGES, REAL};
use crate::buses;
use crate::program::isa::Op;

pub fn eval<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let main = builder.main();
    let row = main.current_slice();
    let cell = |column: usize| -> AB::Expr { row[column].into() };
    let int = AB::Expr::from_u32;
    let one = AB::Expr::ONE;
    let once = |count: AB::Expr| Count::bounded(count, 1);
    let word = |low: usize| cell(low) + cell(low + 1) * int(1 << 16);

    for flag in [REAL, GROWS, LARGE, PAGES + 1] {
        builder.assert_bool(row[flag]);
    }
    for flag in [GROWS, LARGE] {
        builder.assert_zero(cell(flag) * (one.clone() - cell(REAL)));
    }
    builder.assert_zero(cell(GROWS) * cell(LARGE));
    builder.push_interaction(buses::RANGE16, [row[PAGES]], once(cell(REAL)));

    builder.push_interaction(buses::RANGE16, [cell(A + 1) - int(2)], once(cell(LARGE)));
    let small = cell(REAL) - cell(LARGE);
    builder.assert_zero(small.clone() * cell(A + 1) * (cell(A + 1) - one.clone()));
    let beyond = word(PAGES) + word(A) - word(MOST);
    let within = cell(GROWS) * beyond.clone() * int(2);
    let fails = one.clone() - cell(GROWS);
    let difference = beyond - within - fails.clone() - word(DIFFERENCE);
    builder.assert_zero(small.clone() * difference);
    builder.push_interaction(buses::RANGE16, [row[DIFFERENCE]], once(small.clone()));
    builder.push_interaction(buses::RANGE8, [row[DIFFERENCE + 1]], once(small));

    let after = word(PAGES) + cell(GROWS) * word(A);
    let result = |limb: usize| cell(GROWS) * cell(PAGES + limb) + fails.clone() * int(0xffff);
    let zero = AB::Expr::ZERO;
    let tuple = [int(Op::MemoryGrow as u32), cell(A), cell(A + 1), after, word(PAGES)]
        .into_iter()
        .chain([cell(MOST), cell(MOST + 1), zero.clone(), zero.clone()])
        .chain([result(0), result(1), zero.clone(), zero.clone(), zero]);
    builder.push_interaction(buses::RESULTS, tuple, once(-cell(REAL)));
}
