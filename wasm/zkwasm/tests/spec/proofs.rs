//! Asserts proven and verified in full: a run of several calls, the last of which may trap, for each
//! operation and each kind of trap.

use std::collections::{BTreeMap, BTreeSet};

use wasmparser::{Operator, Parser, Payload};
use zkwasm::execute::{Inputs, Limits, record};
use zkwasm::program::isa::{Instr, Op, Status};
use zkwasm::program::{Image, Program};
use zkwasm::prove::{Profile, Prover, verify};

/// Calls of one program are one run up to so many instructions.
const ROWS: u64 = 4000;

/// A run of calls from a state, which gives their results as outputs.
#[derive(Clone)]
struct Batch {
    program: Program,
    expected: Vec<u64>,
    calls: u32,
    rows: u64,
}

/// What a run shows to be proven: instructions of either form, and how it ends.
type Shown = BTreeSet<String>;

/// A call of a function, and what it gave.
pub struct Call<'a> {
    pub function: u32,
    pub arguments: &'a [u64],
    pub status: Status,
    pub results: &'a [u64],
    pub rows: u64,
    /// The function's instructions, if it has no control flow.
    pub straight: Option<&'a Shown>,
}

/// Runs that together show all that was seen.
#[derive(Default)]
pub struct Proofs {
    open: Option<Batch>,
    shown: Shown,
    batches: Vec<(Batch, Status, Shown)>,
    seen: Shown,
}

impl Proofs {
    /// Notes a call. `image` is the state before it.
    pub fn note(&mut self, program: &Program, image: &Image, call: &Call<'_>) {
        let Call { function, arguments, status, results, rows, straight } = *call;
        if self.open.as_ref().is_some_and(|batch| batch.rows + rows > ROWS) {
            self.close(Status::Done);
        }
        let mut batch = self.open.take().unwrap_or_else(|| Batch {
            program: Program {
                image: image.clone(),
                entry: program.code.len() as u32,
                ..program.clone()
            },
            expected: vec![],
            calls: 0,
            rows: 0,
        });
        let entry = batch.program.entry;
        batch.program = batch.program.call(function, arguments, batch.program.image.clone());
        batch.program.entry = entry;
        batch.program.code.pop();
        if status == Status::Done {
            for slot in 0..results.len() as u32 {
                let output = Instr { op: Op::Output, rd: 0, rs1: None, rs2: Some(slot), imm: 0 };
                batch.program.code.push(output);
            }
            batch.expected.extend(results);
            self.shown.extend(straight.into_iter().flatten().cloned());
        }
        batch.calls += 1;
        batch.rows += rows;
        self.open = Some(batch);
        if status != Status::Done {
            self.close(status);
        }
    }

    /// Ends the run, as what follows starts from another state.
    pub fn close(&mut self, status: Status) {
        let mut shown = std::mem::take(&mut self.shown);
        let Some(mut batch) = self.open.take() else { return };
        batch.program.code.push(Instr { op: Op::Halt, rd: 0, rs1: None, rs2: None, imm: 0 });
        let limits = Limits { rows: 1 << 17, ..Limits::default() };
        let Ok((outcome, trace)) = record(&batch.program, &Inputs::default(), limits) else {
            return;
        };
        assert_eq!((outcome.status, &outcome.outputs), (status, &batch.expected));
        let ops: BTreeSet<Op> =
            trace.rows.iter().map(|row| batch.program.code[row.pc as usize].op).collect();
        shown.extend(ops.iter().map(|op| format!("{op:?}")));
        shown.insert(format!("{status:?}"));
        if !shown.is_subset(&self.seen) {
            self.seen.extend(shown.iter().cloned());
            self.batches.push((batch, status, shown));
        }
    }

    /// Proves runs until all that was seen is shown by one; gives what was, and how many calls.
    pub fn prove(mut self) -> (Shown, u32) {
        let (mut proven, mut calls) = (Shown::new(), 0);
        while proven != self.seen {
            let new = |(batch, _, shown): &(Batch, Status, Shown)| {
                shown.difference(&proven).count() as f64 / (1000 + batch.rows) as f64
            };
            let best = self.batches.iter().map(new).enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
            let (batch, status, shown) = self.batches.swap_remove(best.expect("runs are left").0);
            let prover =
                Prover::new(batch.program, Profile::Fast).expect("a program of few instructions");
            let (statement, proof) = prover
                .prove(&Inputs::default(), [1; 32], [2; 32])
                .expect("a run that can be proven");
            assert_eq!((statement.status, &statement.outputs), (status, &batch.expected));
            assert_eq!(verify(&statement, &proof, Profile::Fast), Ok(()));
            proven.extend(shown);
            calls += batch.calls;
            println!("{} calls, {} instructions, {status:?}: proven", batch.calls, batch.rows);
        }
        (proven, calls)
    }
}

/// The instructions of each exported function that has no control flow, so that a call runs all.
pub fn straight(wasm: &[u8]) -> BTreeMap<String, Shown> {
    let (mut imported, mut exports, mut bodies) = (0, vec![], vec![]);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.expect("the module was loaded") {
            Payload::ImportSection(section) => {
                let imports = section.into_imports().map(|import| import.expect("valid").ty);
                imported += imports.filter(|ty| matches!(ty, wasmparser::TypeRef::Func(_))).count();
            }
            Payload::ExportSection(section) => {
                exports.extend(section.into_iter().map(|export| export.expect("valid")));
            }
            Payload::CodeSectionEntry(body) => {
                let operators = body.get_operators_reader().expect("valid").into_iter();
                bodies.push(operators.map(|operator| operator.expect("valid")).collect::<Vec<_>>());
            }
            _ => {}
        }
    }
    let mut straight = BTreeMap::new();
    for export in exports.iter().filter(|export| export.kind == wasmparser::ExternalKind::Func) {
        let body = (export.index as usize).checked_sub(imported).map(|index| &bodies[index]);
        let Some(body) = body.filter(|body| body.iter().all(|operator| !branches(operator))) else {
            continue;
        };
        let name = |operator: &Operator<'_>| {
            format!("{operator:?}").split([' ', '{']).next().expect("a name").to_owned()
        };
        straight.insert(export.name.to_owned(), body.iter().map(name).collect());
    }
    straight
}

fn branches(operator: &Operator<'_>) -> bool {
    use Operator as W;
    matches!(
        operator,
        W::Loop { .. }
            | W::If { .. }
            | W::Br { .. }
            | W::BrIf { .. }
            | W::BrTable { .. }
            | W::Return
            | W::Call { .. }
            | W::CallIndirect { .. }
            | W::Unreachable
    )
}
