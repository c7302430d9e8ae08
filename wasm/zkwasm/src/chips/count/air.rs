use p3_air::{AirBuilder, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use super::{A, B, C, INVERSE, K, NONZERO, ONES, OPS, X};
use crate::buses;
use crate::chips::results;
use crate::program::isa::Op;

pub fn eval<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let main = builder.main();
    let row = main.current_slice();
    let cell = |column: usize| -> AB::Expr { row[column].into() };
    let any = |ops: &[Op]| results::any::<AB>(row, &OPS, ops);
    let int = AB::Expr::from_u32;
    results::one_operation(builder, &OPS);

    let narrow = any(&[Op::Clz32, Op::Ctz32]);
    let wide = any(&[Op::Clz64, Op::Ctz64]);
    let leading = any(&[Op::Clz32, Op::Clz64]);
    let trailing = any(&[Op::Ctz32, Op::Ctz64]);
    let set = any(&[Op::Popcnt]);
    builder.assert_zero(narrow.clone() * (cell(A + 2) + cell(A + 3)));

    let sum: AB::Expr = (A..A + 4).map(cell).sum();
    builder.assert_zero((AB::Expr::ONE - cell(NONZERO)) * sum.clone());
    builder.assert_eq(sum * cell(INVERSE), row[NONZERO]);

    // The shift that brings the bit to an end.
    let zeros = leading.clone() + trailing.clone();
    for factor in [1, 4] {
        let scaled = cell(K) * int(factor);
        builder.push_interaction(buses::RANGE8, [scaled], Count::bounded(zeros.clone(), 1));
    }
    let number = |op: Op| int(op as u32);
    let op = leading.clone() * number(Op::ShrU64) + trailing.clone() * number(Op::Shl64);
    let mut tuple = vec![op];
    tuple.extend((A..A + 4).map(cell));
    tuple.push(cell(K));
    tuple.extend([AB::Expr::ZERO, AB::Expr::ZERO, AB::Expr::ZERO, leading]);
    tuple.extend([AB::Expr::ZERO, AB::Expr::ZERO, trailing * int(1 << 15), AB::Expr::ZERO]);
    builder.push_interaction(
        buses::RESULTS,
        tuple,
        Count::bounded(zeros.clone() * cell(NONZERO), 1),
    );

    // Set bits.
    let mut ones = AB::Expr::ZERO;
    for byte in 0..8 {
        let tuple = [row[X + byte], row[ONES + byte]];
        builder.push_interaction(buses::ONES, tuple, Count::bounded(set.clone(), 1));
        ones += cell(ONES + byte);
    }
    for limb in 0..4 {
        let value = cell(X + 2 * limb) + cell(X + 2 * limb + 1) * int(1 << 8);
        builder.assert_zero(set.clone() * (cell(A + limb) - value));
    }

    let less = any(&[Op::Clz32]) * int(32);
    let found = zeros.clone() * (int(63) - cell(K)) - less;
    let none = wide * int(64) + narrow * int(32);
    let result = set * ones + cell(NONZERO) * found + (AB::Expr::ONE - cell(NONZERO)) * none;
    builder.assert_eq(row[C], result);
    let c = [cell(C), AB::Expr::ZERO, AB::Expr::ZERO, AB::Expr::ZERO];
    let operands = [A, B].map(|at| results::value::<AB>(row, at));
    results::provide(builder, &OPS, operands, c, AB::Expr::ZERO);
}
