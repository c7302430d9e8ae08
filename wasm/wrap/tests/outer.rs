//! Proofs of the circuit itself.

mod common;

use common::toy;
use halo2_axiom::halo2curves::{bn256::Fr, ff::Field as _};
use wrap::outer::{Keys, unsafe_test_setup};

#[test]
fn one_set_of_keys_proves_and_verifies_all_proofs_of_a_shape() {
    let run = toy::prove(toy::PARAMETERS, 1, 1);
    let shape = run.shape();
    let tape = run.tape(&shape, 12).expect("the proof has the shape");
    let keys = Keys::new(unsafe_test_setup(14), &tape).expect("it fits");
    let other = toy::prove(toy::PARAMETERS, 7, 99).tape(&shape, 12).expect("it has the shape");
    let instance = other.instance();
    let proof = keys.prove(&other).expect("it holds");
    println!("{:?}: {} bytes", keys.size, proof.len());
    assert!(keys.verifies(&instance, &proof));
    assert!(!keys.verifies(&tape.instance(), &proof), "of another proof");
    for i in 0..instance.len() {
        let mut changed = instance.clone();
        changed[i] += Fr::ONE;
        assert!(!keys.verifies(&changed, &proof), "public value {i}");
    }
    for place in (0..proof.len()).step_by(61) {
        let mut changed = proof.clone();
        changed[place] ^= 1;
        assert!(!keys.verifies(&instance, &changed), "byte {place}");
    }
    let mut false_claim = other;
    false_claim.base[0] += Fr::ONE;
    assert!(keys.prove(&false_claim).is_err());
}
