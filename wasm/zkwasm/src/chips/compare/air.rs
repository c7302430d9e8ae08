use p3_air::{AirBuilder, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use super::{columns, ops};
use crate::buses;
use crate::chips::results;

/// Constraints and interactions of a row, for operands of so many limbs.
pub fn eval<AB: AirBuilder + InteractionBuilder>(builder: &mut AB, limbs: usize) {
    let main = builder.main();
    let row = main.current_slice();
    let cell = |column: usize| -> AB::Expr { row[column].into() };
    let int = AB::Expr::from_u32;
    let at = columns(limbs);
    let real = results::one_operation(builder, ops(limbs));
    let [eq, ne, lt_u, ge_u, lt_s, ge_s]: [AB::Expr; 6] = std::array::from_fn(cell);
    let signed = lt_s.clone() + ge_s.clone();
    let top = limbs - 1;

    // Both signs are bits; flipped, the highest limb stays below 2^16 for the right one only.
    for (operand, sign) in [(at.a, at.sign_a), (at.b, at.sign_b)] {
        builder.assert_bool(row[sign]);
        let flipped = cell(operand + top) + int(1 << 15) - cell(sign) * int(1 << 16);
        builder.push_interaction(buses::RANGE16, [flipped], Count::bounded(signed.clone(), 1));
    }

    // b + x = a, limb by limb.
    for limb in 0..limbs {
        builder.assert_bool(row[at.borrow + limb]);
        let borrow_in = if limb == 0 { AB::Expr::ZERO } else { cell(at.borrow + limb - 1) };
        let borrow_out = cell(at.borrow + limb) * int(1 << 16);
        let mut rest = cell(at.b + limb) + cell(at.x + limb) + borrow_in;
        if limb == top {
            rest += signed.clone() * (cell(at.sign_a) - cell(at.sign_b)) * int(1 << 16);
        }
        builder.assert_eq(rest, cell(at.a + limb) + borrow_out);
        let x = row[at.x + limb];
        builder.push_interaction(buses::RANGE16, [x], Count::bounded(real.clone(), 1));
    }

    // The result is the last borrow, or whether the difference is zero.
    let (bit, borrow) = (cell(at.bit), cell(at.borrow + top));
    let one = AB::Expr::ONE;
    builder.assert_zero((lt_u + lt_s) * (bit.clone() - borrow.clone()));
    builder.assert_zero((ge_u + ge_s) * (bit.clone() + borrow - one.clone()));
    let sum: AB::Expr = (at.x..at.borrow).map(cell).sum();
    let differs = sum.clone() * cell(at.inverse);
    builder.assert_zero(eq.clone() * (differs.clone() + bit.clone() - one.clone()));
    builder.assert_zero(eq * bit.clone() * sum.clone());
    builder.assert_zero(ne.clone() * (differs - bit.clone()));
    builder.assert_zero(ne * (one - bit.clone()) * sum);

    let operands = [at.a, at.b].map(|first| results::padded::<AB>(row, first, limbs));
    let result = [bit, AB::Expr::ZERO, AB::Expr::ZERO, AB::Expr::ZERO];
    results::provide(builder, ops(limbs), operands, result, AB::Expr::ZERO);
}
