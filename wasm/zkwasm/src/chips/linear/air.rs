use p3_air::{AirBuilder, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use super::{
    A, CARRY, CROSS, FAR, HIGH, IMM, LAST, LAST_CARRY, NEW, OFFSET, OLD, OPS, PAGES, PRIOR, SIGN,
    SIGN64, TIME, TRAP, V, WORD,
};
use crate::buses;
use crate::chips::mul::split_bytes;
use crate::chips::results;
use crate::execute::trace::Space;
use crate::program::isa::{Op, Status};

const SIGNED32: [Op; 2] = [Op::Load8S32, Op::Load16S32];
const SIGNED64: [Op; 3] = [Op::Load8S64, Op::Load16S64, Op::Load32S64];
/// Loads and the store of 1, 2, 4 and 8 bytes.
const WIDTHS: [(usize, &[Op], Op); 4] = [
    (1, &[Op::Load8U, Op::Load8S32, Op::Load8S64], Op::Store8),
    (2, &[Op::Load16U, Op::Load16S32, Op::Load16S64], Op::Store16),
    (4, &[Op::Load32U, Op::Load32S64], Op::Store32),
    (8, &[Op::Load64], Op::Store64),
];

pub fn eval<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let main = builder.main();
    let row = main.current_slice();
    let cell = |column: usize| -> AB::Expr { row[column].into() };
    let any = |ops: &[Op]| results::any::<AB>(row, &OPS, ops);
    let int = AB::Expr::from_u32;
    let one = AB::Expr::ONE;
    let once = |count: AB::Expr| Count::bounded(count, 1);
    let real = results::one_operation(builder, &OPS);
    let loads: [AB::Expr; 4] = WIDTHS.map(|(_, loads, _)| any(loads));
    let stores: [AB::Expr; 4] = WIDTHS.map(|(.., store)| any(&[store]));
    let of_width = |index: usize| loads[index].clone() + stores[index].clone();

    // The address.
    builder.assert_bool(row[TRAP]);
    builder.assert_bool(row[SIGN]);
    for carry in [CARRY, CARRY + 1, LAST_CARRY, LAST_CARRY + 1] {
        builder.assert_bool(row[carry]);
    }
    (OFFSET..LAST).for_each(|flag| builder.assert_bool(row[flag]));
    builder.assert_eq((OFFSET..LAST).map(cell).sum::<AB::Expr>(), real.clone());
    let offset: AB::Expr = (0..8).map(|o| cell(OFFSET + o as usize) * int(o)).sum();
    let low = cell(WORD) * int(8) + offset;
    let carry = |column: usize| cell(column) * int(1 << 16);
    builder.assert_eq(cell(A) + cell(IMM), low.clone() + carry(CARRY));
    builder.assert_eq(cell(A + 1) + cell(IMM + 1) + cell(CARRY), cell(HIGH) + carry(CARRY + 1));
    let more: AB::Expr = (0..4).map(|i| of_width(i) * int(WIDTHS[i].0 as u32 - 1)).sum();
    builder.assert_eq(low + more, cell(LAST) + carry(LAST_CARRY));
    builder.assert_eq(cell(HIGH) + cell(LAST_CARRY), cell(LAST + 1) + carry(LAST_CARRY + 1));
    for number in [cell(WORD), cell(WORD) * int(8), cell(HIGH), cell(LAST), cell(LAST + 1)] {
        builder.push_interaction(buses::RANGE16, [number], once(real.clone()));
    }

    // The bounds.
    // It is far exactly if this is not 0.
    let beyond = cell(IMM + 2) + cell(CARRY + 1) + cell(LAST_CARRY + 1);
    builder.assert_zero((one.clone() - cell(FAR)) * beyond.clone());
    builder.assert_zero(cell(FAR) * (beyond.clone() - one.clone()) * (beyond - int(2)));
    builder.assert_zero(cell(FAR) * (one.clone() - cell(TRAP)));
    builder.assert_zero(cell(TRAP) * (one.clone() - real.clone()));
    let page = cell(LAST + 1);
    let within = cell(PAGES) - one.clone() - page.clone();
    let distance = within + cell(TRAP) * ((page - cell(PAGES)) * int(2) + one.clone());
    builder.push_interaction(buses::RANGE16, [distance], once(real.clone() - cell(FAR)));

    // Both cells.
    let crosses: AB::Expr = (0..4)
        .map(|i| of_width(i) * (9 - WIDTHS[i].0..8).map(|o| cell(OFFSET + o)).sum::<AB::Expr>())
        .sum();
    builder.assert_eq(row[CROSS], crosses);
    let at = cell(WORD) + cell(HIGH) * int(1 << 13);
    let done = one.clone() - cell(TRAP);
    for (index, count) in [real.clone() - cell(TRAP), cell(CROSS) * done].into_iter().enumerate() {
        let prior = PRIOR + index;
        let later = cell(TIME) - cell(prior) - one.clone();
        builder.push_interaction(buses::RANGE24, [later], once(count.clone()));
        let old = split_bytes(builder, OLD + 8 * index, &real);
        let new = NEW + 4 * index;
        let cell_at = [int(Space::Linear as u32), at.clone() + int(index as u32)];
        let before = cell_at.clone().into_iter().chain([cell(prior)]).chain(old);
        builder.push_interaction(buses::MEMORY, before, once(count.clone()));
        let after = cell_at.into_iter().chain([cell(TIME)]).chain((new..new + 4).map(cell));
        builder.push_interaction(buses::MEMORY, after, once(-count));
    }

    // What is loaded.
    let (signed32, signed64) = (any(&SIGNED32), any(&SIGNED64));
    let signed = signed32 + signed64.clone();
    builder.assert_zero(cell(SIGN) * (one.clone() - signed.clone()));
    builder.assert_eq(row[SIGN64], cell(SIGN) * signed64);
    let top = any(&[Op::Load8S32, Op::Load8S64]) * cell(V)
        + any(&[Op::Load16S32, Op::Load16S64]) * cell(V + 1)
        + any(&[Op::Load32S64]) * cell(V + 3);
    let rest = top * int(2) - cell(SIGN) * int(1 << 8);
    builder.push_interaction(buses::RANGE8, [rest], once(signed));
    let value = split_bytes(builder, V, &real);
    for byte in 0..8 {
        let read: AB::Expr = (0..8).map(|o| cell(OFFSET + o) * cell(OLD + o + byte)).sum();
        let sign = cell(if byte < 4 { SIGN } else { SIGN64 }) * int(0xff);
        let given: AB::Expr =
            (0..4).filter(|i| WIDTHS[*i].0 > byte).map(|i| loads[i].clone()).sum();
        let filled: AB::Expr =
            (0..4).filter(|i| WIDTHS[*i].0 <= byte).map(|i| loads[i].clone()).sum();
        builder.assert_zero(given * (cell(V + byte) - read));
        // Every load gives the lowest byte.
        if byte > 0 {
            builder.assert_zero(filled * (cell(V + byte) - sign));
        }
    }

    // What is stored.
    let stored = |place: usize| -> AB::Expr {
        (0..4)
            .map(|i| {
                let own = (0..8).filter(|o| *o <= place && place - o < WIDTHS[i].0);
                let change: AB::Expr =
                    own.map(|o| cell(OFFSET + o) * (cell(V + place - o) - cell(OLD + place))).sum();
                stores[i].clone() * change
            })
            .sum::<AB::Expr>()
            + cell(OLD + place)
    };
    for limb in 0..8 {
        let bytes = stored(2 * limb) + stored(2 * limb + 1) * int(1 << 8);
        builder.assert_eq(row[NEW + limb], bytes);
    }

    let load: AB::Expr = loads.into_iter().sum();
    let imm = |limb: usize| if limb < 3 { cell(IMM + limb) } else { AB::Expr::ZERO };
    let given =
        |limb: usize| value[limb].clone() + load.clone() * (imm(limb) - value[limb].clone());
    let taken = |limb: usize| imm(limb) + load.clone() * (value[limb].clone() - imm(limb));
    let op: AB::Expr = (0..OPS.len()).map(|flag| cell(flag) * int(OPS[flag] as u32)).sum();
    let tuple = [op, cell(A), cell(A + 1), cell(TIME), cell(PAGES)]
        .into_iter()
        .chain((0..4).map(given))
        .chain((0..4).map(taken))
        .chain([cell(TRAP) * int(Status::MemoryOutOfBounds as u32)]);
    builder.push_interaction(buses::RESULTS, tuple, once(-real));
}
