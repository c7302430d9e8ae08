//! Runs that a malicious prover makes up: what one program does, given as what another did, and runs
//! that end where they should not.

use std::collections::BTreeSet;

use p3_field::{Field, PrimeCharacteristicRing};

use crate::buses::{MEMORY, RANGE24};
use crate::check::{Balance, check};
use crate::chips::testing::{Case, run_holds};
use crate::chips::{Filled, Table, Val};
use crate::execute::{Inputs, Limits, record};
use crate::program::Program;
use crate::program::isa::{Op, Status};

const FIELDS: &str = r#"(memory 1 2) (data (i32.const 8) "\01\02\83") (data $d "passive")
    (global $g (mut i64) (i64.const 6)) (type $f (func (param i64) (result i64)))
    (table 4 funcref) (elem (i32.const 1) $double $triple $deep)
    (func $triple (param i64) (result i64) (i64.mul (local.get 0) (i64.const 3)))
    (func $start (i64.store (i32.const 800) (i64.const 1)))
    (start $start)"#;

const BODY: &str = "
    (call $output (call $input (i32.const 1)))
    (call $output (call $input (i32.const 1)))
    (call $output (i64.load (i32.const 8)))
    (call $output (i64.load (i32.const 800)))
    (call $output (i64.load offset=4 (i32.const 1001)))
    (call $output (i64.add (global.get $g) (i64.const 1)))
    (call $output (call_indirect (type $f) (i64.const 5) (i32.const 1)))
    (memory.init $d (i32.const 16) (i32.const 1) (i32.const 2))
    (call $output (i64.load16_u (i32.const 16)))
    (block $b (block $a (br_table $a $b (i32.const 1))) (call $output (i64.const 4)))
    (call $output (i64.extend8_s (i64.const 0x80)))
    (call $output (i64.load8_s (i32.const 10)))
    (call $output (i64.rem_u (i64.const 17) (i64.const 5)))
    (call $require (i32.wrap_i64 (global.get $g)))";

type Change = fn(&mut Program, &mut Inputs);

/// The first instruction of an operation, from an address on.
fn find(program: &Program, op: Op, from: usize) -> usize {
    let at = program.code[from..].iter().position(|instr| instr.op == op);
    from + at.expect("an instruction of this kind")
}

/// Changes an operation to another one.
fn replace(program: &mut Program, op: Op, other: Op) {
    for instr in program.code.iter_mut().filter(|instr| instr.op == op) {
        instr.op = other;
    }
}

/// Whether the run of a changed program holds as one of the program as it was.
fn holds(fields: &str, body: &str, what: &str, change: Change) -> bool {
    let honest = Case::new(fields, body);
    assert!(run_holds(&honest.tables()), "{body}");
    let mut case = Case::new(fields, body);
    change(&mut case.program, &mut case.inputs);
    (case.outcome, case.trace) =
        record(&case.program, &case.inputs, Limits::default()).expect("a run");
    assert!(
        case.outcome != honest.outcome || case.trace.rows != honest.trace.rows,
        "{what} changes nothing"
    );
    (case.program, case.inputs) = (honest.program, honest.inputs);
    run_holds(&case.tables())
}

#[test]
fn refuses_runs_from_another_state_or_program() {
    let changes: &[(&str, Change)] = &[
        ("the start function skipped", |program, _| program.entry += 1),
        ("another data segment", |program, _| program.image.memory[8] ^= 1),
        ("memory that nobody wrote, not 0", |program, _| {
            program.image.memory.resize(2000, 0);
            program.image.memory[1008] = 1;
        }),
        ("another global", |program, _| program.image.globals[0] += 1),
        ("another passive segment", |program, _| program.image.segments[1] ^= 1),
        ("a callee that is another element", |program, _| {
            program.image.tables[1] = program.image.tables[2];
        }),
        ("a callee that is no element", |program, _| program.image.tables[1] = 0),
        ("a callee of another signature", |program, _| {
            program.image.tables[1] = program.image.tables[3];
        }),
        ("public inputs in another order", |_, inputs| inputs.public.swap(0, 1)),
        ("a public input twice", |_, inputs| inputs.public[1] = inputs.public[0]),
        ("another arm of a branch table", |program, _| {
            let at = find(program, Op::BrTable, 0);
            program.code[at].imm -= 1;
            program.code.swap(at + 1, at + 2);
        }),
        ("a sign that is not extended", |program, _| replace(program, Op::Ext8S64, Op::Wrap)),
        ("a load's sign that is not", |program, _| replace(program, Op::Load8S64, Op::Load8U)),
        ("a quotient for a remainder", |program, _| replace(program, Op::RemU, Op::DivU)),
        ("no memory", |program, _| (program.image.pages, program.start) = (0, None)),
    ];
    for (what, change) in changes {
        assert!(!holds(FIELDS, BODY, what, *change), "{what}");
    }
}

#[test]
fn refuses_traps_that_are_passed_over() {
    let cases: &[(&str, &str, Change)] = &[
        ("require(0)", "(call $require (i32.const 0))", |program, _| {
            replace(program, Op::Require, Op::Debug);
        }),
        ("a load beyond memory", "(drop (i64.load (i32.const 65530)))", |program, _| {
            program.image.pages = 2;
        }),
        ("a store beyond memory", "(i64.store (i32.const 65536) (i64.const 1))", |program, _| {
            program.image.pages = 2;
        }),
        ("a division by zero", "(drop (i64.div_u (i64.const 1) (i64.const 0)))", |program, _| {
            replace(program, Op::DivU, Op::Copy);
        }),
        (
            "an indirect call beyond the table",
            "(drop (call_indirect (type $f) (i64.const 5) (i32.const 4)))",
            |program, _| {
                let at = find(program, Op::TableLoad, 0);
                program.code[at].imm += 1;
                program.image.tables.push(program.image.tables[1]);
            },
        ),
        (
            "an indirect call of null",
            "(drop (call_indirect (type $f) (i64.const 5) (i32.const 0)))",
            |program, _| program.image.tables[0] = program.image.tables[1],
        ),
        (
            "growth beyond the maximum",
            "(call $output (i64.extend_i32_u (memory.grow (i32.const 2))))",
            |program, _| {
                let at = find(program, Op::MemoryGrow, 0);
                program.code[at].imm = 3;
            },
        ),
        ("a deep call", "(call $deep)", |program, _| {
            let at = program.code.iter().rposition(|instr| instr.op == Op::Call).unwrap();
            let deep = (0..at).rfind(|at| program.code[*at].op == Op::Call).unwrap();
            program.code[deep].op = Op::Debug;
        }),
    ];
    for (what, body, change) in cases {
        assert!(!holds(FIELDS, body, what, *change), "{what}");
    }
}

/// A run that ends early, with any status.
#[test]
fn refuses_every_end_that_is_not_the_programs() {
    let body = format!(
        "{BODY} (drop (memory.grow (i32.const 1))) (i64.store (i32.const 0) (i64.const 1))
        (table.copy (i32.const 0) (i32.const 1) (i32.const 1)) (global.set $g (i64.const 1))"
    );
    let honest = Case::new(FIELDS, &body);
    assert_eq!(honest.outcome.status, Status::Done);
    assert!(run_holds(&honest.tables()));
    let mut seen = vec![];
    for (index, row) in honest.trace.rows.iter().enumerate() {
        let op = honest.program.code[row.pc as usize].op;
        // Twice each operation.
        if op == Op::Halt || seen.iter().filter(|known| **known == op).count() == 2 {
            continue;
        }
        seen.push(op);
        for status in Status::ALL {
            let mut forged = Case::new(FIELDS, &body);
            forged.trace.rows.truncate(index + 1);
            let outputs = forged.rows(Op::Output).count();
            forged.outcome.outputs.truncate(outputs);
            forged.trace.status = Some(*status);
            forged.outcome.status = *status;
            assert!(!run_holds(&forged.tables()), "{op:?} ends with {status:?}");
            // Neither does it as one that does what a trap does: nothing.
            let last = &mut forged.trace.rows[index];
            (last.access_count, last.new) = (0, last.old);
            assert!(!run_holds(&forged.tables()), "{op:?} ends with {status:?}, undone");
        }
    }
}

/// A trap that is another one, or none.
#[test]
fn refuses_another_status_of_a_trap() {
    for body in [
        "(unreachable)",
        "(call $require (i32.const 0))",
        "(call $deep)",
        "(drop (i64.load (i32.const 65530)))",
        "(drop (i64.div_u (i64.const 1) (i64.const 0)))",
        "(drop (call_indirect (type $f) (i64.const 5) (i32.const 0)))",
        "(drop (call_indirect (type $f) (i64.const 5) (i32.const 3)))",
        "(drop (call_indirect (type $f) (i64.const 5) (i32.const 4)))",
    ] {
        let honest = Case::new(FIELDS, body).outcome.status;
        for status in Status::ALL.iter().filter(|status| **status != honest) {
            let mut forged = Case::new(FIELDS, body);
            (forged.outcome.status, forged.trace.status) = (*status, Some(*status));
            assert!(!run_holds(&forged.tables()), "{body} ends with {status:?}");
        }
    }
}

/// Gives the last cell of a row that holds a number another one.
fn rewrite(filled: &mut Filled, row: usize, number: u32, other: u32) {
    let cells = &mut filled.cells;
    let own = &mut cells.values[row * cells.width..][..cells.width];
    let last = own.iter_mut().rfind(|cell| **cell == Val::from_u32(number));
    *last.expect("a cell with the number") = Val::from_u32(other);
}

/// Makes a row's access follow an earlier one than the cell's last, given both times, so that only
/// the order of accesses is wrong: all constraints hold, and nothing but memory (and how often numbers
/// are looked up) is unbalanced.
fn refuses_stale(mut tables: Vec<Filled>, wanted: &Table, row: usize, times: [u32; 2]) {
    let kind = std::mem::discriminant(wanted);
    let at = tables.iter().position(|filled| std::mem::discriminant(&filled.table) == kind);
    let at = at.expect("the table");
    let [stale, last] = times;
    rewrite(&mut tables[at], row, last, stale);
    let mut balance = Balance::new();
    assert!(tables.iter().all(|filled| check(filled, &mut balance)));
    let odd = balance.into_iter().filter(|(_, count)| !count.is_zero());
    let buses: BTreeSet<String> = odd.map(|((bus, _), _)| bus).collect();
    assert!(buses.contains(MEMORY), "{buses:?}");
    assert!(buses.iter().all(|bus| [MEMORY, RANGE24].contains(&bus.as_str())), "{buses:?}");
    assert!(!run_holds(&tables));
}

/// Code that takes a while, so that times differ.
fn pause() -> String {
    "(call $debug (i64.const 1))".repeat(70)
}

/// When a row reads its slot of `a`; that of `b`, its destination and memory follow.
fn time(row: usize) -> u32 {
    4 * (row as u32 + 1)
}

#[test]
fn refuses_a_stale_read_of_a_slot() {
    let pause = pause();
    let body = format!(
        "(local.set $x (i64.const 7001)) {pause} (call $output (local.get $x)) {pause}
        (local.set $x (i64.const 7002)) {pause} (call $output (local.get $x))"
    );
    let mut forged = Case::new("", &body);
    let [first, second] = forged.rows(Op::Output).collect::<Vec<_>>()[..] else {
        panic!("two outputs")
    };
    let is_write = |row: &usize| forged.trace.rows[*row].new == 7002;
    let write = forged.rows(Op::Copy).find(is_write).expect("the write");
    forged.trace.rows[second].b = 7001;
    forged.outcome.outputs[1] = 7001;
    let times = [time(first) + 1, time(write) + 2];
    refuses_stale(forged.tables(), &Table::Cpu, second, times);
}

/// Of a cell, and of the second one of two.
#[test]
fn refuses_a_stale_read_of_memory() {
    let pause = pause();
    for (address, table, nth) in [(800, Table::Word, 0), (804, Table::Linear, 1)] {
        let body = format!(
            "(local $p i32) (local.set $p (i32.const {address})) {pause}
            (i64.store (local.get $p) (i64.const 0x7001000070010000)) {pause}
            (i64.store (local.get $p) (i64.const 0x7002000070010000)) {pause}
            (call $output (i64.load (local.get $p)))"
        );
        let mut forged = Case::new("(memory 1)", &body);
        let stores: Vec<usize> = forged.rows(Op::Store64).collect();
        let load = forged.rows(Op::Load64).next().expect("a load");
        let output = forged.rows(Op::Output).next().expect("an output");
        let stale = forged.trace.accesses_of(&forged.trace.rows[stores[0]])[nth].new;
        let at = forged.trace.rows[load].first_access as usize + nth;
        let access = &mut forged.trace.accesses[at];
        assert_ne!(access.old, stale);
        (access.old, access.new) = (stale, stale);
        let value = 0x7001_0000_7001_0000;
        forged.trace.rows[load].new = value;
        forged.trace.rows[output].b = value;
        forged.outcome.outputs[0] = value;
        let times = [stores[0], stores[1]].map(|row| time(row) + 3);
        // The third access of the table.
        refuses_stale(forged.tables(), &table, 2, times);
    }
}
