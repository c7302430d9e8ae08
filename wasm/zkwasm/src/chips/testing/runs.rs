//! Tests of whole runs.

use std::collections::HashMap;

use p3_field::{Field, PrimeCharacteristicRing, PrimeField32};

use super::truth::{is_fixed, is_true};
use crate::buses::{AND4, MEMORY, ONES, RANGE8, RANGE16, RANGE24, RESULTS, ROM};
use crate::check::{Balance, Counted, check};
use crate::chips::{Filled, Table, Val};
use crate::execute::trace::{Access, Row, Space, Trace};
use crate::execute::{Inputs, Limits, Outcome, record};
use crate::program::Program;
use crate::program::isa::Op;
use crate::prove::Profile;
use crate::prove::tables::{fill, fixed_cells};

/// A recorded run of a guest.
pub struct Case {
    pub program: Program,
    pub inputs: Inputs,
    pub outcome: Outcome,
    pub trace: Trace,
}

impl Case {
    /// Of a guest with the host functions, whose entry has this body; `fields` are more of its
    /// module.
    pub fn new(fields: &str, body: &str) -> Case {
        let text = format!(
            r#"(module (import "env" "wasm_input" (func $input (param i32) (result i64)))
        (import "env" "wasm_output" (func $output (param i64)))
        (import "env" "require" (func $require (param i32)))
        (import "env" "wasm_dbg" (func $debug (param i64)))
        {fields}
        (func $double (param i64) (result i64) (i64.add (local.get 0) (local.get 0)))
        (func $deep (call $deep))
        (func (export "zkmain") (local $x i64) {body}))"#
        );
        let program = Program::from_wasm(&wat::parse_str(text).unwrap()).unwrap();
        let inputs = Inputs { public: vec![5, 0x1_2345_6789], private: vec![3] };
        let (outcome, trace) = record(&program, &inputs, Limits::default()).unwrap();
        Case { program, inputs, outcome, trace }
    }

    /// The filled tables.
    pub fn tables(&self) -> Vec<Filled> {
        let form = Profile::Fast.form();
        let fixed = fixed_cells(&self.program, form);
        fill(&self.program, &fixed, &self.inputs, &self.outcome, &self.trace, form).unwrap().0
    }

    /// Indices of the rows of an operation.
    pub fn rows(&self, op: Op) -> impl Iterator<Item = usize> {
        let is = move |row: &Row| self.program.code[row.pc as usize].op == op;
        (0..self.trace.rows.len()).filter(move |index| is(&self.trace.rows[*index]))
    }
}

/// Whether the tables of a run that follow its program could be part of a proof, if every other
/// table were filled to suit them: their constraints hold, what they ask of fixed tables and of
/// arithmetic is there, and each cell starts as the program says and is passed on from access to
/// access.
pub fn run_holds(tables: &[Filled]) -> bool {
    let mut balance = Balance::new();
    let mut fixed = Balance::new();
    for filled in tables {
        match filled.table {
            Table::Cpu | Table::Linear | Table::Word | Table::Cell | Table::Grow
                if !check(filled, &mut balance) =>
            {
                return false;
            }
            Table::Rom(_) | Table::Io(_) | Table::Image(_) => {
                check(filled, &mut fixed);
            }
            _ => {}
        }
    }
    let mut cells: HashMap<[Val; 2], Vec<Counted>> = HashMap::new();
    for ((bus, tuple), count) in balance.into_iter().filter(|(_, count)| !count.is_zero()) {
        let granted = match bus.as_str() {
            RANGE24 | RANGE16 | RANGE8 | ONES | AND4 => is_fixed(&bus, &tuple),
            RESULTS if is_true(&tuple) == Some(true) => true,
            MEMORY => {
                cells.entry([tuple[0], tuple[1]]).or_default().push((tuple, count));
                true
            }
            ROM | RESULTS => fixed.contains_key(&(bus, tuple)),
            _ => false,
        };
        if !granted {
            return false;
        }
    }
    cells.into_values().all(|mut ends| {
        ends.sort_by_key(|(_, count)| count.as_canonical_u32());
        let [(start, Val::ONE), (_, last)] = &ends[..] else { return false };
        let zero = start[2..].iter().all(Val::is_zero);
        let space = start[0].as_canonical_u32();
        let in_image = fixed.keys().any(|(bus, tuple)| bus == MEMORY && tuple[..2] == start[..2]);
        let fresh = zero && !in_image && space <= Space::Linear as u32;
        let given = start[2].is_zero() && fixed.contains_key(&(MEMORY.to_owned(), start.clone()));
        (fresh || given) && *last == -Val::ONE
    })
}

/// What a prover may make up of an access to linear memory.
pub const ACCESS_LIES: [fn(&mut Access); 4] = [
    // A read of something else, or of a cell that nobody wrote.
    |access| (access.old, access.new) = (access.old ^ 1, access.new ^ 1),
    |access| access.new ^= 1 << 63,
    |access| access.old ^= 1,
    |access| access.cell += 1,
];

/// The tables that [`run_holds`] looks at.
pub fn essential(mut tables: Vec<Filled>) -> Vec<Filled> {
    use Table::{Cell, Cpu, Grow, Image, Io, Linear, Rom, Word};
    tables.retain(|filled| {
        matches!(filled.table, Cpu | Linear | Word | Cell | Grow | Rom(_) | Io(_) | Image(_))
    });
    tables
}

/// Whether a run does not hold once a cell of one of its tables is changed.
pub fn refuses(tables: &mut [Filled], table: usize, cell: usize, delta: i32) -> bool {
    let good = tables[table].cells.values[cell];
    tables[table].cells.values[cell] += Val::from_i32(delta);
    let holds = run_holds(tables);
    tables[table].cells.values[cell] = good;
    !holds
}
