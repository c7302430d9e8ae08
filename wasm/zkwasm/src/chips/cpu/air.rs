use p3_air::{AirBuilder, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use super::columns::*;
use crate::buses;
use crate::chips::rom::{BOUND, Flag};
use crate::execute::trace::Space;
use crate::program::isa::{FP_LIMIT, Op, Status};

/// Constraints and interactions of a row.
pub fn eval<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    state(builder);
    instruction(builder);
    slots(builder);
    values(builder);
    results(builder);
    calls(builder);
    end(builder);
}

/// The instruction is the ROM's.
fn instruction<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let main = builder.main();
    let row = main.current_slice();
    let cell = |column: usize| -> AB::Expr { row[column].into() };

    (FLAGS..A).for_each(|flag| builder.assert_bool(row[flag]));
    let kinds: AB::Expr = (FLAGS..FLAGS + Flag::KINDS).map(cell).sum();
    builder.assert_eq(kinds, row[REAL]);
    for has in [Flag::HasA, Flag::HasB, Flag::Writes] {
        builder.assert_zero(cell(FLAGS + has as usize) * (AB::Expr::ONE - cell(REAL)));
    }
    let packed: AB::Expr =
        (0..Flag::COUNT).map(|i| cell(FLAGS + i) * AB::Expr::from_u32(1 << i)).sum();
    let tuple = [PC].into_iter().chain(OP..FLAGS).map(cell).chain([packed]);
    builder.push_interaction(buses::ROM, tuple, Count::bounded(cell(REAL), 1));
}

/// Operands and destination are slots where the flags say so.
fn slots<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let main = builder.main();
    let row = main.current_slice();
    let cell = |column: usize| -> AB::Expr { row[column].into() };
    let int = AB::Expr::from_u32;

    let accesses = [(Flag::HasA, RS1, A, A), (Flag::HasB, RS2, B, B), (Flag::Writes, RD, OLD, C)];
    for (index, (has, slot, old, new)) in accesses.into_iter().enumerate() {
        let has = cell(FLAGS + has as usize);
        let prior = cell(PRIOR + index);
        let time = cell(CLOCK) * int(TIMES) + int(index as u32);
        let later = time.clone() - prior.clone() - AB::Expr::ONE;
        builder.push_interaction(buses::RANGE24, [later], Count::bounded(has.clone(), 1));
        let tuple = |time: AB::Expr, value: usize| {
            let at = [int(Space::Slots as u32), cell(FP) + cell(slot), time];
            at.into_iter().chain((value..value + 4).map(cell))
        };
        builder.push_interaction(buses::MEMORY, tuple(prior, old), Count::bounded(has.clone(), 1));
        builder.push_interaction(buses::MEMORY, tuple(time, new), Count::bounded(-has, 1));
    }
}

/// Values that no other table gives.
fn values<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let main = builder.main();
    let row = main.current_slice();
    let cell = |column: usize| -> AB::Expr { row[column].into() };
    let flag = |flag: Flag| cell(FLAGS + flag as usize);
    let one = AB::Expr::ONE;

    // Absent operands; that of an input or a memory size is what its result is, by the tuple.
    let (input, size) = (flag(Flag::Input), flag(Flag::MemorySize));
    let absent = one.clone() - flag(Flag::HasB) - input.clone() - size.clone();
    for limb in 0..4 {
        builder.assert_zero((one.clone() - flag(Flag::HasA)) * cell(A + limb));
        builder.assert_zero(absent.clone() * (cell(B + limb) - cell(IMM + limb)));
        builder.assert_zero(flag(Flag::Write) * (cell(C + limb) - cell(IMM + limb)));
    }

    // Copies and selections.
    builder.assert_bool(row[NONZERO]);
    let sum: AB::Expr = (A..A + 4).map(cell).sum();
    builder.assert_zero((one.clone() - cell(NONZERO)) * sum.clone());
    builder.assert_eq(sum * cell(INVERSE), row[NONZERO]);
    for limb in 0..4 {
        let (b, old, c) = (cell(B + limb), cell(OLD + limb), cell(C + limb));
        builder.assert_zero(flag(Flag::Copy) * (c.clone() - b.clone()));
        let (to_b, to_old) = (c.clone() - b.clone(), c - old.clone());
        let moved = cell(NONZERO) * (b - old);
        builder.assert_zero(flag(Flag::SelNz) * (to_old - moved.clone()));
        builder.assert_zero(flag(Flag::SelZ) * (to_b + moved));
    }

    // At most 2^16 pages: the second limb is a bit.
    let pages = cell(C) + cell(C + 1) * AB::Expr::from_u32(1 << 16);
    builder.assert_zero(size.clone() * (pages - cell(PAGES)));
    builder.assert_zero(size.clone() * cell(C + 1) * (cell(C + 1) - one.clone()));
    builder.assert_zero(size * (cell(C + 2) + cell(C + 3)));

    // Which input.
    builder.assert_bool(row[PUBLIC_INPUT]);
    builder.assert_zero(cell(PUBLIC_INPUT) * (one - input.clone()));
    builder.assert_zero(input.clone() * (cell(A) - cell(PUBLIC_INPUT)));
    let rest: AB::Expr = (A + 1..A + 4).map(cell).sum();
    builder.assert_zero(input * rest);
}

/// What other tables do.
fn results<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let main = builder.main();
    let row = main.current_slice();
    let cell = |column: usize| -> AB::Expr { row[column].into() };
    let flag = |flag: Flag| cell(FLAGS + flag as usize);
    let int = AB::Expr::from_u32;

    // The upper limbs of an index are zero; time, pages and counts take their place.
    let access = flag(Flag::Read) + flag(Flag::Write);
    let grow = flag(Flag::MemoryGrow);
    let indexed = access.clone() + grow.clone();
    builder.assert_zero(indexed.clone() * (cell(A + 2) + cell(A + 3)));
    builder.assert_zero((AB::Expr::ONE - grow.clone()) * (cell(NEXT_PAGES) - cell(PAGES)));
    let time = cell(CLOCK) * int(TIMES) + int(TIMES - 1);
    let third = cell(A + 2)
        + access * time
        + grow * cell(NEXT_PAGES)
        + cell(PUBLIC_INPUT) * cell(INPUTS)
        + flag(Flag::Output) * cell(OUTPUTS);
    let fourth = cell(A + 3) + indexed.clone() * cell(PAGES);

    let public = int(Op::Input as u32) - int(BOUND as u32);
    let op = cell(OP) + cell(PUBLIC_INPUT) * public;
    let status: AB::Expr = cell(END) * builder.public_values()[STATUS].into();
    let tuple = [op, cell(A), cell(A + 1), third, fourth]
        .into_iter()
        .chain((B..B + 4).chain(C..C + 4).map(cell))
        .chain([status]);
    let others = [Flag::Alu, Flag::BrTable, Flag::Input, Flag::Output, Flag::MemorySize];
    let asks = indexed + others.map(flag).into_iter().sum::<AB::Expr>();
    builder.push_interaction(buses::RESULTS, tuple, Count::bounded(asks, 1));
}

/// What goes from row to row.
fn state<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let main = builder.main();
    let (row, next) = (main.current_slice(), main.next_slice());
    let cell = |column: usize| -> AB::Expr { row[column].into() };
    let then = |column: usize| -> AB::Expr { next[column].into() };
    let flag = |flag: Flag| cell(FLAGS + flag as usize);
    let word = |low: usize| cell(low) + cell(low + 1) * AB::Expr::from_u32(1 << 16);
    let public: Vec<AB::Expr> = builder.public_values().iter().map(|v| (*v).into()).collect();

    let mut first = builder.when_first_row();
    first.assert_one(row[CLOCK]);
    first.assert_one(row[REAL]);
    first.assert_eq(row[PC], public[ENTRY].clone());
    first.assert_eq(row[PAGES], public[FIRST_PAGES].clone());
    [FP, INPUTS, OUTPUTS].into_iter().for_each(|column| first.assert_zero(row[column]));

    let mut step = builder.when_transition();
    step.assert_eq(then(CLOCK), cell(CLOCK) + AB::Expr::ONE);
    step.assert_eq(then(REAL), cell(REAL) - cell(END));
    step.assert_eq(then(INPUTS), cell(INPUTS) + cell(PUBLIC_INPUT));
    step.assert_eq(then(OUTPUTS), cell(OUTPUTS) + flag(Flag::Output));
    step.assert_eq(then(PAGES), cell(NEXT_PAGES));

    // The next address, and frame.
    let sequel = cell(PC) + AB::Expr::ONE;
    let target = word(IMM);
    let jump = target.clone() - sequel.clone();
    let to = |pc: AB::Expr| then(PC) - pc;
    let jumps = [Flag::Jump, Flag::BrNz, Flag::BrZ, Flag::BrTable];
    let frames = [Flag::Call, Flag::CallIndirect, Flag::Return];
    let other: AB::Expr =
        cell(REAL) - jumps.iter().chain(&frames).map(|kind| flag(*kind)).sum::<AB::Expr>();
    step.assert_zero(other * to(sequel.clone()));
    step.assert_zero((flag(Flag::Jump) + flag(Flag::Call)) * to(target.clone()));
    let taken = cell(NONZERO) * jump;
    step.assert_zero(flag(Flag::BrNz) * (to(sequel.clone()) - taken.clone()));
    step.assert_zero(flag(Flag::BrZ) * (to(target.clone()) + taken));
    let (a, below) = (word(A), cell(C));
    let least = below * (a.clone() - target.clone()) + target;
    step.assert_zero(flag(Flag::BrTable) * (to(sequel) - least));
    step.assert_zero((flag(Flag::CallIndirect) + flag(Flag::Return)) * to(a));
    let call = flag(Flag::Call) + flag(Flag::CallIndirect);
    let stays = cell(REAL) - call.clone() - flag(Flag::Return);
    step.assert_zero(stays * (then(FP) - cell(FP)));
    step.assert_zero(call * (then(FP) - cell(FP) - cell(RS2)));
    step.assert_zero(flag(Flag::Return) * (then(FP) - word(A + 2)));
}

/// Where the run ends, and with which status.
fn end<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let main = builder.main();
    let row = main.current_slice();
    let cell = |column: usize| -> AB::Expr { row[column].into() };
    let flag = |flag: Flag| cell(FLAGS + flag as usize);
    let public: Vec<AB::Expr> = builder.public_values().iter().map(|v| (*v).into()).collect();
    let one = AB::Expr::ONE;
    let ended = cell(END);
    let is = |status: Status| public[STATUS].clone() - AB::Expr::from_u8(status as u8);

    builder.assert_bool(row[REAL]);
    builder.assert_bool(row[END]);
    builder.assert_zero(ended.clone() * (one.clone() - cell(REAL)));
    builder.when_last_row().assert_eq(row[REAL], row[END]);
    builder.assert_zero(ended.clone() * (cell(OUTPUTS) - public[OUTPUT_COUNT].clone()));
    builder.assert_zero(ended.clone() * (flag(Flag::Halt) - public[DONE].clone()));
    let may = [
        Flag::Halt,
        Flag::Trap,
        Flag::Call,
        Flag::CallIndirect,
        Flag::Require,
        Flag::Alu,
        Flag::Read,
        Flag::Write,
    ];
    let may: AB::Expr = may.into_iter().map(flag).sum();
    builder.assert_zero(ended.clone() * (one.clone() - may));

    for kind in [Flag::Halt, Flag::Trap] {
        builder.assert_zero(flag(kind) * (one.clone() - ended.clone()));
    }
    builder.assert_zero(flag(Flag::Halt) * is(Status::Done));
    builder.assert_zero(flag(Flag::Trap) * (public[STATUS].clone() - cell(IMM)));
    let require = flag(Flag::Require);
    builder.assert_zero(require.clone() * (ended.clone() + cell(NONZERO) - one.clone()));
    builder.assert_zero(require * ended.clone() * is(Status::RequireFailed));
    builder.assert_zero(cell(ENTER) * ended.clone() * is(Status::StackExhausted));
    let fails = flag(Flag::CallIndirect) * (one.clone() - cell(ENTER));
    builder.assert_zero(fails.clone() * (one - ended));
    builder.assert_zero(fails * (is(Status::NullElement) - cell(NONZERO)));
}

/// Links, types, and the frame pointer's limit.
fn calls<AB: AirBuilder + InteractionBuilder>(builder: &mut AB) {
    let main = builder.main();
    let row = main.current_slice();
    let cell = |column: usize| -> AB::Expr { row[column].into() };
    let flag = |flag: Flag| cell(FLAGS + flag as usize);
    let one = AB::Expr::ONE;
    let (direct, indirect) = (flag(Flag::Call), flag(Flag::CallIndirect));
    let call = direct.clone() + indirect.clone();

    builder.assert_zero(call.clone() * (cell(C) - cell(IMM + 2)));
    builder.assert_zero(call.clone() * (cell(C + 1) - cell(IMM + 3)));
    builder.assert_zero(call.clone() * (cell(C + 2) - cell(FP)));
    builder.assert_zero(call.clone() * cell(C + 3));

    // An indirect call is entered exactly if the cell's type is the instruction's.
    builder.assert_bool(row[ENTER]);
    builder.assert_zero(cell(ENTER) * (one.clone() - call));
    builder.assert_zero(direct * (one.clone() - cell(ENTER)));
    let types = cell(A + 2) - cell(IMM);
    builder.assert_zero(indirect.clone() * cell(ENTER) * types.clone());
    let differ = types * cell(TYPE_INVERSE);
    builder.assert_zero(indirect.clone() * (differ + cell(ENTER) - one));
    // Types are below 2^16.
    builder.assert_zero(indirect * cell(A + 3));

    // Below the limit exactly if the call does not end the run. Both terms are below 2^16, so that
    // the product, which is below 2^24, has not wrapped around the field.
    let frame = cell(FP) + cell(RS2) - cell(END) * AB::Expr::from_u32(FP_LIMIT);
    let scaled = frame * AB::Expr::from_u32((1 << 24) / FP_LIMIT);
    builder.push_interaction(buses::RANGE24, [scaled], Count::bounded(cell(ENTER), 1));
}
