//! The table of the run, and those of cells: rows that break just one constraint, whatever other
//! tables hold.

use std::collections::BTreeSet;

use crate::chips::Table;
use crate::chips::testing::{Case, Target, not_needed};

const FIELDS: &str = r#"(memory 1 2) (global $g (mut i64) (i64.const 6))
    (type $f (func (param i64) (result i64))) (table 3 funcref) (elem (i32.const 1) $double $deep)"#;

const BODIES: &[&str] = &[
    "(local.set $x (call $input (i32.const 1)))
    (local.set $x (i64.add (local.get $x) (call $input (i32.const 0))))
    (if (i64.lt_u (local.get $x) (i64.const 9)) (then (local.set $x (call $double (local.get $x)))))
    (block $a (br_if $a (i64.eqz (local.get $x))) (call $debug (local.get $x)))
    (block $d (br_if $d (i64.lt_u (local.get $x) (i64.const 2))))
    (block $c (block $b (br_table $b $c $b (i32.const 1))))
    (block $c (block $b (br_table $b $c (i32.const 7))))
    (call $require (i32.const 7))
    (call $output (select (local.get $x) (i64.const 4) (i64.lt_s (local.get $x) (i64.const 0))))
    (call $output (select (i64.const 4) (local.get $x) (i64.lt_s (local.get $x) (i64.const 0))))
    (call $output (select (i64.add (local.get $x) (i64.const 1)) (i64.const 4) (i32.const 1)))
    (call $output (i64.extend_i32_u (memory.size)))",
    "(global.set $g (i64.add (global.get $g) (i64.const 0x1234567890)))
    (i64.store (i32.const 72) (global.get $g)) (call $output (i64.load (i32.const 72)))
    (call $output (call_indirect (type $f) (i64.const 5) (i32.const 1)))
    (table.copy (i32.const 0) (i32.const 1) (i32.const 1))
    (drop (memory.grow (i32.const 9))) (call $output (i64.extend_i32_u (memory.grow (i32.const 1))))",
    "(unreachable)",
    "(call $require (i32.const 0))",
    "(drop (i64.div_s (i64.const 5) (i64.const 0)))",
    "(drop (i64.load (i32.const 65529)))",
    "(drop (call_indirect (type $f) (i64.const 5) (i32.const 0)))",
    "(drop (call_indirect (type $f) (i64.const 5) (i32.const 2)))",
    "(drop (call_indirect (type $f) (i64.const 5) (i32.const 3)))",
];

/// Attacks a table in the runs of some bodies. Whatever it provides is taken to be true: any row that
/// breaks just one item will do. Gives the items that none does.
fn attack(table: &Table, fields: &str, bodies: &[&str]) -> BTreeSet<String> {
    let runs: Vec<_> = bodies.iter().map(|body| Case::new(fields, body).tables()).collect();
    not_needed(&Target::of(&runs, table), |_| true)
}

#[test]
fn the_cpu_needs_every_constraint() {
    let mut found = attack(&Table::Cpu, FIELDS, BODIES);
    // What bounds a single cell: flags are the ROM's, so that each is boolean if the others are;
    // and where the run starts is tested by runs that start elsewhere.
    found.retain(|item| item.contains(", "));
    let tested_by_runs = [
        // Ends, and their status, which is the verifier's and no cell: runs with another one.
        "constraint 105 on [18, 34]",
        "constraint 107 on [7, 37]",
        "constraint 108 on [7, 9]",
        // What a write gives as its offset, of which other tables provide any: stores beside their
        // address.
        "constraint 51 on [18, 41, 58]",
        "constraint 54 on [19, 41, 59]",
        "constraint 57 on [20, 41, 60]",
        "constraint 60 on [21, 41, 61]",
        // The upper limbs of memory's size, which its operand has as well: other sizes.
        "constraint 77 on [39, 59]",
        "constraint 78 on [39, 60, 61]",
        "constraint 97 on [6, 7]",
        "constraint 98 on [6, 7]",
    ];
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), tested_by_runs);
}

#[test]
fn slots_zeros_and_numbers_need_every_constraint() {
    let body = "(i64.store (i32.const 72) (i64.const 5)) (drop (i64.load (i32.const 300)))
        (drop (i64.load (i32.const 72))) (drop (i64.load (i32.const 65528)))";
    let fields = r#"(memory 1) (data (i32.const 80) "abc") (data (i32.const 4000) "def")"#;
    for table in [Table::Slots, Table::Zeros, Table::Split16, Table::Split24] {
        assert_eq!(attack(&table, fields, &[body]), BTreeSet::new(), "{table:?}");
    }
}
