use p3_air::{AirBuilder, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use super::OPS;
use super::columns::{A, B, BIT, CARRY, INVERSE, SIGN_A, SIGN_B, X};
use crate::buses;
use crate::chips::results;
use crate::program::isa::Op;

/// Constraints and interactions of a row.
pub fn eval<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let main = builder.main();
    let row = main.current_slice();
    let cell = |column: usize| -> AB::Expr { row[column].into() };
    let any = |ops: &[Op]| results::any::<AB>(row, &OPS, ops);
    let int = AB::Expr::from_u32;
    let real = results::one_operation(builder, &OPS);

    let add = any(&[Op::Add32, Op::Add64]);
    let narrow = any(&[Op::Add32, Op::Sub32]);
    let wide = any(&[Op::Add64, Op::Sub64]);
    let signed32 = any(&[Op::LtS32, Op::GeS32]);
    let signed64 = any(&[Op::LtS64, Op::GeS64]);
    let signed = signed32.clone() + signed64.clone();
    let subtract = real.clone() - add.clone();

    // Both signs are bits; flipped, the highest limb stays below 2^16 for the right one only.
    let shift = |sign: usize| int(1 << 15) - cell(sign) * int(1 << 16);
    for (operand, sign) in [(A, SIGN_A), (B, SIGN_B)] {
        builder.assert_bool(row[sign]);
        let top = signed32.clone() * cell(operand + 1) + signed64.clone() * cell(operand + 3);
        builder.push_interaction(
            buses::RANGE16,
            [top + shift(sign)],
            Count::bounded(signed.clone(), 1),
        );
    }

    // a + b = x, or b + x = a, limb by limb.
    for limb in 0..4 {
        builder.assert_bool(row[CARRY + limb]);
        let flip = match limb {
            1 => signed32.clone(),
            3 => signed64.clone(),
            _ => AB::Expr::ZERO,
        };
        let a = cell(A + limb);
        let b = cell(B + limb);
        let x = cell(X + limb);
        let carry_in = if limb == 0 { AB::Expr::ZERO } else { cell(CARRY + limb - 1) };
        let carry_out = cell(CARRY + limb) * int(1 << 16);
        let sum = a.clone() + b.clone() + carry_in.clone() - x.clone() - carry_out.clone();
        builder.assert_zero(add.clone() * sum);
        let flipped = flip * (cell(SIGN_A) - cell(SIGN_B)) * int(1 << 16);
        builder
            .assert_zero(subtract.clone() * (b + x.clone() + carry_in - a - carry_out) + flipped);
        builder.push_interaction(buses::RANGE16, [x], Count::bounded(real.clone(), 1));
    }

    // A compare's result is the borrow, or whether the difference is zero.
    let bit = cell(BIT);
    let flag = |op: Op| any(&[op]);
    let (low, full) = (cell(CARRY + 1), cell(CARRY + 3));
    let one = AB::Expr::ONE;
    builder.assert_zero(any(&[Op::LtU, Op::LtS64]) * (bit.clone() - full.clone()));
    builder.assert_zero(any(&[Op::GeU, Op::GeS64]) * (bit.clone() + full - one.clone()));
    builder.assert_zero(flag(Op::LtS32) * (bit.clone() - low.clone()));
    builder.assert_zero(flag(Op::GeS32) * (bit.clone() + low - one.clone()));
    let sum: AB::Expr = (X..X + 4).map(cell).sum();
    let differs = sum.clone() * cell(INVERSE);
    builder.assert_zero(flag(Op::Eq) * (differs.clone() + bit.clone() - one.clone()));
    builder.assert_zero(flag(Op::Eq) * bit.clone() * sum.clone());
    builder.assert_zero(flag(Op::Ne) * (differs - bit.clone()));
    builder.assert_zero(flag(Op::Ne) * (one - bit.clone()) * sum);
    let arithmetic = narrow + wide.clone();
    builder.assert_zero(arithmetic.clone() * bit.clone());

    // 32-bit results and compares leave the upper limbs zero.
    let low = arithmetic.clone() * cell(X) + bit;
    let result = [low, arithmetic * cell(X + 1), wide.clone() * cell(X + 2), wide * cell(X + 3)];
    let operands = [A, B].map(|at| results::value::<AB>(row, at));
    results::provide(builder, &OPS, operands, result, AB::Expr::ZERO);
}
