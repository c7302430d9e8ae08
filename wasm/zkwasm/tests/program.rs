//! Guests as text, run to their outcome.

use zkwasm::execute::{ExecuteError, Inputs, Limits, execute, record};
use zkwasm::program::Program;
use zkwasm::program::isa::Status;
use zkwasm::program::load::LoadError;

const FIBONACCI: &str = include_str!("fibonacci.wat");

fn program(text: &str) -> Result<Program, LoadError> {
    Program::from_wasm(&wat::parse_str(text).expect("the text is well formed"))
}

fn status(body: &str) -> Status {
    let text = format!(
        r#"(module (import "env" "require" (func $require (param i32)))
        (import "env" "abort" (func $abort (param i32 i32 i32 i32)))
        (memory 1) (table 2 funcref) (elem (i32.const 1) $f) (type $void (func))
        (func $f (param i32)) (func $deep (call $deep)) (func (export "zkmain") {body}))"#
    );
    execute(&program(&text).unwrap(), &Inputs::default(), Limits::default()).unwrap().status
}

#[test]
fn fibonacci_runs_and_its_trace_agrees() {
    let program = program(FIBONACCI).unwrap();
    let inputs = Inputs { public: vec![50], private: vec![] };
    let (outcome, trace) = record(&program, &inputs, Limits::default()).unwrap();
    assert_eq!((outcome.status, &*outcome.outputs), (Status::Done, &[12_586_269_025][..]));
    assert_eq!(outcome, execute(&program, &inputs, Limits::default()).unwrap());
    assert_eq!(trace.rows.len() as u64, outcome.rows);
    for pair in trace.rows.windows(2) {
        assert_eq!((pair[0].next_pc, pair[0].next_fp), (pair[1].pc, pair[1].fp));
    }
}

#[test]
fn every_trap_has_its_status() {
    for (body, expected) in [
        ("nop", Status::Done),
        ("unreachable", Status::Unreachable),
        ("(drop (i32.load (i32.const 65533)))", Status::MemoryOutOfBounds),
        ("(memory.fill (i32.const 65530) (i32.const 1) (i32.const 7))", Status::MemoryOutOfBounds),
        ("(drop (i32.div_s (i32.const 1) (i32.const 0)))", Status::DivisionByZero),
        ("(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", Status::IntegerOverflow),
        ("(call_indirect (type $void) (i32.const 2))", Status::UndefinedElement),
        ("(call_indirect (type $void) (i32.const 0))", Status::NullElement),
        ("(call_indirect (type $void) (i32.const 1))", Status::SignatureMismatch),
        ("(call $deep)", Status::StackExhausted),
        ("(table.copy (i32.const 1) (i32.const 0) (i32.const 2))", Status::TableOutOfBounds),
        ("(call $require (i32.const 0))", Status::RequireFailed),
        ("(call $abort (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))", Status::Aborted),
    ] {
        assert_eq!(status(body), expected, "{body}");
    }
}

#[test]
fn limits_and_missing_inputs_are_errors() {
    let program = program(FIBONACCI).unwrap();
    let none = execute(&program, &Inputs::default(), Limits::default());
    assert_eq!(none, Err(ExecuteError::InputMissing { public: true }));
    let inputs = Inputs { public: vec![1 << 40], private: vec![] };
    let limits = Limits { rows: 1000, ..Limits::default() };
    assert_eq!(execute(&program, &inputs, limits), Err(ExecuteError::Rows(1000)));
}

#[test]
fn floats_load_but_do_not_run() {
    let text = r#"(module (func (param f64) (result f64) (f64.add (local.get 0) (f64.const 1)))
        (func (export "zkmain")))"#;
    let outcome = execute(&program(text).unwrap(), &Inputs::default(), Limits::default());
    assert_eq!(outcome.unwrap().status, Status::Done);
    let text = r#"(module (func (export "zkmain") (drop (f64.sqrt (f64.const 2)))))"#;
    let outcome = execute(&program(text).unwrap(), &Inputs::default(), Limits::default());
    assert!(matches!(outcome, Err(ExecuteError::Float(_))));
}

#[test]
fn what_is_not_supported_is_named() {
    let import = r#"(module (import "env" "clock" (func)) (func (export "zkmain")))"#;
    assert_eq!(program(import).unwrap_err(), LoadError::Import("env.clock".to_owned()));
    assert!(matches!(program("(module)"), Err(LoadError::Entry(_))));
    for (text, name) in [
        ("(module (func (drop (v128.const i64x2 0 0))))", "SIMD"),
        ("(module (memory i64 1))", "memory64"),
        ("(module (memory 1) (memory 1))", "multi"),
        ("(module (memory 1 1 shared))", "threads"),
        ("(module (tag))", "exceptions"),
    ] {
        let Err(LoadError::Invalid(error)) = program(text) else { panic!("{text} loads") };
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn types_are_limited() {
    let module = |count: usize| {
        let types = "(type (func (param i32)))".repeat(count);
        format!(r#"(module {types} (func (export "zkmain")))"#)
    };
    assert!(program(&module(65_534)).is_ok());
    assert!(matches!(program(&module(65_535)), Err(LoadError::Unsupported(_))));
}

#[test]
fn translation_is_as_recorded() {
    let text = program(FIBONACCI).unwrap().disassembly();
    assert_eq!(text, include_str!("fibonacci.txt"), "{text}");
}
