use std::sync::LazyLock;
use std::time::Instant;

use p3_bn254::Bn254;
use p3_field::PrimeCharacteristicRing;

use super::statement::{MAX_IO, WORDS, bytes_of, element, words};
use super::{Class, PROFILE, Prover, verify};
use crate::execute::{ExecuteError, Inputs};
use crate::program::Program;
use crate::program::isa::Status;
use crate::prove::config::VERSION;
use crate::prove::{Error, Statement};

fn prover(text: &str, class: Class) -> Result<Prover, Error> {
    Prover::new(Program::from_wasm(&wat::parse_str(text).unwrap()).unwrap(), class)
}

fn fibonacci() -> Prover {
    prover(include_str!("../../../tests/fibonacci.wat"), Class::Tiny).unwrap()
}

fn public(inputs: &[u64]) -> Inputs {
    Inputs { public: inputs.to_vec(), private: vec![] }
}

/// A proof, which takes seconds.
static PROVEN: LazyLock<(Statement, Vec<u8>)> =
    LazyLock::new(|| fibonacci().prove(&public(&[10]), [7; 32]).unwrap());

#[test]
fn a_run_is_proven_and_verified() {
    let (statement, proof) = &*PROVEN;
    assert_eq!((statement.status, &*statement.outputs), (Status::Done, &[55][..]));
    assert_eq!(verify(statement, proof), Ok(()));
}

#[test]
fn a_wrong_statement_is_refused() {
    let (statement, proof) = &*PROVEN;
    let wrong = |change: &dyn Fn(&mut Statement)| {
        let mut other = statement.clone();
        change(&mut other);
        assert_ne!(other, *statement);
        assert!(verify(&other, proof).is_err(), "{other:?}");
    };
    wrong(&|s| s.inputs[0] = 11);
    wrong(&|s| s.inputs.push(0));
    wrong(&|s| s.inputs.clear());
    wrong(&|s| s.inputs = vec![10, 55]);
    wrong(&|s| s.outputs[0] = 56);
    wrong(&|s| s.outputs.push(0));
    wrong(&|s| s.outputs.clear());
    wrong(&|s| s.status = Status::Unreachable);
    for at in 0..32 {
        wrong(&|s| s.binding[at] ^= 1);
        wrong(&|s| s.image_id[at] ^= 1);
    }
}

#[test]
fn changed_bytes_are_refused() {
    let (statement, proof) = &*PROVEN;
    // The version, the profile and the key, then all regions of the proof.
    for at in (0..64).chain((64..proof.len()).step_by(proof.len() / 60)) {
        for bit in [0, 7] {
            let mut bad = proof.clone();
            bad[at] ^= 1 << bit;
            assert!(verify(statement, &bad).is_err(), "byte {at}");
        }
    }
    assert!(verify(statement, &proof[..proof.len() - 1]).is_err());
    assert!(verify(statement, &[&**proof, &[0]].concat()).is_err());
    assert_eq!(verify(statement, &[VERSION + 1, PROFILE]), Err(Error::Version));
    assert_eq!(verify(statement, &[VERSION, 1]), Err(Error::Profile));
    for length in 0..100 {
        let bytes = [vec![VERSION, PROFILE], vec![0xff; length]].concat();
        assert_eq!(verify(statement, &bytes), Err(Error::Malformed));
    }
}

/// One circuit takes all proofs of a class: none has a part more than another.
#[test]
fn proofs_of_all_programs_are_equally_long() {
    let shape = |proof: &[u8]| {
        let (_, rest) = postcard::take_from_bytes::<super::Key>(&proof[2..]).unwrap();
        rest.len()
    };
    let other = prover(
        r#"(module (import "env" "wasm_output" (func $out (param i64)))
            (memory 1) (data (i32.const 8) "x")
            (func (export "zkmain") (call $out (i64.div_u (i64.load (i32.const 8)) (i64.const 3)))))"#,
        Class::Tiny,
    );
    let (statement, proof) = other.unwrap().prove(&public(&[]), [0; 32]).unwrap();
    assert_eq!(statement.outputs, [40]);
    assert_eq!(verify(&statement, &proof), Ok(()));
    // Paths are pruned where they meet, and numbers have no fixed length.
    let [one, other] = [&PROVEN.1, &proof].map(|proof| shape(proof));
    assert!(one.abs_diff(other) < one / 20, "{one} {other}");
}

#[test]
fn what_a_class_has_no_room_for_is_refused() {
    let long = fibonacci().prove(&public(&[80]), [0; 32]);
    assert_eq!(long.err(), Some(Error::Execute(ExecuteError::Rows(256))));
    let many = vec![1; MAX_IO + 1];
    assert_eq!(fibonacci().prove(&public(&many), [0; 32]).err(), Some(Error::Io));
    let data = "x".repeat(2_048);
    let large =
        format!(r#"(module (memory 1) (data (i32.const 0) "{data}") (func (export "zkmain")))"#);
    assert!(matches!(prover(&large, Class::Tiny), Err(Error::Height)));
    assert!(prover(&large, Class::Small).is_ok());
}

/// Run in release mode, it tells what a proof costs.
#[test]
#[ignore = "takes a minute"]
fn a_run_of_the_small_class_is_proven_and_verified() {
    let prover = prover(include_str!("../../../tests/fibonacci.wat"), Class::Small).unwrap();
    let began = Instant::now();
    let (statement, proof) = prover.prove(&public(&[250]), [7; 32]).unwrap();
    println!("{:?}, {} bytes", began.elapsed(), proof.len());
    assert_eq!(verify(&statement, &proof), Ok(()));
}

#[test]
fn words_tell_statements_apart() {
    let statement = |inputs: &[u64], outputs: &[u64]| Statement {
        image_id: bytes_of(Bn254::TWO),
        status: Status::Done,
        inputs: inputs.to_vec(),
        outputs: outputs.to_vec(),
        binding: [0xff; 32],
    };
    let of = |inputs: &[u64], outputs: &[u64]| words(&statement(inputs, outputs), Class::Small);
    let all = [
        of(&[], &[]),
        of(&[0], &[]),
        of(&[], &[0]),
        of(&[1], &[2]),
        of(&[1, 2], &[]),
        of(&[2], &[1]),
        of(&[1, 2, 3], &[u64::MAX]),
        of(&[], &[u64::MAX; MAX_IO]),
        words(&statement(&[], &[]), Class::Medium),
    ];
    for (at, one) in all.iter().enumerate() {
        assert!(all[..at].iter().all(|other| other != one), "{at}");
    }
    assert_eq!(all[8][1], Bn254::TWO);
    assert_eq!(all[0][2], Bn254::new([u64::MAX, u64::MAX, 0, 0]));
}

/// `contracts/test/ZkWasmAdapter.t.sol` has the same.
#[test]
fn words_are_those_of_the_contract() {
    let statement = Statement {
        image_id: bytes_of(Bn254::from_u64(0x1234)),
        status: Status::Done,
        inputs: vec![1, u64::MAX],
        outputs: vec![2, 3, 4, 5],
        binding: std::array::from_fn(|at| at as u8),
    };
    let mut expected = [Bn254::ZERO; WORDS];
    let limbs: [[u64; 4]; 6] = [
        [0x04_02_00_0c_08, 0, 0, 0],
        [0x1234, 0, 0, 0],
        [0x0809_0a0b_0c0d_0e0f, 0x0001_0203_0405_0607, 0, 0],
        [0x1819_1a1b_1c1d_1e1f, 0x1011_1213_1415_1617, 0, 0],
        [1, u64::MAX, 2, 0],
        [3, 4, 5, 0],
    ];
    expected[..6].copy_from_slice(&limbs.map(Bn254::new));
    assert_eq!(words(&statement, Class::Small), expected);
}

#[test]
fn image_ids_are_elements() {
    assert_eq!(element(&bytes_of(Bn254::NEG_ONE)), Some(Bn254::NEG_ONE));
    // The order itself, and all above.
    let mut order = bytes_of(Bn254::NEG_ONE);
    order[31] += 1;
    assert_eq!(element(&order), None);
    assert_eq!(element(&[0xff; 32]), None);
}
