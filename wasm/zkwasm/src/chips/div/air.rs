use p3_air::{AirBuilder, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use super::{
    A, B, C, CARRY, INVERSE, NEGATIVE, OPS, OVERFLOW, POSITIVE, Q, R, SIGN_A, SIGN_B, X, Y, ZERO,
};
use crate::buses;
use crate::chips::mul::{carries, split_bytes};
use crate::chips::results;
use crate::program::isa::{Op, Status};

pub fn eval<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let main = builder.main();
    let row = main.current_slice();
    let cell = |column: usize| -> AB::Expr { row[column].into() };
    let any = |ops: &[Op]| results::any::<AB>(row, &OPS, ops);
    let int = AB::Expr::from_u32;
    let (zero, one) = (AB::Expr::ZERO, AB::Expr::ONE);
    let real = results::one_operation(builder, &OPS);
    let once = |count: AB::Expr| Count::bounded(count, 1);

    let narrow = any(&[Op::DivS32, Op::RemS32]);
    let wide = any(&[Op::DivS64, Op::RemS64]);
    let signed = narrow.clone() + wide.clone();
    let quotient = any(&[Op::DivU, Op::DivS32, Op::DivS64]);
    let remainder = real.clone() - quotient.clone();
    for operand in [A, B] {
        builder.assert_zero(narrow.clone() * (cell(operand + 2) + cell(operand + 3)));
    }
    let subtraction = narrow.clone() * int(Op::Sub32 as u32)
        + (one.clone() - narrow.clone()) * int(Op::Sub64 as u32);
    // Asks that `-value = negated`.
    let negate =
        |builder: &mut AB, value: [AB::Expr; 4], negated: [AB::Expr; 4], count: AB::Expr| {
            let mut tuple = vec![subtraction.clone()];
            tuple.extend(vec![AB::Expr::ZERO; 4]);
            tuple.extend(value);
            tuple.extend(negated);
            tuple.push(AB::Expr::ZERO);
            builder.push_interaction(buses::RESULTS, tuple, once(count));
        };
    let four = |first: usize| -> [AB::Expr; 4] { std::array::from_fn(|limb| cell(first + limb)) };

    // Signs and magnitudes.
    let x = four(X);
    let y = split_bytes(builder, Y, &real);
    for (operand, sign, magnitude) in [(A, SIGN_A, &x), (B, SIGN_B, &y)] {
        builder.assert_bool(row[sign]);
        builder.assert_zero(cell(sign) * (one.clone() - signed.clone()));
        let top = narrow.clone() * cell(operand + 1) + wide.clone() * cell(operand + 3);
        let rest = top * int(2) - cell(sign) * int(1 << 16);
        builder.push_interaction(buses::RANGE16, [rest], once(signed.clone()));
        for (limb, magnitude) in magnitude.iter().enumerate() {
            let differ = cell(operand + limb) - magnitude.clone();
            builder.assert_zero((one.clone() - cell(sign)) * differ);
        }
        negate(builder, four(operand), magnitude.clone(), cell(sign));
    }

    // Whether b is 0: either the sum is, or the flag.
    let sum: AB::Expr = (B..B + 4).map(cell).sum();
    builder.assert_zero(cell(ZERO) * sum.clone());
    builder.assert_eq(sum * cell(INVERSE), real.clone() - cell(ZERO));

    // q y + r = x, and r < y.
    let q = split_bytes(builder, Q, &real);
    let product = |weight: usize| -> AB::Expr {
        let own = (0..8).filter(|i| *i <= weight && weight - i < 8);
        own.map(|i| cell(Q + i) * cell(Y + weight - i)).sum()
    };
    for (limb, carry) in carries(builder, CARRY, 3, &real).into_iter().enumerate() {
        let sum = product(2 * limb) + product(2 * limb + 1) * int(1 << 8);
        builder.assert_eq(sum + cell(R + limb) + carry, x[limb].clone());
        builder.push_interaction(buses::RANGE16, [row[R + limb]], once(real.clone()));
    }
    builder.assert_zero((8..15).map(product).sum::<AB::Expr>());
    let mut tuple = vec![int(Op::LtU as u32)];
    tuple.extend(four(R));
    tuple.extend(y);
    tuple.extend([one.clone(), zero.clone(), zero.clone(), zero.clone(), zero]);
    builder.push_interaction(buses::RESULTS, tuple, once(real.clone() - cell(ZERO)));

    // The result with its sign.
    let (sign_a, sign_b) = (cell(SIGN_A), cell(SIGN_B));
    let differ = sign_a.clone() + sign_b.clone() - sign_a.clone() * sign_b * int(2);
    let negative = quotient.clone() * differ + remainder.clone() * sign_a;
    builder.assert_eq(row[NEGATIVE], negative);
    let value: [AB::Expr; 4] = std::array::from_fn(|limb| {
        quotient.clone() * q[limb].clone() + remainder.clone() * cell(R + limb)
    });
    for (limb, value) in value.iter().enumerate() {
        let differ = cell(C + limb) - value.clone();
        builder.assert_zero((one.clone() - cell(NEGATIVE)) * differ);
    }
    negate(builder, value, four(C), cell(NEGATIVE));

    // Overflow.
    let signed = any(&[Op::DivS32, Op::DivS64]);
    builder.assert_eq(row[POSITIVE], signed * (one.clone() - cell(NEGATIVE)));
    builder.assert_bool(row[OVERFLOW]);
    builder.assert_zero(cell(OVERFLOW) * (one.clone() - cell(POSITIVE)));
    builder.assert_zero(cell(OVERFLOW) * cell(ZERO));
    let top = any(&[Op::DivS32]) * q[1].clone() + any(&[Op::DivS64]) * q[3].clone();
    let rest = top * int(2) - cell(OVERFLOW) * int(1 << 16);
    builder.push_interaction(buses::RANGE16, [rest], once(cell(POSITIVE)));

    let status = cell(ZERO) * int(Status::DivisionByZero as u32)
        + cell(OVERFLOW) * int(Status::IntegerOverflow as u32);
    let ends = one - cell(ZERO) - cell(OVERFLOW);
    let c = std::array::from_fn(|limb| ends.clone() * cell(C + limb));
    let operands = [A, B].map(|at| results::value::<AB>(row, at));
    results::provide(builder, &OPS, operands, c, status);
}
