//! Tables of accesses: what a row provides must be what its operation does to the cells that it
//! requests.

use p3_field::{PrimeCharacteristicRing, PrimeField32};

use crate::buses::{MEMORY, RESULTS};
use crate::chips::testing::{Case, Said, Target, Truth, Tuple, not_needed};
use crate::chips::{Table, Val, limbs};
use crate::execute::trace::Space;
use crate::execute::{extend, width};
use crate::program::isa::{Chip, Op, Status};

/// A cell before and after an access: `[space, cell, time, v0..v3]` both.
type Access = [Vec<u64>; 2];

/// The result that a row provides: `[op, a0..a3, b0..b3, c0..c3, status]`; `None` where it is nothing.
fn provided(said: &Said) -> Option<Vec<u64>> {
    let own = said.tuples.iter().find(|tuple| tuple.bus == RESULTS)?;
    (own.count == Val::NEG_ONE).then(|| numbers(own))
}

/// Limbs of the immediate, and of what is read or written.
fn immediate_and_value(op: Op, tuple: &[u64]) -> [&[u64]; 2] {
    let (b, c) = (&tuple[5..9], &tuple[9..13]);
    if op.writes() { [b, c] } else { [c, b] }
}

fn numbers(tuple: &Tuple) -> Vec<u64> {
    tuple.fields.iter().map(|field| u64::from(field.as_canonical_u32())).collect()
}

/// The accesses of a row: pairs of what it requests and provides of memory. `None` where nobody can
/// provide what is requested, as no cell holds such a value or was accessed at such a time.
fn accesses(said: &Said) -> Option<Vec<Access>> {
    let made = said.tuples.iter().filter(|tuple| tuple.bus == MEMORY && tuple.count != Val::ZERO);
    let made: Vec<&Tuple> = made.collect();
    let mut accesses = vec![];
    for pair in made.chunks(2) {
        let [before, after] = pair else { return Some(vec![]) };
        if before.count != Val::ONE || after.count != Val::NEG_ONE {
            // Nothing is provided twice; but what is provided instead of requested may be anything.
            return if before.is_request() { None } else { Some(vec![]) };
        }
        let (before, after) = (numbers(before), numbers(after));
        if before[3..].iter().any(|limb| *limb >= 1 << 16) || before[2] >= 1 << 23 {
            return None;
        }
        accesses.push([before, after]);
    }
    Some(accesses)
}

fn value(limbs: &[u64]) -> u64 {
    (0..4).map(|at| limbs[at] << (16 * at)).sum()
}

/// Whether these are accesses to the cells of a space, in order, that turn `before` into `after`.
fn are(
    accesses: &[Access],
    space: Space,
    first: u64,
    time: u64,
    before: &[u64],
    after: &[u64],
) -> bool {
    accesses.len() == before.len()
        && accesses.iter().enumerate().all(|(at, [old, new])| {
            old[0] == space as u64
                && old[1] == first + at as u64
                && old[2] < time
                && value(&old[3..]) == before[at]
                && new[..3] == [old[0], old[1], time]
                && new[3..] == limbs(after[at]).map(u64::from)
        })
}

/// The operation of a row, if it is about something that can be requested: an access of these chips,
/// at a time, with operands whose limbs are in range.
fn possible(tuple: &[u64], chips: &[Chip]) -> Option<Op> {
    let op = *Op::ALL.get(tuple[0] as usize)?;
    if !chips.contains(&op.chip()) || tuple[3] >= 1 << 23 {
        return None;
    }
    let [imm, value] = immediate_and_value(op, tuple);
    let stored = if op.writes() { &[] } else { value };
    let limbs = tuple[1..3].iter().chain(imm).chain(stored);
    limbs.into_iter().all(|limb| *limb < 1 << 16).then_some(op)
}

fn loads_are_true(said: &Said) -> bool {
    let Some(tuple) = provided(said) else { return true };
    let Some(op) = possible(&tuple, &[Chip::Load, Chip::Store]) else { return true };
    let (time, pages) = (tuple[3], tuple[4]);
    let [imm, written] = immediate_and_value(op, &tuple);
    // The offset, of 32 bits, and an address that was added to it when the program was made.
    if pages > 1 << 16 || value(imm) >= 1 << 33 {
        return true;
    }
    let Some(accesses) = accesses(said) else { return true };
    let is_store = op.chip() == Chip::Store;
    let address = (tuple[1] | tuple[2] << 16) + value(imm);
    let bytes = width(op);
    if address + bytes as u64 > pages << 16 {
        return tuple[13] == Status::MemoryOutOfBounds as u64 && accesses.is_empty();
    }
    let (first, offset) = (address / 8, (address % 8) as usize);
    let before: Vec<u64> = accesses.iter().map(|[old, _]| value(&old[3..])).collect();
    let mut memory: Vec<u8> = before.iter().flat_map(|cell| cell.to_le_bytes()).collect();
    if memory.len() != (offset + bytes).next_multiple_of(8) {
        return false;
    }
    let own = &mut memory[offset..offset + bytes];
    let right = if is_store {
        own.copy_from_slice(&value(written).to_le_bytes()[..bytes]);
        true
    } else {
        let mut word = [0; 8];
        word[..bytes].copy_from_slice(own);
        written == limbs(extend(op, u64::from_le_bytes(word))).map(u64::from)
    };
    let (after, _) = memory.as_chunks::<8>();
    let after: Vec<u64> = after.iter().map(|cell| u64::from_le_bytes(*cell)).collect();
    right && tuple[13] == 0 && are(&accesses, Space::Linear, first, time, &before, &after)
}

fn cells_are_true(said: &Said) -> bool {
    let Some(tuple) = provided(said) else { return true };
    let Some(op) = possible(&tuple, &[Chip::Cell]) else { return true };
    let Some(accesses) = accesses(said) else { return true };
    let time = tuple[3];
    let [imm, written] = immediate_and_value(op, &tuple);
    let (index, imm) = (tuple[1] | tuple[2] << 16, value(imm));
    let (size, base) = (imm & u64::from(u32::MAX), imm >> 32);
    if matches!(op, Op::TableLoad | Op::TableStore) && index >= size {
        return tuple[13] == Status::UndefinedElement as u64 && accesses.is_empty();
    }
    // A program has fewer cells than the field has numbers.
    let (space, cell) = match op {
        Op::GlobalGet | Op::GlobalSet => (Space::Globals, size),
        Op::SegmentLoad => (Space::Segments, index),
        _ => (Space::Tables, base + index),
    };
    if cell >= 1 << 30 || matches!(op, Op::GlobalGet | Op::GlobalSet) && base > 0 {
        return true;
    }
    let before: Vec<u64> = accesses.iter().map(|[old, _]| value(&old[3..])).collect();
    let read = written.iter().all(|limb| *limb < 1 << 16);
    let written = value(written);
    let after = match op {
        Op::GlobalSet | Op::TableStore => vec![written],
        _ => before.clone(),
    };
    read && tuple[13] == 0
        && after == [written]
        && are(&accesses, space, cell, time, &before, &after)
}

fn growth_is_true(said: &Said) -> bool {
    let Some(tuple) = provided(said) else { return true };
    let (pages, most) = (tuple[4], value(&tuple[5..9]));
    let wide = tuple[1..3].iter().chain(&tuple[5..9]).any(|limb| *limb >= 1 << 16);
    if wide || pages > 1 << 16 || most > 1 << 16 {
        return true;
    }
    let a = tuple[1] | tuple[2] << 16;
    let grows = pages + a <= most;
    let (after, result) = if grows { (pages + a, pages) } else { (pages, 0xffff_ffff) };
    tuple[3] == after && tuple[9..13] == limbs(result).map(u64::from) && tuple[13] == 0
}

/// Attacks a table in the runs of some bodies; `free` are the items that nothing comes of without.
fn check(table: &Table, fields: &str, bodies: &[String], truth: Truth, free: &[&str]) {
    let runs: Vec<_> = bodies.iter().map(|body| Case::new(fields, body).tables()).collect();
    let found = not_needed(&Target::of(&runs, table), truth);
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), free);
}

#[test]
fn loads_and_stores_need_every_constraint() {
    let mut body = String::new();
    for at in [17, 23] {
        for access in ["load8_u", "load16_s", "load32_s", "load32_u", "load"] {
            body += &format!("(drop (i64.{access} offset=65544 (local.get $p)))");
        }
        for access in ["store8", "store16", "store32", "store"] {
            body += &format!("(i64.{access} (local.get $p) (i64.const 0x1122334455667788))");
        }
        for access in ["load8_s", "load16_s"] {
            body += &format!("(drop (i32.{access} (local.get $p)))");
            body += &format!("(drop (i64.{access} offset=4 (local.get $p)))");
        }
        body += &format!("(local.set $p (i32.const {at}))");
    }
    let traps = ["(i32.const 0x2ffff)", "(i32.const -1)"]
        .map(|at| format!("(drop (i32.load16_u offset=1 {at}))"));
    let bodies =
        [&[format!("(local $p i32) (local.set $p (i32.const 16)) {body}")], &traps[..]].concat();
    let fields = r#"(memory 3) (data (i32.const 16) "\81\82\83\84\85\86\87\88\91\92\93\94\95\96")"#;
    let free = [
        // The sign: it fills at least a byte.
        "constraint 15 on [47]",
        // The eightfold word: without it an address has two forms, both right.
        "range16 64 on [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 33]",
    ];
    check(&Table::Linear, fields, &bodies, loads_are_true, &free);
}

#[test]
fn words_need_every_constraint() {
    let mut body = String::new();
    for at in [16, 20, 65528] {
        body += &format!("(local.set $p (i32.const {at}))");
        body +=
            "(drop (i64.load32_u (local.get $p))) (drop (i32.load offset=131040 (local.get $p)))
            (i64.store32 (local.get $p) (i64.const 0x1122334455667788))";
    }
    for at in [24, 65520] {
        body += &format!("(local.set $p (i32.const {at}))");
        body += "(drop (i64.load (local.get $p))) (drop (i64.load offset=65552 (local.get $p)))
            (i64.store (local.get $p) (i64.const 0x1122334455667788))";
    }
    let fields = r#"(memory 3) (data (i32.const 16) "\81\82\83\84\85\86\87\88\91\92\93\94\95\96")"#;
    check(&Table::Word, fields, &[format!("(local $p i32) {body}")], loads_are_true, &[]);
}

#[test]
fn cells_need_every_constraint() {
    let fields = r#"(memory 1) (global $g (mut i64) (i64.const 0x1_0002_0003))
        (table $u 3 funcref) (table $t 5 funcref) (elem (table $t) (i32.const 1) func $double $deep)
        (data $d "passive") (type $f (func (param i64) (result i64)))"#;
    let bodies = [
        "(global.set $g (i64.add (global.get $g) (i64.const 1)))
        (drop (call_indirect $t (type $f) (i64.const 8) (i32.const 1)))
        (table.copy $u $t (i32.const 0) (i32.const 1) (i32.const 2))
        (memory.init $d (i32.const 3) (i32.const 1) (i32.const 2))",
        "(drop (call_indirect $t (type $f) (i64.const 8) (i32.const 6)))",
        "(drop (call_indirect $t (type $f) (i64.const 8) (i32.const -1)))",
    ];
    check(&Table::Cell, fields, &bodies.map(str::to_owned), cells_are_true, &[]);
}

#[test]
fn growth_needs_every_constraint() {
    let body = "(drop (memory.grow (i32.const 0))) (drop (memory.grow (i32.const 4)))
        (drop (memory.grow (i32.const 2))) (drop (memory.grow (i32.const 0x10001)))
        (drop (memory.grow (i32.const -1))) (drop (memory.grow (i32.const 1)))";
    // Padding with a large operand: it would have to be both below 2 and not.
    let free = ["constraint 5 on [0, 2]"];
    check(&Table::Grow, "(memory 1 4)", &[body.to_owned()], growth_is_true, &free);
}
