use p3_air::{AirBuilder, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use super::{A, CARRY, DIFFERENCE, IMM, OLD, OPS, PAGES, PRIOR, TIME, TRAP, V};
use crate::buses;
use crate::chips::results;
use crate::execute::trace::Space;
use crate::program::isa::{Op, Status};

pub fn eval<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let main = builder.main();
    let row = main.current_slice();
    let cell = |column: usize| -> AB::Expr { row[column].into() };
    let any = |ops: &[Op]| results::any::<AB>(row, &OPS, ops);
    let int = AB::Expr::from_u32;
    let one = AB::Expr::ONE;
    let once = |count: AB::Expr| Count::bounded(count, 1);
    let real = results::one_operation(builder, &OPS);
    let table = any(&[Op::TableLoad, Op::TableStore]);
    let global = any(&[Op::GlobalGet, Op::GlobalSet]);
    let segment = any(&[Op::SegmentLoad]);

    // index + difference + 1 = size, or size + difference = index.
    builder.assert_bool(row[TRAP]);
    builder.assert_bool(row[CARRY]);
    builder.assert_zero(cell(TRAP) * (one.clone() - table.clone()));
    for limb in 0..2 {
        let (index, size) = (cell(A + limb), cell(IMM + limb));
        let rest = cell(DIFFERENCE + limb);
        let (added, carried) = if limb == 0 {
            (one.clone() - cell(TRAP), cell(CARRY) * int(1 << 16))
        } else {
            (cell(CARRY), AB::Expr::ZERO)
        };
        let sum = (one.clone() - cell(TRAP)) * (index.clone() - size.clone())
            + cell(TRAP) * (size - index)
            + rest
            + added
            - carried;
        builder.assert_zero(table.clone() * sum);
        builder.push_interaction(buses::RANGE16, [row[DIFFERENCE + limb]], once(table.clone()));
    }

    // The access.
    let word = |low: usize| cell(low) + cell(low + 1) * int(1 << 16);
    let space = global.clone() * int(Space::Globals as u32)
        + table.clone() * int(Space::Tables as u32)
        + segment.clone() * int(Space::Segments as u32);
    let at = global * word(IMM) + table * (word(IMM + 2) + word(A)) + segment * word(A);
    let done = real.clone() - cell(TRAP);
    let later = cell(TIME) - cell(PRIOR) - one;
    builder.push_interaction(buses::RANGE24, [later], once(done.clone()));
    let tuple = |time: usize, value: usize| {
        let at = [space.clone(), at.clone(), cell(time)];
        at.into_iter().chain((value..value + 4).map(cell))
    };
    builder.push_interaction(buses::MEMORY, tuple(PRIOR, OLD), once(done.clone()));
    builder.push_interaction(buses::MEMORY, tuple(TIME, V), once(-done));
    let reads = any(&[Op::GlobalGet, Op::TableLoad, Op::SegmentLoad]);
    for limb in 0..4 {
        builder.assert_zero(reads.clone() * (cell(V + limb) - cell(OLD + limb)));
    }

    let op: AB::Expr = (0..OPS.len()).map(|flag| cell(flag) * int(OPS[flag] as u32)).sum();
    let either = |one: usize, other: usize| {
        [0, 1, 2, 3].map(|limb| {
            cell(other + limb) + reads.clone() * (cell(one + limb) - cell(other + limb))
        })
    };
    let tuple = [op, cell(A), cell(A + 1), cell(TIME), cell(PAGES)]
        .into_iter()
        .chain(either(IMM, V))
        .chain(either(V, IMM))
        .chain([cell(TRAP) * int(Status::UndefinedElement as u32)]);
    builder.push_interaction(buses::RESULTS, tuple, once(-real));
}
