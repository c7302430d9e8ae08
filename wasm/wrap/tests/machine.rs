//! zkWasm's machine: its prover's proofs in the circuit.

use std::sync::LazyLock;

use wrap::machine::Machine;
use zkwasm::{
    execute::Inputs,
    program::Program,
    prove::{
        Statement,
        wrap::{Class, Prover, verify},
    },
};

const TABLE_BITS: usize = 16;

fn prove(text: &str, inputs: &[u64]) -> (Statement, Vec<u8>) {
    let program = Program::from_wasm(&wat::parse_str(text).unwrap()).unwrap();
    let prover = Prover::new(program, Class::Tiny).unwrap();
    prover.prove(&Inputs { public: inputs.to_vec(), private: vec![] }, [7; 32]).unwrap()
}

const FIBONACCI: &str = include_str!("../../zkwasm/tests/fibonacci.wat");

/// A proof, which takes seconds.
static PROVEN: LazyLock<(Statement, Vec<u8>)> = LazyLock::new(|| prove(FIBONACCI, &[10]));

static MACHINE: LazyLock<Machine> = LazyLock::new(|| Machine::new(Class::Tiny).unwrap());

/// Whether the circuit accepts.
fn accepts(statement: &Statement, proof: &[u8]) -> bool {
    MACHINE.tape(statement, proof, TABLE_BITS).is_ok_and(|tape| tape.fault().is_none())
}

#[test]
fn a_run_is_accepted() {
    let (statement, proof) = &*PROVEN;
    assert_eq!(verify(statement, proof), Ok(()));
    let tape = MACHINE.tape(statement, proof, TABLE_BITS).unwrap();
    println!("{:?}", tape.count());
    assert_eq!(tape.fault(), None);
    let fingerprint: String = tape.fingerprint().iter().map(|byte| format!("{byte:02x}")).collect();
    let of_keys = include_str!("../src/keys/tiny.fingerprint").trim();
    assert_eq!(fingerprint, of_keys, "make the keys anew: bun scripts/build/wrap.ts --keys");
}

#[test]
fn a_wrong_statement_is_refused() {
    let (statement, proof) = &*PROVEN;
    let wrong = |change: &dyn Fn(&mut Statement)| {
        let mut other = statement.clone();
        change(&mut other);
        assert_ne!(other, *statement);
        assert!(!accepts(&other, proof), "{other:?}");
    };
    wrong(&|s| s.inputs[0] = 11);
    wrong(&|s| s.inputs.push(0));
    wrong(&|s| s.inputs = vec![10, 55]);
    wrong(&|s| s.outputs[0] = 56);
    wrong(&|s| s.outputs.clear());
    wrong(&|s| s.outputs.push(0));
    wrong(&|s| s.binding[0] ^= 1);
    wrong(&|s| s.binding[31] ^= 1);
    wrong(&|s| s.image_id[31] ^= 1);
}

/// The circuit is the same for both programs: only what it is given differs.
#[test]
fn another_program_has_the_same_circuit_and_another_image_id() {
    let other = prove(
        r#"(module (import "env" "wasm_output" (func $out (param i64)))
            (memory 1) (data (i32.const 8) "x")
            (func (export "zkmain") (call $out (i64.div_u (i64.load (i32.const 8)) (i64.const 3)))))"#,
        &[],
    );
    let (statement, proof) = &*PROVEN;
    let [one, two] = [(statement, proof), (&other.0, &other.1)]
        .map(|(statement, proof)| MACHINE.tape(statement, proof, TABLE_BITS).unwrap());
    assert_eq!((one.fault(), two.fault()), (None, None));
    assert_eq!(one.fingerprint(), two.fingerprint());
    let forged = Statement { image_id: other.0.image_id, ..statement.clone() };
    assert!(!accepts(&forged, proof));
}
