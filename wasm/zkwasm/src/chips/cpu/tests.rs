use p3_field::{PrimeCharacteristicRing, PrimeField32};

use super::columns::*;
use crate::chips::rom::Flag;
use crate::chips::testing::{Case, complaint, essential, refuses, run_holds};
use crate::chips::{Filled, Val};
use crate::execute::trace::Row;
use crate::execute::{Limits, record};
use crate::program::isa::{Instr, Op, Status};

const MEMORY: &str = "(memory 1)";

const ALL: &str = "
    (local.set $x (call $input (i32.const 1)))
    (local.set $x (i64.add (local.get $x) (call $input (i32.const 0))))
    (if (i64.lt_u (local.get $x) (i64.const 9)) (then (local.set $x (call $double (local.get $x)))))
    (block $a (br_if $a (i64.eqz (local.get $x))) (call $debug (local.get $x)))
    (block $d (br_if $d (i64.lt_u (local.get $x) (i64.const 2))))
    (block $c (block $b (br_table $b $c $b (i32.const 1))))
    (call $require (i32.const 7))
    (call $output (select (local.get $x) (i64.const 4) (i64.lt_s (local.get $x) (i64.const 0))))
    (call $output (i64.extend_i32_u (memory.size)))";

#[test]
fn runs_of_all_kinds_hold() {
    for (body, status) in [
        ("", Status::Done),
        (ALL, Status::Done),
        ("(unreachable)", Status::Unreachable),
        ("(call $require (i32.const 0))", Status::RequireFailed),
        ("(call $deep)", Status::StackExhausted),
    ] {
        let case = Case::new(MEMORY, body);
        assert_eq!(case.outcome.status, status, "{body}");
        let tables = case.tables();
        assert_eq!(complaint(&tables), None, "{body}");
        assert!(run_holds(&tables), "{body}");
    }
}

#[test]
fn indirect_calls_hold() {
    for (index, status) in
        [(0, Status::NullElement), (1, Status::SignatureMismatch), (2, Status::Done)]
    {
        let mut case = Case::new(MEMORY, "(drop (call $double (i64.const 1)))");
        let code = &mut case.program.code;
        // The last call is that of the entry.
        let is_call = |(_, instr): &(usize, &Instr)| instr.op == Op::Call;
        let (at, _) = code.iter().enumerate().rev().filter(is_call).nth(1).unwrap();
        let entry = code[at].imm;
        // A table's cell as a constant, then the call through it.
        let cell = [0, entry | 5 << 32, entry | 3 << 32][index];
        let slot = code[at].rd + 1;
        code[at - 1] = Instr { op: Op::Copy, rd: slot, rs1: None, rs2: None, imm: cell };
        code[at] = Instr { op: Op::CallIndirect, rs1: Some(slot), imm: 3, ..code[at] };
        (case.outcome, case.trace) =
            record(&case.program, &case.inputs, Limits::default()).unwrap();
        assert_eq!(case.outcome.status, status);
        let tables = case.tables();
        assert_eq!(complaint(&tables), None, "{status:?}");
        refuses_changes(&case, &tables);
    }
}

/// Cells that a row leaves free; padding beyond its first row has free addresses, and all of it free
/// operands and slots that agree with each other.
fn is_free(tables: &[Filled], index: usize, column: usize) -> bool {
    let row = &tables[0].cells.values[index * WIDTH..][..WIDTH];
    let on = |flag: Flag| row[FLAGS + flag as usize] == Val::ONE;
    let padding = row[REAL] == Val::ZERO;
    match column {
        PC | FP => padding && tables[0].cells.values[(index - 1) * WIDTH + REAL] == Val::ZERO,
        OP..IMM => padding,
        INVERSE => row[NONZERO] == Val::ZERO,
        TYPE_INVERSE => !on(Flag::CallIndirect) || row[ENTER] == Val::ONE,
        OLD..C => !on(Flag::Writes),
        C..PRIOR => {
            let used = [Flag::Alu, Flag::BrTable, Flag::Output, Flag::Write, Flag::Writes];
            !used.into_iter().any(on)
        }
        PRIOR.. => !on([Flag::HasA, Flag::HasB, Flag::Writes][column - PRIOR]),
        _ => false,
    }
}

fn refuses_changes(case: &Case, tables: &[Filled]) {
    let mut tables = essential(tables.to_vec());
    assert!(run_holds(&tables));
    for index in 0..tables[0].cells.values.len() / WIDTH {
        for column in 0..WIDTH {
            if is_free(&tables, index, column) {
                continue;
            }
            for delta in [1, -1, 1 << 16] {
                let row = case.trace.rows.get(index);
                let instr = row.map(|row| case.program.code[row.pc as usize]);
                let refused = refuses(&mut tables, 0, index * WIDTH + column, delta);
                assert!(refused, "row {index} {instr:?} column {column} by {delta}");
            }
        }
    }
}

#[test]
fn refuses_a_change_of_any_cell() {
    for body in [ALL, "(unreachable)", "(call $require (i32.const 0))"] {
        let case = Case::new(MEMORY, body);
        refuses_changes(&case, &case.tables());
    }
}

/// Runs that a prover made up, with everything that follows from the lie made to agree.
#[test]
fn refuses_forged_runs() {
    type Lie = (Op, fn(&mut Row));
    let lies: &[Lie] = &[
        // Another result, of a copy, a sum, an input, a memory size.
        (Op::Copy, |row| row.new ^= 1),
        (Op::Add64, |row| row.new += 1),
        (Op::Input, |row| row.new += 1),
        (Op::MemorySize, |row| row.new += 1),
        (Op::MemorySize, |row| row.new += 1 << 32),
        (Op::MemorySize, |row| row.new += 1 << 48),
        // Another number that is the same in the field.
        (Op::MemorySize, |row| row.new += u64::from(Val::ORDER_U32)),
        // Values that the slots do not hold.
        (Op::Add64, |row| (row.a, row.new) = (row.a + 1, row.new + 1)),
        (Op::BrNz, |row| row.a ^= 1),
        (Op::Output, |row| row.b += 1),
        (Op::Require, |row| row.a = 0),
        (Op::Return, |row| row.a += 1),
        // A wrong address or frame.
        (Op::Copy, |row| row.pc += 1),
        (Op::Return, |row| row.fp += 1),
    ];
    for (op, lie) in lies {
        let honest = Case::new(MEMORY, ALL);
        let rows: Vec<usize> = honest.rows(*op).collect();
        assert!(!rows.is_empty(), "{op:?}");
        for index in rows {
            let mut forged = Case::new(MEMORY, ALL);
            lie(&mut forged.trace.rows[index]);
            assert!(!run_holds(&forged.tables()), "{op:?} in row {index}");
        }
    }
    // An instruction left out, or done twice.
    for index in 0..Case::new(MEMORY, ALL).trace.rows.len() {
        let mut forged = Case::new(MEMORY, ALL);
        forged.trace.rows.remove(index);
        assert!(!run_holds(&forged.tables()), "without row {index}");
        let mut forged = Case::new(MEMORY, ALL);
        let row = forged.trace.rows[index];
        forged.trace.rows.insert(index, row);
        assert!(!run_holds(&forged.tables()), "row {index} twice");
    }
    // Another end, or other outputs.
    let mut forged = Case::new(MEMORY, ALL);
    forged.outcome.status = Status::Unreachable;
    assert!(!run_holds(&forged.tables()));
    let mut forged = Case::new(MEMORY, ALL);
    forged.trace.rows.pop();
    assert!(!run_holds(&forged.tables()));
    for outputs in [vec![1, 4], vec![4], vec![4, 1, 1], vec![5, 1]] {
        let mut forged = Case::new(MEMORY, ALL);
        assert_ne!(forged.outcome.outputs, outputs);
        forged.outcome.outputs = outputs;
        assert!(!run_holds(&forged.tables()));
    }
}

/// Runs of a program that was changed in one place, given as runs of the program as it was.
#[test]
fn refuses_runs_of_another_program() {
    let fields =
        "(memory 1 2) (table 3 funcref) (table 2 funcref) (elem (i32.const 1) $double $deep)
        (type $f (func (param i64) (result i64)))";
    let body = "
        (local.set $x (call $input (i32.const 1)))
        (if (i64.lt_u (local.get $x) (i64.const 3)) (then (call $output (i64.const 1))))
        (call $output (i64.div_u (local.get $x) (i64.const 3)))
        (call $output (i64.rem_s (local.get $x) (i64.const -3)))
        (call $output (call_indirect (type $f) (local.get $x) (i32.const 1)))
        (i64.store (i32.const 65528) (i64.sub (local.get $x) (i64.const 9)))
        (call $output (i64.load (i32.const 65528)))
        (drop (memory.grow (i32.const 1)))
        (br_if 0 (i64.eqz (local.get $x)))
        (call $output (i64.extend_i32_u (memory.grow (i32.const 1))))";
    let traps = [
        "(call $require (i32.const 0)) (call $output (i64.const 1))",
        "(drop (call_indirect (type $f) (i64.const 1) (i32.const 0)))",
        "(drop (call_indirect (type $f) (i64.const 1) (i32.const 2)))",
        "(drop (call_indirect (type $f) (i64.const 1) (i32.const 3)))",
        "(drop (i64.load (i32.const 65529)))",
        "(drop (i64.div_u (local.get $x) (i64.const 0)))",
        "(if (i64.eqz (local.get $x)) (then (unreachable))) (call $output (i64.const 1))",
    ];
    type Change = (&'static str, Op, fn(&mut Instr));
    let changes: &[Change] = &[
        ("a branch not taken", Op::BrZ, |instr| instr.op = Op::BrNz),
        ("an instruction left out", Op::Output, |instr| instr.op = Op::Debug),
        ("an output that is another slot's", Op::Output, |instr| instr.rs2 = Some(0)),
        ("a requirement passed over", Op::Require, |instr| instr.op = Op::Debug),
        ("a call of any type", Op::CallIndirect, |instr| instr.imm ^= 1),
        ("a call passed over", Op::CallIndirect, |instr| instr.op = Op::Debug),
        ("a trap passed over", Op::Trap, |instr| instr.op = Op::Debug),
        ("a division passed over", Op::DivU, |instr| instr.op = Op::Add64),
        ("another quotient", Op::DivU, |instr| instr.op = Op::RemU),
        ("a remainder of another sign", Op::RemS64, |instr| instr.op = Op::RemU),
        ("a call past its entry", Op::Call, |instr| instr.imm += 1),
        ("a table without bounds", Op::TableLoad, |instr| instr.imm |= 0xffff),
        ("a load beside its address", Op::Load64, |instr| instr.imm -= 1),
        ("a store beside its address", Op::Store64, |instr| instr.imm -= 8),
        ("a narrower store", Op::Store64, |instr| instr.op = Op::Store16),
        ("growth beyond the maximum", Op::MemoryGrow, |instr| instr.imm = 3),
        ("a sum with another number", Op::Copy, |instr| instr.imm ^= 4),
    ];
    for (what, op, change) in changes {
        let mut forged = 0;
        for body in [body].iter().chain(&traps) {
            let honest = Case::new(fields, body);
            let tables = honest.tables();
            assert!(run_holds(&tables));
            for at in 0..honest.program.code.len() {
                if honest.program.code[at].op != *op {
                    continue;
                }
                let mut case = Case::new(fields, body);
                change(&mut case.program.code[at]);
                let limits = Limits { rows: 10_000, ..Limits::default() };
                let Ok((outcome, trace)) = record(&case.program, &case.inputs, limits) else {
                    continue;
                };
                case.program = honest.program.clone();
                (case.outcome, case.trace) = (outcome, trace);
                let bad = case.tables();
                let same = |(one, other): (&Filled, &Filled)| one.cells == other.cells;
                if bad.len() == tables.len() && bad.iter().zip(&tables).all(same) {
                    continue;
                }
                forged += 1;
                assert!(!run_holds(&bad), "{what}, at {at} of {body}");
            }
        }
        assert!(forged > 0, "{what}");
    }
}
