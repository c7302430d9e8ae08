//! zkWasm's machine: its prover's proofs in the circuit.

mod common;

use common::machine::{FIBONACCI, MACHINE, PROVEN, TABLE_BITS, accepts, prove};
use wrap::machine::Machine;
use zkwasm::{
    program::isa::Status,
    prove::{
        Statement,
        wrap::{Class, verify},
    },
};

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
        Class::Tiny,
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

/// A run that fails is proven as one that does, and as no other.
#[test]
fn a_run_that_fails_is_accepted_as_such() {
    let trap = r#"(module (func (export "zkmain") unreachable))"#;
    let (statement, proof) = prove(Class::Tiny, trap, &[]);
    assert_eq!((statement.status, verify(&statement, &proof)), (Status::Unreachable, Ok(())));
    let tape = MACHINE.tape(&statement, &proof, TABLE_BITS).unwrap();
    assert_eq!(tape.fault(), None);
    for status in [Status::Done, Status::StackExhausted] {
        let other = Statement { status, ..statement.clone() };
        assert!(verify(&other, &proof).is_err() && !accepts(&other, &proof), "{status:?}");
    }
}

#[test]
#[ignore = "takes minutes"]
fn proofs_of_higher_classes_have_the_same_circuit() {
    for class in [Class::Small, Class::Medium] {
        let machine = Machine::new(class).unwrap();
        let trap = r#"(module (func (export "zkmain") unreachable))"#;
        let fingerprints = [(FIBONACCI, &[200][..]), (trap, &[])].map(|(text, inputs)| {
            let (statement, proof) = prove(class, text, inputs);
            let tape = machine.tape(&statement, &proof, TABLE_BITS).unwrap();
            assert_eq!(tape.fault(), None);
            tape.fingerprint()
        });
        assert_eq!(fingerprints[0], fingerprints[1], "{class:?}");
    }
}
