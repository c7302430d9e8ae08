use p3_air::{AirBuilder, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use super::{A, B, BITS, BYTES, C, DISTANCE, HIGH, LOW, OPS, POWER, REST, SIGN, SIGN64, X};
use crate::buses;
use crate::chips::mul::split_bytes;
use crate::chips::results;
use crate::program::isa::Op;

pub fn eval<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let main = builder.main();
    let row = main.current_slice();
    let cell = |column: usize| -> AB::Expr { row[column].into() };
    let any = |ops: &[Op]| results::any::<AB>(row, &OPS, ops);
    let int = AB::Expr::from_u32;
    let real = results::one_operation(builder, &OPS);
    let once = |count: &AB::Expr| Count::bounded(count.clone(), 1);

    let narrow = any(&[Op::Shl32, Op::ShrU32, Op::ShrS32, Op::Rotl32, Op::Rotr32]);
    let wide = real.clone() - narrow.clone();
    let left = any(&[Op::Shl32, Op::Shl64, Op::Rotl32, Op::Rotl64]);
    let right = real.clone() - left.clone();
    let bits = wide.clone() * int(64) + narrow.clone() * int(32);
    builder.assert_zero(narrow.clone() * (cell(A + 2) + cell(A + 3)));

    // The distance.
    builder.assert_zero(real.clone() * (cell(B) - cell(DISTANCE)) - bits.clone() * cell(REST));
    builder.push_interaction(buses::RANGE16, [row[REST]], once(&real));
    let scaled = cell(DISTANCE) * (wide.clone() * int(4) + narrow * int(8));
    builder.push_interaction(buses::RANGE8, [scaled], once(&real));

    // k = 8 q + r
    let mut power = AB::Expr::ONE;
    let mut k = AB::Expr::ZERO;
    for bit in 0..3 {
        builder.assert_bool(row[BITS + bit]);
        k += cell(BITS + bit) * int(1 << bit);
        power *= cell(BITS + bit) * int((1 << (1 << bit)) - 1) + AB::Expr::ONE;
    }
    builder.assert_eq(row[POWER], power - AB::Expr::ONE);
    (BYTES..LOW).for_each(|flag| builder.assert_bool(row[flag]));
    builder.assert_eq((BYTES..LOW).map(cell).sum::<AB::Expr>(), real.clone());
    k += (0..9).map(|q| cell(BYTES + q as usize) * int(8 * q)).sum::<AB::Expr>();
    let distance = cell(DISTANCE);
    builder
        .assert_zero(left * (k.clone() - distance.clone()) + right.clone() * (k + distance - bits));

    // Bytes times 2^r, then moved by q.
    for (limb, value) in split_bytes(builder, X, &real).into_iter().enumerate() {
        builder.assert_eq(row[A + limb], value);
    }
    for byte in 0..8 {
        let (low, high) = (cell(LOW + byte), cell(HIGH + byte));
        builder.assert_eq(
            cell(X + byte) * (cell(POWER) + AB::Expr::ONE),
            low.clone() + high.clone() * int(1 << 8),
        );
        builder.push_interaction(buses::RANGE8, [low], once(&real));
        builder.push_interaction(buses::RANGE8, [high], once(&real));
    }
    let product = |byte: usize| {
        let low = if byte < 8 { cell(LOW + byte) } else { AB::Expr::ZERO };
        let high = if byte > 0 { cell(HIGH + byte - 1) } else { AB::Expr::ZERO };
        low + high
    };
    let moved = |byte: usize| -> AB::Expr {
        let fits = (0..9).filter(|q| *q <= byte && byte - q <= 8);
        fits.map(|q| cell(BYTES + q) * product(byte - q)).sum()
    };

    // The sign, and the bits that it fills.
    builder.assert_bool(row[SIGN]);
    let (signed32, signed64) = (any(&[Op::ShrS32]), any(&[Op::ShrS64]));
    let signed = signed32.clone() + signed64.clone();
    builder.assert_zero(cell(SIGN) * (AB::Expr::ONE - signed.clone()));
    builder.assert_eq(row[SIGN64], cell(SIGN) * signed64.clone());
    let top = signed32 * cell(X + 3) + signed64 * cell(X + 7);
    let rest = top * int(2) - cell(SIGN) * int(1 << 8);
    builder.push_interaction(buses::RANGE8, [rest], once(&signed));
    let fill = |byte: usize| {
        let sign = if byte < 4 { SIGN } else { SIGN64 };
        let above: AB::Expr = (0..byte).map(|q| cell(BYTES + q)).sum();
        let within = cell(BYTES + byte) * (int(0xff) - cell(POWER));
        cell(sign) * (above * int(0xff) + within)
    };

    let lower64 = any(&[Op::Shl64, Op::Rotl64, Op::Rotr64]);
    let upper64 = any(&[Op::ShrU64, Op::ShrS64, Op::Rotl64, Op::Rotr64]);
    let lower32 = any(&[Op::Shl32, Op::Rotl32, Op::Rotr32]);
    let upper32 = any(&[Op::ShrU32, Op::ShrS32, Op::Rotl32, Op::Rotr32]);
    let result = |byte: usize| {
        let mut sum = lower64.clone() * moved(byte) + upper64.clone() * moved(byte + 8);
        if byte < 4 {
            sum += lower32.clone() * moved(byte) + upper32.clone() * moved(byte + 4);
        }
        sum + fill(byte)
    };
    for limb in 0..4 {
        builder.assert_eq(row[C + limb], result(2 * limb) + result(2 * limb + 1) * int(1 << 8));
    }
    let c = std::array::from_fn(|limb| cell(C + limb));
    let operands = [A, B].map(|at| results::value::<AB>(row, at));
    results::provide(builder, &OPS, operands, c, AB::Expr::ZERO);
}
