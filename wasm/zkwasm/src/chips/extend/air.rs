use p3_air::{AirBuilder, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use super::{A, C, HIGH, LOW, OPS, SIGN};
use crate::buses;
use crate::chips::results;
use crate::program::isa::Op;

pub fn eval<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let main = builder.main();
    let row = main.current_slice();
    let cell = |column: usize| -> AB::Expr { row[column].into() };
    let any = |ops: &[Op]| results::any::<AB>(row, &OPS, ops);
    let int = AB::Expr::from_u32;
    let real = results::one_operation(builder, &OPS);

    let byte = any(&[Op::Ext8S32, Op::Ext8S64]);
    let short = any(&[Op::Ext16S32, Op::Ext16S64]);
    let word = any(&[Op::Ext32S64]);
    let wrap = any(&[Op::Wrap]);

    builder.assert_eq(row[A], cell(LOW) + cell(HIGH) * int(1 << 8));
    for (column, count) in [(LOW, real.clone()), (HIGH, real)] {
        builder.push_interaction(buses::RANGE8, [row[column]], Count::bounded(count, 1));
    }
    builder.assert_bool(row[SIGN]);
    let above = |number: AB::Expr, bits: u32| number * int(2) - cell(SIGN) * int(1 << bits);
    let (of_byte, of_short) = (above(cell(LOW), 8), above(cell(A), 16));
    builder.push_interaction(buses::RANGE8, [of_byte], Count::bounded(byte.clone(), 1));
    builder.push_interaction(buses::RANGE16, [of_short], Count::bounded(short.clone(), 1));
    let of_word = above(cell(A + 1), 16);
    builder.push_interaction(buses::RANGE16, [of_word], Count::bounded(word.clone(), 1));

    let full = cell(SIGN) * int(0xffff);
    builder.assert_eq(
        row[C],
        byte.clone() * (cell(LOW) + cell(SIGN) * int(0xff00))
            + (short.clone() + word.clone() + wrap.clone()) * cell(A),
    );
    builder
        .assert_eq(row[C + 1], (byte + short) * full.clone() + (word.clone() + wrap) * cell(A + 1));
    let upper = any(&[Op::Ext8S64, Op::Ext16S64, Op::Ext32S64]) * full;
    let result = [cell(C), cell(C + 1), upper.clone(), upper];
    let operands = [A, super::B].map(|at| results::value::<AB>(row, at));
    results::provide(builder, &OPS, operands, result, AB::Expr::ZERO);
}
