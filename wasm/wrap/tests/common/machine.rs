//! Proofs of zkWasm's machine, of the lowest class.

use std::sync::LazyLock;

use wrap::machine::Machine;
use zkwasm::{
    execute::Inputs,
    program::Program,
    prove::{
        Statement,
        wrap::{Class, Prover},
    },
};

pub const TABLE_BITS: usize = 16;

pub const FIBONACCI: &str = include_str!("../../../zkwasm/tests/fibonacci.wat");

/// Takes seconds.
pub fn prove(class: Class, text: &str, inputs: &[u64]) -> (Statement, Vec<u8>) {
    let program = Program::from_wasm(&wat::parse_str(text).unwrap()).unwrap();
    let prover = Prover::new(program, class).unwrap();
    prover.prove(&Inputs { public: inputs.to_vec(), private: vec![] }, [7; 32]).unwrap()
}

pub static PROVEN: LazyLock<(Statement, Vec<u8>)> =
    LazyLock::new(|| prove(Class::Tiny, FIBONACCI, &[10]));

pub static MACHINE: LazyLock<Machine> = LazyLock::new(|| Machine::new(Class::Tiny).unwrap());

/// Whether the circuit accepts.
pub fn accepts(statement: &Statement, proof: &[u8]) -> bool {
    MACHINE.tape(statement, proof, TABLE_BITS).is_ok_and(|tape| tape.fault().is_none())
}
