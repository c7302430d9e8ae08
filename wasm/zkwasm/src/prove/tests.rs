mod security;
mod zk;

use std::collections::{BTreeMap, BTreeSet};

use super::config::VERSION;
use super::{Error, Header, Profile, Prover, Statement, tables, verify};
use crate::check::{Balance, check};
use crate::execute::{Inputs, Limits, record};
use crate::program::Program;
use crate::program::isa::Status;

fn prover(text: &str, profile: Profile) -> Prover {
    Prover::new(Program::from_wasm(&wat::parse_str(text).unwrap()).unwrap(), profile).unwrap()
}

fn public(inputs: &[u64]) -> Inputs {
    Inputs { public: inputs.to_vec(), private: vec![] }
}

#[test]
fn fibonacci_is_proven_and_verified() {
    let prover = prover(include_str!("../../tests/fibonacci.wat"), Profile::Fast);
    let (statement, proof) = prover.prove(&public(&[20]), [7; 32], [0; 32]).unwrap();
    assert_eq!((statement.status, &*statement.outputs), (Status::Done, &[6765][..]));
    assert_eq!(verify(&statement, &proof, Profile::Fast), Ok(()));

    let wrong = |change: &dyn Fn(&mut Statement)| {
        let mut other = statement.clone();
        change(&mut other);
        assert_ne!(other, statement);
        assert!(verify(&other, &proof, Profile::Fast).is_err(), "{other:?}");
    };
    wrong(&|s| s.inputs[0] = 21);
    wrong(&|s| s.inputs.push(0));
    wrong(&|s| s.inputs.clear());
    wrong(&|s| s.outputs[0] = 6766);
    wrong(&|s| s.outputs.push(0));
    wrong(&|s| s.outputs.clear());
    wrong(&|s| s.status = Status::Unreachable);
    wrong(&|s| s.binding[31] = 6);
    wrong(&|s| s.image_id[0] ^= 1);

    // The header, then all regions of the proof.
    for at in (0..64).chain((64..proof.len()).step_by(proof.len() / 60)) {
        for bit in [0, 7] {
            let mut bad = proof.clone();
            bad[at] ^= 1 << bit;
            assert!(verify(&statement, &bad, Profile::Fast).is_err(), "byte {at}");
        }
    }
    assert!(verify(&statement, &proof[..proof.len() - 1], Profile::Fast).is_err());
    assert!(verify(&statement, &[&*proof, &[0]].concat(), Profile::Fast).is_err());
    assert_eq!(verify(&statement, &[VERSION + 1, 0], Profile::Fast), Err(Error::Version));
    for length in 0..100 {
        assert_eq!(
            verify(&statement, &[vec![VERSION, 1], vec![0xff; length]].concat(), Profile::Fast),
            Err(Error::Malformed)
        );
    }
}

#[test]
fn a_run_of_every_table_is_proven_and_verified() {
    let prover = prover(include_str!("../../tests/everything.wat"), Profile::Fast);
    let inputs = Inputs { public: vec![1000], private: vec![0x1234_5678_9abc_def0, 77] };
    let (statement, proof) = prover.prove(&inputs, [0; 32], [0; 32]).unwrap();
    let (header, _) = postcard::take_from_bytes::<Header>(&proof[1..]).unwrap();
    assert_eq!(header.present, (1 << tables::optional()) - 1, "{:b}", header.present);
    assert_eq!(verify(&statement, &proof, Profile::Fast), Ok(()));
    // Ends as the interpreter says, by a trap.
    assert_eq!(statement.status, Status::IntegerOverflow);
    assert_eq!(statement.outputs.len(), 4);
    let mut other = statement.clone();
    other.status = Status::DivisionByZero;
    assert!(verify(&other, &proof, Profile::Fast).is_err());
}

/// Else tuples of two widths could stand for each other, as the engine does not tell them apart.
#[test]
fn each_bus_has_one_width() {
    let prover = prover(include_str!("../../tests/everything.wat"), Profile::Fast);
    let inputs = Inputs { public: vec![1000], private: vec![0x1234_5678_9abc_def0, 77] };
    let (outcome, trace) = record(&prover.program, &inputs, Limits::default()).unwrap();
    let Prover { program, fixed, .. } = &prover;
    let (filled, _) =
        tables::fill(program, fixed, &inputs, &outcome, &trace, Profile::Fast.form()).unwrap();
    let mut balance = Balance::new();
    assert!(filled.iter().all(|table| check(table, &mut balance)));
    let mut widths: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (bus, tuple) in balance.into_keys() {
        widths.entry(bus).or_default().insert(tuple.len());
    }
    assert_eq!(widths.len(), 9, "{widths:?}");
    assert!(widths.values().all(|widths| widths.len() == 1), "{widths:?}");
}

#[test]
fn image_ids_tell_programs_apart() {
    let id = |text: &str| prover(text, Profile::Fast).image_id();
    let program = |data: &str, body: &str| {
        format!(
            r#"(module (memory 1) (data (i32.const 8) "{data}") (func (export "zkmain") {body}))"#
        )
    };
    let first = id(&program("a", "nop"));
    assert_eq!(first, id(&program("a", "nop")));
    assert_ne!(first, id(&program("b", "nop")));
    assert_ne!(first, id(&program("a", "unreachable")));
}
